// The service's metadata.
#pragma once
#include <string>

#include "base/task.hpp"
#include "runtime/session.hpp"

namespace libbcda::runtime {

// Asks for the CapabilityStatement, which is JSON. Needs no token (BCDA guide, "BCDA Metadata"). Throws Error{REFUSED,
// PROTOCOL, NETWORK, ...}.
Task<> ask_metadata(Session& session, std::string& metadata);

}  // namespace libbcda::runtime
