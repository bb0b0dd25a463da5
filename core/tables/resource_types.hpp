// The types of resources that FHIR has.
#pragma once
#include <string>
#include <string_view>

namespace libbcda::tables {

// Whether STU3, R4 or R5 has this type.
bool is_resource_type(std::string_view name);

// What is wrong with a name that is none, with a similar one.
std::string unknown_resource_type(std::string_view name);

}  // namespace libbcda::tables
