// Local file names, made from a server's names, which are never trusted.
#pragma once
#include <array>
#include <string>
#include <string_view>

#include "bulk/manifest.hpp"

namespace libbcda::transfer {

// Returns "Patient.dbbd1ce1-….ndjson" for a file of type Patient whose URL ends in "dbbd1ce1-….ndjson". A type that
// does not have 1 to 64 letters becomes "Unknown". A name is replaced by a hash of `url` in three cases: it does not
// have 1 to 200 characters of [A-Za-z0-9._-], it starts with a dot, or it is too long for a file system.
std::string local_name(std::string_view type, std::string_view server_name, std::string_view url);

// The possible names of a file of a manifest. The second one is used if another file has the first one.
std::array<std::string, 2> local_names(const bulk::Entry& entry);

std::string safe_type(std::string_view type);

}  // namespace libbcda::transfer
