#include <gtest/gtest.h>

#include <filesystem>

#include "tables/sql_on_fhir.hpp"

namespace libbcda::test {
namespace {

class Suites : public testing::TestWithParam<std::string> {};

TEST_P(Suites, Pass) {
  for (const SuiteTest& test : run_suite(GetParam())) EXPECT_EQ(test.failure, "") << test.title;
}

std::string name_of(const testing::TestParamInfo<std::string>& info) {
  return std::filesystem::path(info.param).stem().string();
}

INSTANTIATE_TEST_SUITE_P(SqlOnFhir, Suites, testing::ValuesIn(suites_in(BCDA_TABLE_TESTS "/sql_on_fhir")), name_of);
INSTANTIATE_TEST_SUITE_P(Ours, Suites, testing::ValuesIn(suites_in(BCDA_TABLE_TESTS "/suites")), name_of);

}  // namespace
}  // namespace libbcda::test
