// The bytes of a request.
#pragma once
#include <string>

#include "http/message.hpp"

namespace libbcda::http {

// Holds the request's credentials. Throws Error{PROTOCOL, INVALID_ARGUMENT} when a part of the request cannot be sent.
std::string request_text(const Request& request, const std::string& user_agent);

}  // namespace libbcda::http
