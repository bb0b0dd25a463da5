// The requests that an export would begin with, for a caller who wants to see them before anything is sent.
#pragma once
#include "base/json.hpp"
#include "runtime/session.hpp"

namespace libbcda::runtime {

// Objects with purpose, method, url, headers and body. Credentials are replaced by "***". They may be missing: then the
// plan is what can be said without them. Throws Error{INVALID_ARGUMENT} for the settings of the kick-off, as the start
// of the export would.
json::array describe_plan(Session& session, const Settings& settings);

}  // namespace libbcda::runtime
