// Whole exports against the sandbox, over TLS: what an export leaves, and what it refuses to change.
#include <sys/stat.h>

#include "integration/support.hpp"

namespace bcda_test {
namespace {

using bcda::Config;

TEST(Export, BringsEveryTypeDecryptedAndVerified) {
  bcda::Sandbox sandbox = quick_sandbox();
  TempDir dir;
  std::string out = dir / "claims";
  bcda::Client client(quick_config(sandbox));
  bcda::Run run = client.start_export({{"out", out}});
  Outcome outcome = follow(run);
  ASSERT_EQ(outcome.status, BCDA_OK) << outcome.message;

  bcda::Result result = run.result();
  std::map<std::string, std::int64_t> records;
  for (const bcda::File& file : result) {
    std::string bytes = read(file.path());
    EXPECT_EQ(static_cast<std::int64_t>(bytes.size()), file.bytes());
    EXPECT_EQ(sha256(bytes), file.sha256());
    EXPECT_TRUE(file.decrypted());
    EXPECT_FALSE(file.is_error());
    struct stat info {};
    ASSERT_EQ(stat(file.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u);
    bcda::Reader reader(file.path());
    std::int64_t lines = 0;
    for (std::string_view record : reader) {
      EXPECT_NE(record.find("\"resourceType\":\"" + file.type() + "\""), std::string_view::npos);
      ++lines;
    }
    EXPECT_EQ(lines, file.records());
    records[file.type()] += lines;
  }
  EXPECT_EQ(result.size(), 9);  // three files for each type, with 25, 25 and 10 beneficiaries
  EXPECT_EQ(records["Patient"], 60);
  EXPECT_EQ(records["Coverage"], 180);
  EXPECT_GE(records["ExplanationOfBenefit"], 60);
  EXPECT_FALSE(fs::exists(out + "/.bcda"));
  EXPECT_NE(result.transaction_time(), "");
  EXPECT_EQ(result.json(), read(out + "/export.json"));
  EXPECT_EQ(visible_files(out).size(), 11u);
}

TEST(Export, ReportsEventsInOrder) {
  bcda::Sandbox sandbox = quick_sandbox({{"job_time", "60ms"}});
  TempDir dir;
  Outcome outcome = export_to(quick_config(sandbox).set("types", "Patient"), dir / "out");
  ASSERT_EQ(outcome.status, BCDA_OK) << outcome.message;
  std::vector<std::string> states;
  for (const bcda::Event& event : outcome.events)
    if (event.kind() == BCDA_EVENT_STATE) states.push_back(event.text());
  EXPECT_EQ(states, (std::vector<std::string>{"authenticating", "kick-off", "waiting", "downloading", "finished"}));
  EXPECT_TRUE(outcome.said(BCDA_EVENT_JOB));
  EXPECT_TRUE(outcome.said(BCDA_EVENT_POLL, "In Progress"));
  EXPECT_TRUE(outcome.said(BCDA_EVENT_MANIFEST));
  EXPECT_TRUE(outcome.said(BCDA_EVENT_FILE));
  EXPECT_EQ(outcome.events.back().kind(), BCDA_EVENT_FINISHED);
  for (const bcda::Event& event : outcome.events)
    if (event.kind() == BCDA_EVENT_PROGRESS && event.bytes_total() >= 0) {
      EXPECT_LE(event.bytes_done(), event.bytes_total());
    }
}

TEST(Export, WritesTheSharedClientLog) {
  bcda::Sandbox sandbox = quick_sandbox();
  TempDir dir;
  std::string out = dir / "out";
  ASSERT_EQ(export_to(quick_config(sandbox).set("types", "Patient"), out).status, BCDA_OK);
  std::string log = read(out + "/log.ndjson");
  for (const char* event :
       {"kickoff", "status_complete", "manifest_complete", "download_request", "download_complete", "export_complete"})
    EXPECT_NE(log.find(std::string("\"eventId\":\"") + event + "\""), std::string::npos) << event;
}

TEST(Export, NoOutputOrMessageContainsASecret) {
  bcda::Sandbox sandbox = quick_sandbox();
  TempDir dir;
  std::string out = dir / "out";
  Outcome outcome = export_to(quick_config(sandbox), out);
  ASSERT_EQ(outcome.status, BCDA_OK);
  std::string said = read(out + "/log.ndjson") + read(out + "/export.json");
  for (const std::string& line : outcome.json) said += line;
  EXPECT_EQ(said.find(sandbox.client_secret()), std::string::npos);
  EXPECT_EQ(said.find("Bearer"), std::string::npos);
  EXPECT_EQ(said.find("eyJ"), std::string::npos);  // the start of every JWT
}

TEST(Export, ErrorFilesComeInTheirOwnDirectory) {
  for (const char* era : {"oct2019", "nov2018"}) {
    bcda::Sandbox sandbox = quick_sandbox({{"era", era}, {"error_rate", "0.1"}});
    TempDir dir;
    std::string out = dir / "out";
    bcda::Client client(quick_config(sandbox).set("types", "Patient"));
    bcda::Run run = client.start_export({{"out", out}});
    Outcome outcome = follow(run);
    ASSERT_EQ(outcome.status, BCDA_OK) << era << ": " << outcome.message;
    bcda::Result result = run.result();
    ASSERT_GT(result.error_files(), 0) << era;
    for (const bcda::File& file : result) {
      if (!file.is_error()) continue;
      EXPECT_EQ(file.type(), "OperationOutcome");
      EXPECT_EQ(file.path().rfind(out + "/error/OperationOutcome.", 0), 0u) << file.path();
      EXPECT_EQ(file.decrypted(), std::string(era) == "nov2018");
      EXPECT_NE(read(file.path()).find("OperationOutcome"), std::string::npos);
    }
    EXPECT_TRUE(result.partial());
    ASSERT_GT(result.issue_count(), 0);
    EXPECT_EQ(result.issue(0).severity(), "error");  // the service writes "Error"
    EXPECT_EQ(result.issue(0).code(), "Exception");
    EXPECT_EQ(result.issue(0).text().rfind("Error retrieving ", 0), 0u);
  }
}

TEST(Export, PlaintextDataNeedsAllowPlaintext) {
  bcda::Sandbox sandbox = quick_sandbox({{"era", "nov2019-off"}});
  TempDir dir;
  Outcome refused = export_to(quick_config(sandbox).set("types", "Patient"), dir / "refused");
  EXPECT_EQ(refused.status, BCDA_VERIFICATION);
  EXPECT_NE(refused.message.find("allow_plaintext"), std::string::npos);
  EXPECT_TRUE(data_files(dir / "refused").empty());
  Outcome allowed =
      export_to(quick_config(sandbox).set("types", "Patient").set("allow_plaintext", "true"), dir / "allowed");
  EXPECT_EQ(allowed.status, BCDA_OK) << allowed.message;
  EXPECT_EQ(data_files(dir / "allowed").size(), 3u);
}

TEST(Export, WithoutAKeyIsRefusedBeforeTheKickOff) {
  bcda::Sandbox sandbox = quick_sandbox();
  TempDir dir;
  Outcome outcome =
      export_to(quick_config(sandbox).set("private_key", nullptr).set("profile", "bcda-2019"), dir / "out");
  EXPECT_EQ(outcome.status, BCDA_PRIVATE_KEY);
  EXPECT_EQ(sandbox.request_count("GET /api"), 0);
  EXPECT_FALSE(fs::exists(dir / "out"));
}

TEST(Export, LeavesAFinishedExportAlone) {
  bcda::Sandbox sandbox = quick_sandbox();
  TempDir dir;
  std::string out = dir / "out";
  ASSERT_EQ(export_to(quick_config(sandbox), out).status, BCDA_OK);
  auto before = visible_files(out);
  Outcome again = export_to(quick_config(sandbox), out);
  EXPECT_EQ(again.status, BCDA_FILESYSTEM);
  EXPECT_NE(again.message.find("finished export"), std::string::npos);
  EXPECT_EQ(visible_files(out), before);
  EXPECT_FALSE(fs::exists(out + "/.bcda"));
}

class FailedExport : public testing::Test {
 protected:
  void SetUp() override {
    config_.set("types", "Patient");
    const Outcome failed = export_to(config_, out_);
    ASSERT_EQ(failed.status, BCDA_DECRYPTION);
    EXPECT_NE(failed.message.find("1 of 3 files failed"), std::string::npos) << failed.message;
    ASSERT_EQ(data_files(out_).size(), 2u);  // the other files are complete
    EXPECT_FALSE(fs::exists(out_ + "/export.json"));
    EXPECT_TRUE(fs::exists(out_ + "/.bcda/journal.ndjson"));
    sandbox_.control("fault", "none");
  }

  bcda::Sandbox sandbox_ = quick_sandbox({{"fault", "flip:count=1"}});
  TempDir dir_;
  std::string out_ = dir_ / "out";
  Config config_ = quick_config(sandbox_);
};

TEST_F(FailedExport, IsGoneOnWithByTheSameSettings) {
  const auto before = data_files(out_);
  const Outcome again = export_to(config_, out_);
  EXPECT_EQ(again.status, BCDA_OK) << again.message;
  EXPECT_EQ(data_files(out_).size(), 3u);
  const auto after = data_files(out_);
  for (const auto& file : before) EXPECT_NE(std::find(after.begin(), after.end(), file), after.end()) << file;
  EXPECT_FALSE(fs::exists(out_ + "/.bcda"));
}

TEST_F(FailedExport, IsRefusedWithOtherSettings) {
  const Outcome refused = export_to(config_.set("types", "Coverage"), out_);
  EXPECT_EQ(refused.status, BCDA_FILESYSTEM);
  EXPECT_NE(refused.message.find(R"(types (then ["Patient"], now ["Coverage"]))"), std::string::npos)
      << refused.message;
  EXPECT_EQ(data_files(out_).size(), 2u);
}

TEST_F(FailedExport, CanBeRestarted) {
  const Outcome again = export_to(config_.set("restart", "true"), out_);
  EXPECT_EQ(again.status, BCDA_OK) << again.message;
  EXPECT_EQ(data_files(out_).size(), 3u);
}

TEST(Export, RefusesAnOutputThatIsAFileAndOneInUse) {
  bcda::Sandbox sandbox = quick_sandbox({{"job_time", "10s"}});
  TempDir dir;
  std::ofstream(dir / "file") << "mine";
  EXPECT_EQ(export_to(quick_config(sandbox), dir / "file").status, BCDA_FILESYSTEM);
  EXPECT_EQ(read(dir / "file"), "mine");
  EXPECT_EQ(export_to(quick_config(sandbox), dir / "no/such/parent").status, BCDA_FILESYSTEM);

  bcda::Client client(quick_config(sandbox));
  bcda::Run first = client.start_export({{"out", dir / "busy"}});
  Outcome second = export_to(quick_config(sandbox), dir / "busy");
  EXPECT_EQ(second.status, BCDA_FILESYSTEM);
  EXPECT_NE(second.message.find("in use"), std::string::npos) << second.message;
}

TEST(Export, NothingRemainsOfAnExportThatDidNotStart) {
  bcda::Sandbox sandbox = quick_sandbox();
  TempDir dir;
  Outcome outcome = export_to(quick_config(sandbox).set("client_secret", "wrong"), dir / "out");
  EXPECT_EQ(outcome.status, BCDA_AUTHENTICATION);
  EXPECT_FALSE(fs::exists(dir / "out"));
}

TEST(Export, AnExistingFileIsNotReplaced) {
  bcda::Sandbox sandbox = quick_sandbox();
  TempDir dir;
  bcda::Client client(quick_config(sandbox).set("types", "Patient"));
  bcda::Run manifest_run = client.start_manifest();
  ASSERT_EQ(follow(manifest_run).status, BCDA_OK);
  std::string manifest = manifest_run.result().manifest();
  bcda::Run first = client.start_fetch(manifest, {{"out", dir / "out"}});
  ASSERT_EQ(follow(first).status, BCDA_OK);
  auto files = data_files(dir / "out");
  ASSERT_EQ(files.size(), 3u);
  std::ofstream(dir / ("out/" + files[0])) << "mine";
  bcda::Run second = client.start_fetch(manifest, {{"out", dir / "out"}});
  Outcome outcome = follow(second);
  EXPECT_EQ(outcome.status, BCDA_FILESYSTEM);
  EXPECT_EQ(read(dir / ("out/" + files[0])), "mine");
}

TEST(Export, ManyAtOnceShareAClientAndOneToken) {
  bcda::Sandbox sandbox = quick_sandbox();
  TempDir dir;
  bcda::Client client(quick_config(sandbox).set("parallel", 8));
  std::vector<bcda::Run> runs;
  for (int i = 0; i < 6; ++i) runs.push_back(client.start_export({{"out", dir / std::to_string(i)}}));
  for (bcda::Run& run : runs) EXPECT_EQ(follow(run).status, BCDA_OK);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(data_files(dir / std::to_string(i)).size(), 9u);
  EXPECT_EQ(sandbox.request_count("POST /auth/token"), 1);
}

TEST(Export, PlainHttpOnLoopbackWorksToo) {
  bcda::Sandbox sandbox = quick_sandbox({{"tls", "false"}});
  TempDir dir;
  EXPECT_EQ(export_to(quick_config(sandbox), dir / "out").status, BCDA_OK);
}

}  // namespace
}  // namespace bcda_test
