// The version of the library; the build checks that it is the project's and bcda.h's.
#pragma once

namespace libbcda {
inline constexpr const char* kVersion = "0.2.0";
}
