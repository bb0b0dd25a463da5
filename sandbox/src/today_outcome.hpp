// The errors of the service of today. Each version of its interface writes an OperationOutcome in its own form.
#pragma once
#include <string>

#include "message.hpp"

namespace libbcda::sandbox::today {

// `version` is 1, 2 or 3. Paths without a version use the form of version 1.
std::string outcome(int version, const std::string& code, const std::string& diagnostics = "");

Response refusal(int version, int status, const std::string& diagnostics = "");

}  // namespace libbcda::sandbox::today
