// Serializes a request.
#pragma once
#include <string>

#include "http/message.hpp"

namespace libbcda::http {

// Returns the bytes of a request, which include its credentials. Throws Error{PROTOCOL, INVALID_ARGUMENT} if a part of
// the request cannot be sent.
std::string request_text(const Request& request, const std::string& user_agent);

}  // namespace libbcda::http
