// Whole exports from the service of today, BCDA v1, v2 and v3.
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>

#include "integration/scripted_server.hpp"
#include "integration/support.hpp"

namespace bcda_test {
namespace {

class Today : public testing::TestWithParam<const char*> {
 protected:
  bcda::Sandbox sandbox_ = quick_sandbox({{"profile", GetParam()}});
  TempDir dir_;
};

TEST_P(Today, OneJobExportsAllTypesInPlaintextAndGzipProvesTheFiles) {
  Outcome outcome = export_to(quick_config(sandbox_), dir_ / "out");
  ASSERT_EQ(outcome.status, BCDA_OK) << outcome.message;
  EXPECT_EQ(sandbox_.request_count("POST /auth/token"), 1);
  const std::string version = GetParam() + std::string("bcda-").size();
  EXPECT_EQ(sandbox_.request_count("GET /api/" + version + "/Group/all/$export"), 1);
  const bcda::Result opened = bcda::Result::open(dir_ / "out");
  std::set<std::string> types;
  for (const bcda::File file : opened) {
    EXPECT_EQ(file.is_error(), file.type() == "OperationOutcome");  // v3 always lists one
    if (!file.is_error()) types.insert(std::string(file.type()));
    EXPECT_FALSE(file.decrypted());
    EXPECT_GT(file.records(), 0);
    EXPECT_TRUE(fs::exists(file.path()));
  }
  EXPECT_EQ(types, (std::set<std::string>{"Patient", "Coverage", "ExplanationOfBenefit"}));
  const std::string receipt(opened.json());
  EXPECT_NE(receipt.find("\"proof\":\"gzip\""), std::string::npos) << receipt;
  EXPECT_EQ(receipt.find("\"confirmed\""), std::string::npos) << receipt;
}

// v3 lists a file of warnings with each job. Nothing is missing then.
TEST_P(Today, WarningsDoNotMakeAResultPartial) {
  bcda::Client client(quick_config(sandbox_));
  bcda::Run run = client.start_export({{"out", dir_ / "out"}});
  ASSERT_EQ(follow(run).status, BCDA_OK);
  const bcda::Result result = run.result(), opened = bcda::Result::open(dir_ / "out");
  const bool is_v3 = GetParam() == std::string("bcda-v3");
  for (const bcda::Result* one : {&result, &opened}) {
    EXPECT_FALSE(one->partial());
    ASSERT_EQ(one->issue_count(), is_v3 ? 1 : 0);
    EXPECT_EQ(one->json().find(R"("issues":{"warning":)") != std::string::npos, is_v3);
    if (!is_v3) continue;
    EXPECT_EQ(one->issue(0).severity(), "warning");
    EXPECT_FALSE(one->issue(0).text().empty());
    EXPECT_EQ(one->json().find(one->issue(0).text()), std::string::npos);
    EXPECT_GT(one->issue(0).count(), 0);
    EXPECT_TRUE(fs::exists(one->issue(0).file())) << one->issue(0).file();
    EXPECT_THROW(one->issue(1), std::out_of_range);
  }
}

TEST_P(Today, TypesAreOneListInOneKickOff) {
  Outcome outcome = export_to(quick_config(sandbox_).set("types", "Patient,Coverage"), dir_ / "out");
  ASSERT_EQ(outcome.status, BCDA_OK) << outcome.message;
  const std::string version = GetParam() + std::string("bcda-").size();
  EXPECT_EQ(sandbox_.request_count("GET /api/" + version + "/Group/all/$export"), 1);
  for (const bcda::File file : bcda::Result::open(dir_ / "out")) EXPECT_NE(file.type(), "ExplanationOfBenefit");
}

// The same files, whether they travel packed or not.
TEST_P(Today, WithoutGzipTheFilesAreTheSame) {
  const std::string path = dir_ / "profile.json";
  std::ofstream(path) << R"({"gzip": false})";
  bcda::Config plain = quick_config(sandbox_);
  plain.set("profile_file", path);
  Outcome packed = export_to(quick_config(sandbox_), dir_ / "packed"), as_is = export_to(plain, dir_ / "as_is");
  ASSERT_EQ(packed.status, BCDA_OK) << packed.message;
  ASSERT_EQ(as_is.status, BCDA_OK) << as_is.message;
  const auto digests = [](const bcda::Result& result) {
    std::multiset<std::string> all;
    for (const bcda::File file : result) all.insert(std::string(file.sha256()));
    return all;
  };
  EXPECT_EQ(digests(bcda::Result::open(dir_ / "packed")), digests(bcda::Result::open(dir_ / "as_is")));
}

INSTANTIATE_TEST_SUITE_P(EachVersion, Today, testing::Values("bcda-v1", "bcda-v2", "bcda-v3"),
                         [](const auto& info) { return std::string(info.param).substr(5); });

TEST(TodayPlan, ShowsTheRequestsAndNoSecret) {
  const bcda::Client client({{"url", "https://api.bcda.cms.gov"}, {"client_id", "id"}, {"client_secret", "s3cr3t"}});
  const std::string plan = client.plan({{"types", "Patient"}});
  EXPECT_NE(plan.find("https://api.bcda.cms.gov/auth/token"), std::string::npos);
  EXPECT_NE(plan.find("https://api.bcda.cms.gov/api/v3/Group/all/$export?_type=Patient"), std::string::npos);
  EXPECT_NE(plan.find("Basic ***"), std::string::npos);
  EXPECT_EQ(plan.find("s3cr3t"), std::string::npos);
  EXPECT_EQ(plan.find("czNjcjN0"), std::string::npos);
  EXPECT_NE(std::string(client.profile()).find("\"name\":\"bcda-v3\""), std::string::npos);
}

TEST(TodayAuth, ATokenThatWasRefusedIsNotSentAgain) {
  std::atomic<int> requests{0};
  ScriptedServer server([&](const std::string&) {
    ++requests;
    return std::string("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
  });
  TempDir dir;
  const bcda::Config config{
      {"url", server.url() + "/api/v3"}, {"access_token", "s3cr3t.token"}, {"retry_delay", "1ms"}};
  Outcome outcome = export_to(config, dir / "out");
  EXPECT_EQ(outcome.status, BCDA_AUTHENTICATION);
  EXPECT_NE(outcome.message.find("access_token"), std::string::npos) << outcome.message;
  EXPECT_EQ(outcome.message.find("s3cr3t"), std::string::npos);
  EXPECT_EQ(requests, 1);
}

}  // namespace
}  // namespace bcda_test
