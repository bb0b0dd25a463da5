// Local file names from what a server says, which is never trusted.
#pragma once
#include <string>
#include <string_view>

namespace libbcda::transfer {

// "Patient.dbbd1ce1-….ndjson" for a file of type Patient whose URL ends in "dbbd1ce1-….ndjson".
// A type that is not 1 to 64 letters becomes "Unknown"; a name that is not 1 to 200 of [A-Za-z0-9._-], begins with a
// dot or is too long for a file system becomes a hash of `url`.
std::string local_name(std::string_view type, std::string_view server_name, std::string_view url);

std::string safe_type(std::string_view type);

}  // namespace libbcda::transfer
