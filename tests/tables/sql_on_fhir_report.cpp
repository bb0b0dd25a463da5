// Runs the suites of a directory and writes the report of the SQL on FHIR standard (test-report.schema.json):
// sql_on_fhir DIRECTORY [REPORT.json]
#include <filesystem>
#include <fstream>
#include <iostream>

#include "base/json.hpp"
#include "tables/sql_on_fhir.hpp"

namespace {

using namespace libbcda;

struct Counts {
  int passed[2] = {}, all[2] = {};  // shareable, experimental
};

json::array run(const std::string& path, Counts& counts) {
  json::array tests;
  for (const test::SuiteTest& each : test::run_suite(path)) {
    const bool passed = each.failure.empty();
    ++counts.all[each.experimental];
    counts.passed[each.experimental] += passed;
    json::object result{{"passed", passed}};
    if (!passed) {
      result["error"] = each.failure;
      std::cerr << path << ": " << each.title << ": " << each.failure << "\n";
    }
    tests.push_back(json::object{{"name", each.title}, {"result", result}});
  }
  return tests;
}

}  // namespace

int main(int count, char** arguments) try {
  if (count < 2 || count > 3) {
    std::cerr << "sql_on_fhir DIRECTORY [REPORT.json]\n";
    return 2;
  }
  Counts counts;
  json::object report;
  for (const std::string& path : test::suites_in(arguments[1]))
    report[std::filesystem::path(path).filename().string()] = json::object{{"tests", run(path, counts)}};
  if (count == 3) std::ofstream(arguments[2]) << json::serialize(report) << "\n";
  std::cout << "SQL on FHIR: " << counts.passed[0] << " of " << counts.all[0] << " shareable and " << counts.passed[1]
            << " of " << counts.all[1] << " experimental tests passed\n";
  const int all = counts.all[0] + counts.all[1];
  return all > 0 && counts.passed[0] + counts.passed[1] == all ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << "sql_on_fhir: " << error.what() << "\n";
  return 1;
}
