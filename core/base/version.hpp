// The version of the library. The build checks that the project and bcda.h have the same version.
#pragma once

namespace libbcda {
inline constexpr const char* kVersion = "0.2.0";
}
