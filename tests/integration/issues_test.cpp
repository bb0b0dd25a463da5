// The issues of error files that a scripted service sends.
#include <gtest/gtest.h>

#include <fstream>
#include <optional>

#include "integration/scripted_service.hpp"

namespace bcda_test {
namespace {

constexpr const char* kName = "JANE DOE 1EG4-TE5-MK73";

std::string outcome(const std::string& severity, const std::string& code) {
  return R"({"resourceType":"OperationOutcome","issue":[{"severity":")" + severity + R"(","code":")" + code +
         R"(","diagnostics":")" + kName + "\"}]}\n";
}

class Issues : public testing::Test {
 protected:
  // Exports one data file and error files with these contents.
  bcda::Result export_with(const std::vector<std::string>& errors, const bcda::Sink* sink = nullptr) {
    errors_ = errors;
    service_.emplace([this](int) { return manifest(); },
                     [this](const std::string& target) {
                       return sized(target.find("/e") == target.npos ? "{\"resourceType\":\"Patient\"}\n"
                                                                     : errors_.at(target.back() - '0'));
                     });
    bcda::Client client(config_for(*service_));
    bcda::Run run = sink ? client.start_export({}, *sink) : client.start_export({{"out", out_}});
    last_ = follow(run);
    EXPECT_EQ(last_.status, BCDA_OK) << last_.message;
    return run.result();
  }
  std::string manifest() const {
    std::string listed;
    for (std::size_t i = 0; i < errors_.size(); ++i)
      listed += std::string(i ? "," : "") + R"({"type":"OperationOutcome","url":")" + service_->url() + "/e" +
                std::to_string(i) + "\"}";
    return R"({"transactionTime":"2019-09-20T14:47:33Z","request":"r","requiresAccessToken":true,"output":[)"
           R"({"type":"Patient","url":")" +
           service_->url() + R"(/p"}],"error":[)" + listed + "]}";
  }
  static std::string shown(const bcda::Result& result) {
    std::string text;
    for (std::int32_t i = 0; i < result.issue_count(); ++i) {
      const bcda::Issue issue = result.issue(i);
      text += std::to_string(issue.count()) + " " + issue.severity() + "|" + issue.code() + "\n";
    }
    return text;
  }

  TempDir dir_;
  std::string out_ = dir_ / "out";
  std::vector<std::string> errors_;
  std::optional<ScriptedService> service_;
  Outcome last_;
};

TEST_F(Issues, AnErrorMakesTheResultPartialAndItsTextIsInNothingElse) {
  const bcda::Result result =
      export_with({outcome("warning", "informational"), outcome("error", "exception") + outcome("error", "exception")});
  EXPECT_TRUE(result.partial());
  EXPECT_TRUE(last_.said(BCDA_EVENT_WARNING, "the result is partial"));
  EXPECT_EQ(shown(result), "1 warning|informational\n2 error|exception\n");
  EXPECT_EQ(result.issue(1).text(), kName);
  EXPECT_NE(result.issue(0).file(), result.issue(1).file());
  EXPECT_EQ(read(result.issue(1).file()), errors_[1]);
  std::string said = result.json() + read(out_ + "/export.json") + read(out_ + "/log.ndjson");
  for (const std::string& line : last_.json) said += line;
  EXPECT_EQ(said.find("JANE"), std::string::npos) << said;
  EXPECT_NE(said.find(R"("issues":{"error":2,"warning":1})"), std::string::npos) << said;

  const bcda::Result opened = bcda::Result::open(out_);
  EXPECT_TRUE(opened.partial());
  EXPECT_EQ(shown(opened), shown(result));
  EXPECT_EQ(opened.issue(1).text(), kName);
}

TEST_F(Issues, ALineThatIsNoOutcomeIsAnError) {
  const bcda::Result result = export_with({outcome("information", "x") + "{}\n{not json}\n"});
  EXPECT_TRUE(result.partial());
  EXPECT_EQ(shown(result), "1 information|x\n1 error|unreadable\n1 error|unreadable\n");  // for two reasons
}

TEST_F(Issues, InformationAloneIsNotPartial) {
  const bcda::Result result = export_with({outcome("information", "x"), outcome("success", "x")});
  EXPECT_FALSE(result.partial());
  EXPECT_EQ(shown(result), "1 information|x\n1 success|x\n");
}

TEST_F(Issues, OfASinkAreReadWhileTheFilePasses) {
  struct Nothing : bcda::SinkFile {
    void write(std::string_view) override {}
    void commit(std::int64_t, const std::string&) override {}
    void abort() override {}
  };
  const bcda::Sink sink([](const std::string&, const std::string&) { return std::make_unique<Nothing>(); });
  const bcda::Result result = export_with({outcome("fatal", "exception")}, &sink);
  EXPECT_TRUE(result.partial());
  EXPECT_EQ(shown(result), "1 fatal|exception\n");
  EXPECT_EQ(result.issue(0).text(), kName);
}

TEST_F(Issues, OfAFileThatIsThereAlreadyAreReadFromTheDisk) {
  export_with({outcome("error", "exception")});
  const int downloads = service_->downloads();
  bcda::Client client(config_for(*service_));
  bcda::Run run = client.start_fetch(manifest(), {{"out", out_}});
  ASSERT_EQ(follow(run).status, BCDA_OK);
  EXPECT_EQ(service_->downloads(), downloads);
  const bcda::Result result = run.result();
  EXPECT_TRUE(result.partial());
  EXPECT_EQ(shown(result), "1 error|exception\n");
  EXPECT_NE(read(out_ + "/export.json").find(R"("issues":{"error":1})"), std::string::npos);
}

TEST_F(Issues, OfAFileThatHasChangedAreNotTrusted) {
  export_with({outcome("warning", "informational")});
  const bcda::Result before = bcda::Result::open(out_);
  ASSERT_EQ(before.issue_count(), 1);
  std::ofstream(before.issue(0).file()) << outcome("warning", "something-else");
  EXPECT_EQ(shown(bcda::Result::open(out_)), "1 error|unreadable\n");
  EXPECT_EQ(shown(before), "1 warning|informational\n");  // it was read before
}

// The receipt of an earlier version has no counts.
TEST_F(Issues, OfAnOlderReceiptAreReadFromTheFiles) {
  export_with({outcome("error", "exception")});
  std::string receipt = read(out_ + "/export.json");
  const std::string counts = R"(,"issues":{"error":1})";
  ASSERT_NE(receipt.find(counts), std::string::npos);
  receipt.erase(receipt.find(counts), counts.size());
  EXPECT_TRUE(bcda::Result::open(out_, receipt).partial());
  EXPECT_TRUE(bcda::Result::open("/nowhere", receipt).partial());
}

}  // namespace
}  // namespace bcda_test
