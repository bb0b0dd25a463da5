// The default prefixes of faults, and the requests that they stand for.
#pragma once
#include "faults.hpp"

namespace libbcda::sandbox {

inline constexpr const char* kFiles = "GET /data/";
inline constexpr const char* kStatus = "GET /api/v1/jobs/";
inline constexpr const char* kKickOffs = "GET /api/v1/";
inline constexpr const char* kTokens = "POST /auth/token";

// What a request ("METHOD /path?query") is, at any of the services.
bool is_status_request(std::string_view request);
bool is_kick_off(std::string_view request);
bool is_token_request(std::string_view request);

}  // namespace libbcda::sandbox
