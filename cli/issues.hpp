// What the error files of an export say.
#pragma once
#include <bcda/bcda.hpp>

namespace cli {

// Whether an error file has an issue of the severity error or fatal, so that resources are missing. Also true if an
// issue cannot be understood. False if the files hold warnings and information alone, as one file of each BCDA v3 job
// does.
bool says_something_is_missing(const bcda::Result& result);

}  // namespace cli
