// Synthetic resources of the service of today: STU3 in version 1, R4 in versions 2 and 3.
#pragma once
#include <cstdint>
#include <string>

namespace libbcda::sandbox::today {

struct Person {
  int version;
  std::uint64_t seed;
  std::int64_t number;
};

// The lines of one person in a file of this type.
std::string lines_of(const Person& person, const std::string& type);

// The line of an error file for a person whose records cannot be retrieved.
std::string error_line(const Person& person, const std::string& type, const std::string& organization);

}  // namespace libbcda::sandbox::today
