// What to do about failures that several parts of the engine report.
#pragma once

namespace libbcda {

inline constexpr const char* kMoreFiles = "raise the limit of open files (ulimit -n)";

}  // namespace libbcda
