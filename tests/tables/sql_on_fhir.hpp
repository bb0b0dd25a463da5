// Runs suites in the format of the SQL on FHIR tests: a file has resources, views, and the rows that each must make.
#pragma once
#include <string>
#include <vector>

namespace libbcda::test {

struct SuiteTest {
  std::string title;
  bool experimental = false;
  std::string failure;  // "": passed
};

// The tests of one file. Throws std::runtime_error if it is no suite.
std::vector<SuiteTest> run_suite(const std::string& path);

// The suites of a directory, by name: each *.json but schemas.
std::vector<std::string> suites_in(const std::string& directory);

}  // namespace libbcda::test
