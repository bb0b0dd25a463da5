// Fetching the files of a manifest, also repeatedly.
#include <thread>

#include "integration/scripted_service.hpp"

namespace bcda_test {
namespace {

class Fetch : public testing::Test {
 protected:
  std::string manifest(const char* types = "Patient") {
    bcda::Run jobs = client_.start_manifest({{"types", types}});
    EXPECT_EQ(follow(jobs).status, BCDA_OK);
    return jobs.result().manifest();
  }
  Outcome fetch(const std::string& manifest, const std::string& out, const std::string& file = "") {
    try {
      bcda::Run run = client_.start_fetch(manifest, {{"out", out}}, file);
      return follow(run);
    } catch (const bcda::Error& error) {
      Outcome outcome;
      outcome.status = error.status();
      outcome.message = error.what();
      return outcome;
    }
  }
  int downloads() const { return static_cast<int>(sandbox_.request_count("GET /data")); }

  bcda::Sandbox sandbox_ = quick_sandbox();
  bcda::Client client_{quick_config(sandbox_)};
  TempDir dir_;
  std::string out_ = dir_ / "out";
};

TEST_F(Fetch, LeavesAReceiptThatCanBeOpened) {
  ASSERT_EQ(fetch(manifest(), out_).status, BCDA_OK);
  const bcda::Result result = bcda::Result::open(out_);
  EXPECT_EQ(result.size(), 3);
  EXPECT_EQ(result[0].type(), "Patient");
  EXPECT_TRUE(fs::exists(result[0].path()));
  EXPECT_FALSE(fs::exists(out_ + "/.bcda"));
}

TEST_F(Fetch, AgainDownloadsOnlyTheMissingFiles) {
  const std::string wanted = manifest();
  ASSERT_EQ(fetch(wanted, out_).status, BCDA_OK);
  fs::remove(bcda::Result::open(out_)[1].path());
  const int before = downloads();
  Outcome again = fetch(wanted, out_);
  EXPECT_EQ(again.status, BCDA_OK) << again.message;
  EXPECT_EQ(downloads(), before + 1);
  EXPECT_EQ(data_files(out_).size(), 3u);
  EXPECT_EQ(bcda::Result::open(out_).size(), 3);
}

// A worker thread reads the earlier files, and the cancel comes from other threads: ThreadSanitizer looks at the two.
TEST_F(Fetch, MayBeCanceledWhileItReadsEarlierFiles) {
  const std::string wanted = manifest("Patient,Coverage");
  ASSERT_EQ(fetch(wanted, out_).status, BCDA_OK);
  const int before = downloads();
  for (int round = 0; round < 20; ++round) {
    bcda::Run run = client_.start_fetch(wanted, {{"out", out_}});
    std::this_thread::sleep_for(std::chrono::milliseconds(round));
    run.cancel();
    const Outcome outcome = follow(run);
    EXPECT_TRUE(outcome.status == BCDA_OK || outcome.status == BCDA_CANCELED) << outcome.message;
  }
  EXPECT_EQ(fetch(wanted, out_).status, BCDA_OK);
  EXPECT_EQ(downloads(), before);
}

// The README recommends this after a failure.
TEST_F(Fetch, ContinuesWhereAFailedExportEnded) {
  sandbox_.control("fault", "status=403:count=1:on=GET /data");
  bcda::Run run = client_.start_export({{"out", out_}, {"types", "Patient,Coverage"}});
  Outcome outcome = follow(run);
  ASSERT_EQ(outcome.status, BCDA_REFUSED);
  EXPECT_EQ(data_files(out_).size(), 5u);
  const std::string listed = run.result().manifest();
  const int before = downloads();
  Outcome rest = fetch(listed, out_);
  EXPECT_EQ(rest.status, BCDA_OK) << rest.message;
  EXPECT_EQ(downloads(), before + 1);
  EXPECT_EQ(bcda::Result::open(out_).size(), 6);
  EXPECT_FALSE(fs::exists(out_ + "/.bcda"));
}

TEST_F(Fetch, AfterAFailureContinuesWhereItEnded) {
  const std::string wanted = manifest();
  sandbox_.control("fault", "status=403:count=1:on=GET /data");
  EXPECT_EQ(fetch(wanted, out_).status, BCDA_REFUSED);
  EXPECT_FALSE(fs::exists(out_ + "/export.json"));
  const int before = downloads();
  EXPECT_EQ(fetch(wanted, out_).status, BCDA_OK);
  EXPECT_EQ(downloads(), before + 1);
  EXPECT_EQ(bcda::Result::open(out_).size(), 3);
}

// A file that is not byte for byte what was published is an unknown file.
TEST_F(Fetch, NeitherTakesNorReplacesAFileThatWasChanged) {
  const std::string wanted = manifest();
  ASSERT_EQ(fetch(wanted, out_).status, BCDA_OK);
  const std::string path = std::string(bcda::Result::open(out_)[0].path());
  std::string text = read(path);
  text[10] ^= 1;
  std::ofstream(path, std::ios::binary) << text;
  Outcome again = fetch(wanted, out_);
  EXPECT_EQ(again.status, BCDA_FILESYSTEM);
  EXPECT_NE(again.message.find("has changed since it was verified"), std::string::npos) << again.message;
  EXPECT_EQ(read(path), text);
}

TEST_F(Fetch, OfSingleFilesIsCompletedByAFetchOfAll) {
  const std::string wanted = manifest();
  for (std::size_t at = wanted.find("/data/"); at != std::string::npos; at = wanted.find("/data/", at + 1)) {
    const std::size_t slash = wanted.find('/', at + 6);
    Outcome one = fetch(wanted, out_, wanted.substr(slash + 1, wanted.find('"', slash) - slash - 1));
    EXPECT_EQ(one.status, BCDA_OK) << one.message;
  }
  EXPECT_FALSE(fs::exists(out_ + "/export.json"));
  const int before = downloads();
  EXPECT_EQ(fetch(wanted, out_).status, BCDA_OK);
  EXPECT_EQ(downloads(), before);
  EXPECT_EQ(bcda::Result::open(out_).size(), 3);
  EXPECT_FALSE(fs::exists(out_ + "/.bcda"));
}

// Claims of two manifests in one directory would be counted twice, or mixed.
TEST_F(Fetch, BesideFilesOfAnotherOriginIsRefused) {
  ASSERT_EQ(fetch(manifest("Patient"), out_).status, BCDA_OK);
  const std::string receipt = read(out_ + "/export.json");
  const int before = downloads();
  for (const std::string& other : {manifest("Coverage"), manifest("Patient")}) {
    Outcome refused = fetch(other, out_);
    EXPECT_EQ(refused.status, BCDA_FILESYSTEM);
    EXPECT_NE(refused.message.find("of another origin"), std::string::npos) << refused.message;
  }
  EXPECT_EQ(downloads(), before);
  EXPECT_EQ(read(out_ + "/export.json"), receipt);
}

// The same name in the manifest of another job is another file.
TEST_F(Fetch, TakesNoFileOfAnotherKeyForTheOneOfThatName) {
  sandbox_.control("fault", "no-keymap");
  const std::string wanted = manifest();
  ASSERT_EQ(fetch(wanted, out_).status, BCDA_OK);
  std::string other = wanted;
  for (std::size_t at = 0; (at = other.find("\"encryptedKey\":\"", at)) != std::string::npos; at += 20)
    other[at + 17] = other[at + 17] == '0' ? '1' : '0';
  Outcome again = fetch(other, out_);
  EXPECT_EQ(again.status, BCDA_FILESYSTEM) << again.message;
  EXPECT_NE(again.message.find("exists already"), std::string::npos) << again.message;
}

// A server may name its files by the query alone.
TEST(FetchByQuery, TakesNoFileOfAnotherJob) {
  const ScriptedService service([](int) { return ""; },
                                [](const std::string& target) { return sized("{\"id\":\"" + target + "\"}\n"); });
  const bcda::Client client(config_for(service));
  TempDir dir;
  const auto fetch = [&](const std::string& time, const std::string& query) {
    const std::string manifest = R"({"transactionTime":")" + time + R"(","output":[{"type":"Patient","url":")" +
                                 service.url() + "/data?" + query + "\"}]}";
    bcda::Run run = client.start_fetch(manifest, {{"out", dir / "out"}});
    return follow(run);
  };
  ASSERT_EQ(fetch("2026-11-01T00:00:00Z", "file=1").status, BCDA_OK);
  EXPECT_EQ(fetch("2026-11-01T00:00:00Z", "file=1&sig=2").status, BCDA_OK);  // the same job
  EXPECT_EQ(service.downloads(), 1);
  const Outcome other = fetch("2026-11-02T00:00:00Z", "file=2");
  EXPECT_EQ(other.status, BCDA_FILESYSTEM);
  EXPECT_NE(other.message.find("exists already"), std::string::npos) << other.message;
}

TEST_F(Fetch, OfNothingKeepsTheJournalOfAnUnfinishedExport) {
  sandbox_.control("fault", "job-fails");
  sandbox_.control("fault", "status=403:on=GET /api/v1/jobs");
  bcda::Run run = client_.start_export({{"out", out_}, {"types", "Patient"}});
  ASSERT_EQ(follow(run).status, BCDA_REFUSED);
  const std::string journal = read(out_ + "/.bcda/journal.ndjson");
  ASSERT_NE(journal, "");
  fetch("", out_);
  EXPECT_EQ(read(out_ + "/.bcda/journal.ndjson"), journal);
}

TEST_F(Fetch, IntoADirectoryWithAnInvalidReceiptIsRefused) {
  fs::create_directory(out_);
  std::ofstream(out_ + "/export.json") << "nonsense";
  EXPECT_EQ(fetch(manifest(), out_).status, BCDA_FILESYSTEM);
  EXPECT_EQ(read(out_ + "/export.json"), "nonsense");
}

}  // namespace
}  // namespace bcda_test
