// --dry-run: the requests of an export as text.
#pragma once
#include <bcda/bcda.hpp>

namespace cli {

// Prints the requests that an export or a manifest run would begin with. Nothing is sent. Returns the exit code.
int print_plan(const bcda::Client& client, bool as_json);

}  // namespace cli
