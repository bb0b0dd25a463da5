// Synthetic resources of the service of today: STU3 in version 1, R4 in versions 2 and 3.
#pragma once
#include <cstdint>
#include <string>

#include "clock.hpp"

namespace libbcda::sandbox::today {

struct Person {
  int version;
  std::uint64_t seed;
  std::int64_t number;
  Time asked{};            // when the job was created
  std::int64_t cycle = 0;  // the records change once in this number of days; 0: never
};

std::string id_of(const Person& person);

// The lastUpdated of a person's records of this type: a function of the seed, and with a cycle also of `asked`.
Time last_updated(const Person& person, const std::string& type);

// The lines of one person in a file of this type.
std::string lines_of(const Person& person, const std::string& type);

// The line of a file of deleted resources.
std::string deleted_line(const Person& person, const std::string& type);

// The line before the records of a person in a file that is organized by persons.
std::string header_line(const Person& person);

// The line of an error file for a person whose records cannot be retrieved.
std::string error_line(const Person& person, const std::string& type, const std::string& organization);

}  // namespace libbcda::sandbox::today
