// Gzip members, as the service of today stores and sends them.
#pragma once
#include <string>
#include <string_view>

namespace libbcda::sandbox {

std::string gzip_member(std::string_view plain);
std::string gunzip(std::string_view packed);  // of one member or several

// The 23 bytes of an empty member. The service appends them to a stored file.
std::string_view empty_gzip_member();

}  // namespace libbcda::sandbox
