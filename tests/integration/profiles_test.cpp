// Whole exports from each server that the sandbox emulates, with nothing but what the sandbox hands out.
#include <gtest/gtest.h>

#include <algorithm>

#include "integration/support.hpp"

namespace bcda_test {
namespace {

std::int64_t records_in(const std::string& directory) {
  std::int64_t records = 0;
  for (const bcda::File file : bcda::Result::open(directory)) records += file.is_error() ? 0 : file.records();
  return records;
}

class EachServer : public testing::TestWithParam<const char*> {
 protected:
  bcda::Sandbox sandbox_ = quick_sandbox({{"profile", GetParam()}, {"status_retry_after", "0"}});
  TempDir dir_;
};

TEST_P(EachServer, NeedsNothingButTheSandboxesSettings) {
  const Outcome outcome = export_to(quick_config(sandbox_), dir_ / "out");
  ASSERT_EQ(outcome.status, BCDA_OK) << outcome.message;
  EXPECT_GT(records_in(dir_ / "out"), 0);
}

// Without HAPI, which ignores _since at the level of patients.
class Incremental : public EachServer {};

TEST_P(Incremental, SinceGivesFewerRecords) {
  ASSERT_EQ(export_to(quick_config(sandbox_), dir_ / "all").status, BCDA_OK);
  const Outcome outcome = export_to(quick_config(sandbox_).set("since", "2026-04-20T00:00:00Z"), dir_ / "some");
  ASSERT_EQ(outcome.status, BCDA_OK) << outcome.message;
  EXPECT_GT(records_in(dir_ / "some"), 0);
  EXPECT_LT(records_in(dir_ / "some"), records_in(dir_ / "all"));
}

INSTANTIATE_TEST_SUITE_P(Servers, EachServer, testing::Values("generic", "hapi", "ab2d", "dpc"),
                         [](const auto& each) { return std::string(each.param); });

INSTANTIATE_TEST_SUITE_P(Servers, Incremental, testing::Values("generic", "ab2d", "dpc", "bcda-v2", "bcda-v3"),
                         [](const auto& each) {
                           std::string name = each.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(SandboxLogin, WorksWithBothAlgorithms) {
  for (const char* algorithm : {"RS384", "ES384"}) {
    const bcda::Sandbox sandbox = quick_sandbox({{"profile", "generic"}, {"signing_algorithm", algorithm}});
    TempDir dir;
    const Outcome outcome = export_to(quick_config(sandbox), dir / "out");
    EXPECT_EQ(outcome.status, BCDA_OK) << algorithm << ": " << outcome.message;
    EXPECT_EQ(sandbox.request_count("POST /auth/token"), 1);
  }
}

TEST(SandboxLogin, ASecondTryUsesTheServersClock) {
  const bcda::Sandbox sandbox = quick_sandbox({{"profile", "generic"}, {"clock", "1h"}});
  TempDir dir;
  const Outcome outcome = export_to(quick_config(sandbox), dir / "out");
  EXPECT_EQ(outcome.status, BCDA_OK) << outcome.message;
  EXPECT_EQ(sandbox.request_count("POST /auth/token"), 2);
}

TEST(SandboxSignedUrls, AreFetchedWithoutTheToken) {
  const bcda::Sandbox sandbox = quick_sandbox({{"profile", "generic"}, {"signed_urls", "1h"}});
  TempDir dir;
  const Outcome outcome = export_to(quick_config(sandbox), dir / "out");
  ASSERT_EQ(outcome.status, BCDA_OK) << outcome.message;
  EXPECT_GT(records_in(dir / "out"), 0);
}

}  // namespace
}  // namespace bcda_test
