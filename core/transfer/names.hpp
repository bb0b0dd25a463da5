// Local file names from what a server says, which is never trusted.
#pragma once
#include <array>
#include <string>
#include <string_view>

#include "bulk/manifest.hpp"

namespace libbcda::transfer {

// "Patient.dbbd1ce1-….ndjson" for a file of type Patient whose URL ends in "dbbd1ce1-….ndjson".
// A type that is not 1 to 64 letters becomes "Unknown"; a name that is not 1 to 200 of [A-Za-z0-9._-], begins with a
// dot or is too long for a file system becomes a hash of `url`.
std::string local_name(std::string_view type, std::string_view server_name, std::string_view url);

// The names that a file of a manifest may get: the second one when another file has the first.
std::array<std::string, 2> local_names(const bulk::Entry& entry);

std::string safe_type(std::string_view type);

}  // namespace libbcda::transfer
