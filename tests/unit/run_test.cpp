// Runs and their rooms in a world without threads, sockets and real time.
#include "runtime/run.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "support/errors.hpp"
#include "support/gzip.hpp"
#include "support/manifests.hpp"
#include "support/run_test.hpp"

namespace libbcda::runtime {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using test::error_of;
using test::FakeService;
using test::holds;
using test::http_answer;
using test::kOneFile;
using test::kTwoFiles;
using test::Names;
using test::names_in;
using test::slurp;
using test::TempDir;

using Runs = test::RunTest;

TEST_F(Runs, AnExportPublishesItsFilesAndItsReceipt) {
  service_.answer_job(kTwoFiles);
  service_.answer("GET /data/", {http_answer(200, "", test::kRecord)});
  EXPECT_FALSE(run());
  EXPECT_EQ(names_in(out()), (Names{"Patient.a.ndjson", "Patient.b.ndjson", "export.json", "log.ndjson"}));
  EXPECT_EQ(slurp(out() + "/Patient.a.ndjson"), test::kRecord);
  EXPECT_EQ(run_->result().files->size(), 2u);
  EXPECT_TRUE(holds(slurp(out() + "/export.json"), R"("confirmed":true)"));
}

TEST_F(Runs, TheStatesComeInTheirOrder) {
  service_.answer_job(kOneFile);
  service_.answer("GET /data/", {http_answer(200, "", test::kRecord)});
  run();
  std::vector<std::string> states;
  for (const std::string& event : events())
    if (event.starts_with("state ")) states.push_back(event.substr(6));
  EXPECT_EQ(states, (std::vector<std::string>{"authenticating", "kick-off", "waiting", "downloading", "finished"}));
}

TEST_F(Runs, AJobThatTakesHoursTakesNoTimeHere) {
  service_.answer_job(kOneFile);
  std::vector<std::string> answers(500, http_answer(202, "X-Progress: 10%\r\nRetry-After: 60\r\n"));
  answers.push_back(http_answer(200, "", kOneFile));
  service_.answer("GET /api/v1/jobs/1", answers);
  service_.answer("GET /data/", {http_answer(200, "", test::kRecord)});
  EXPECT_FALSE(run());
  EXPECT_GE(run_->result().elapsed, hours(8));
}

TEST_F(Runs, TheTimeLimitEndsARunThatWaits) {
  service_.answer_job(kOneFile);
  service_.answer("GET /api/v1/jobs/1", {http_answer(202)});
  service_.settings.set("timeout", "90m");
  const auto failure = run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->status, Status::TIMEOUT);
  EXPECT_TRUE(holds(failure->message, "90m"));
  EXPECT_EQ(run_->result().elapsed, minutes(90));
}

TEST_F(Runs, AManifestThatGrewIsAskedForAgain) {
  service_.answer_job(kOneFile);
  service_.answer("GET /api/v1/jobs/1", {http_answer(200, "", kOneFile), http_answer(200, "", kTwoFiles)});
  service_.answer("GET /data/", {http_answer(200, "", test::kRecord)});
  EXPECT_FALSE(run());
  EXPECT_EQ(run_->result().files->size(), 2u);
  EXPECT_EQ(service_.count("GET /api/v1/jobs/1"), 3u);
}

TEST_F(Runs, OneFileThatFailsDoesNotStopTheOther) {
  service_.answer_job(kTwoFiles);
  service_.answer("GET /data/1/a", {http_answer(410)});
  service_.answer("GET /data/1/b", {http_answer(200, "", test::kRecord)});
  const auto failure = run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->status, Status::JOB_GONE);
  EXPECT_TRUE(holds(failure->message, "1 of 2 files failed"));
  EXPECT_EQ(run_->result().files->size(), 1u);
  EXPECT_EQ(names_in(out()), (Names{".bcda/", ".bcda/journal.ndjson", ".bcda/manifest-835043ec8e6b7921-1.json",
                                    "Patient.b.ndjson", "log.ndjson"}));
}

TEST_F(Runs, ABrokenBodyIsFetchedAgain) {
  service_.answer_job(kOneFile);
  service_.answer("GET /data/1/a",
                  {"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", http_answer(200, "", test::kRecord)});
  service_.settings.set("retries", "1");
  EXPECT_FALSE(run());
  EXPECT_EQ(service_.count("GET /data/"), 2u);
}

// The wall clock is set before each answer, a day and more to and fro. Nothing is late, and nothing is waited for.
TEST_F(Runs, AWallClockThatIsSetChangesNothing) {
  service_.answer_job(kTwoFiles);
  std::vector<std::string> polls(20, http_answer(202, "Retry-After: 10\r\n"));
  polls.push_back(http_answer(200, "", kTwoFiles));
  service_.answer("GET /api/v1/jobs/1", polls);
  service_.answer("GET /data/", {http_answer(503, "Retry-After: 5\r\n"), http_answer(200, "", test::kRecord)});
  int answers = 0;
  service_.before_answer = [&](const std::string&) {
    service_.world->fake_clock().set_wall_clock(hours(++answers % 2 == 0 ? 50 : -49));
  };
  EXPECT_FALSE(run());
  EXPECT_EQ(names_in(out()), (Names{"Patient.a.ndjson", "Patient.b.ndjson", "export.json", "log.ndjson"}));
  EXPECT_EQ(service_.count("POST /auth/token"), 1u);
  EXPECT_GE(run_->result().elapsed, seconds(200));
  EXPECT_LT(run_->result().elapsed, minutes(10));
}

// When the manifest has come, the host can neither be found nor be reached.
class Outage : public Runs {
 protected:
  void begin_with_manifest(Milliseconds length) {
    service_.answer_job(kOneFile);
    service_.answer("GET /data/", {http_answer(200, "", test::kRecord)});
    service_.before_answer = [this, length](const std::string& request) {
      if (!request.starts_with("GET /api/v1/jobs/1") || began_) return;
      began_ = true;
      service_.world->net().hosts["127.0.0.1"].error = asio::error::connection_refused;
      service_.world->net().addresses["localhost"] = {};
      end_ = service_.world->fake_clock().timer(service_.world->executor());
      end_->start(service_.world->clock().now().steady + length, [this] {
        service_.world->net().hosts.clear();
        service_.world->net().addresses.clear();
      });
    };
  }

  bool began_ = false;
  std::unique_ptr<world::Timer> end_;
};

TEST_F(Outage, OfTheNetworkIsWaitedOut) {
  begin_with_manifest(seconds(20));
  EXPECT_FALSE(run());
  EXPECT_GE(service_.world->net().lookups.size(), 3u);
}

TEST_F(Outage, OfTheNetworkThatGoesOnNamesTheHost) {
  begin_with_manifest(hours(5));
  const auto failure = run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->status, Status::NETWORK);
  EXPECT_TRUE(failure->retriable);
  EXPECT_TRUE(holds(failure->message, "cannot find the host of http://localhost"));
  EXPECT_FALSE(std::filesystem::exists(out() + "/export.json"));
  end_.reset();
}

TEST_F(Runs, AnOutageSaysForHowLongItIsWaitedOut) {
  service_.settings.set("outage_limit", "15m");
  service_.answer_job(kOneFile);
  service_.answer("GET /api/v1/jobs/1", {http_answer(503)});
  const auto failure = run();
  ASSERT_TRUE(failure);
  EXPECT_TRUE(holds(failure->message, "; it was repeated for 15m; see the setting outage_limit")) << failure->message;
  std::string told;
  for (const std::string& event : events()) told += event + "\n";
  EXPECT_TRUE(holds(told, ", for 0s now (it gives up after the setting outage_limit, 15m)\n")) << told;
  EXPECT_TRUE(holds(told, ", for 10m now (it gives up after the setting outage_limit, 15m)\n")) << told;
}

TEST_F(Runs, TheSizeOfTheWholeIsSaidOnceItIsKnown) {
  service_.answer_job(kTwoFiles);
  service_.answer("GET /data/", {http_answer(200, "", test::kRecord)});
  const auto last_total = [&] {
    std::optional<std::int64_t> total;
    for (Event event; run_->mailbox().next(Milliseconds(0), event) == Mailbox::Got::event;)
      if (event.kind == EventKind::progress) total = event.bytes_total;
    return total;
  };
  EXPECT_FALSE(run());
  EXPECT_EQ(last_total(), 2 * std::string(test::kRecord).size());
  std::filesystem::remove_all(out());
  service_.answer("GET /data/1/b", {http_answer(403)});
  service_.answer("GET /data/", {http_answer(200, "", test::kRecord)});  // after the one above, because it is a prefix
  ASSERT_TRUE(run());
  EXPECT_EQ(last_total(), -1) << "the size of the other file never becomes known";
}

TEST_F(Runs, AManifestThatCannotBeAskedForAgainIsWholeAsItWas) {
  service_.answer_job(kOneFile);
  service_.answer("GET /api/v1/jobs/1", {http_answer(200, "", kOneFile), http_answer(410)});
  service_.answer("GET /data/", {http_answer(200, "", test::kRecord)});
  EXPECT_FALSE(run());
  std::string told;
  for (const std::string& event : events()) told += event + "\n";
  EXPECT_TRUE(holds(told,
                    "warning all files of the manifest are here, but whether it has grown since could not be "
                    "asked: the job for Patient has expired (HTTP 410)\n"))
      << told;
}

TEST_F(Runs, ADirectoryThatIsRemovedInMidRunIsAFileError) {
  service_.answer_job(kTwoFiles);
  service_.answer("GET /data/", {http_answer(200, "", test::kRecord)});
  service_.before_answer = [&](const std::string& request) {
    if (request.starts_with("GET /data/")) std::filesystem::remove_all(out());
  };
  const auto failure = run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->status, Status::FILESYSTEM) << failure->message;
  EXPECT_TRUE(holds(failure->message, out()));
  EXPECT_FALSE(std::filesystem::exists(out()));
}

TEST_F(Runs, AnExpiredTokenIsRenewedDuringADownload) {
  service_.answer_job(kOneFile);
  service_.answer("GET /data/", {http_answer(401), http_answer(200, "", test::kRecord)});
  EXPECT_FALSE(run());
  EXPECT_EQ(service_.count("POST /auth/token"), 2u);
}

TEST_F(Runs, ARunThatIsCanceledDuringAuthenticationLeavesTheClientUsable) {
  service_.settings.set("types", "Patient,Coverage,ExplanationOfBenefit");
  const auto session = service_.session();
  const auto start = [&] {
    RunRequest request;
    request.kind = RunKind::manifest;
    request.settings = service_.settings;
    run_ = runtime::Run::start(session, std::move(request));
  };
  for (const char* type : {"Patient", "Coverage", "ExplanationOfBenefit"})
    service_.answer(std::string("GET /api/v1/") + type + "/$export",
                    {http_answer(202, std::string("Content-Location: /api/v1/jobs/") + type + "\r\n")});
  service_.answer("GET /api/v1/jobs/", {http_answer(200, "", kOneFile)});
  service_.before_answer = [&](const std::string&) { run_->cancel(); };
  start();
  service_.world->run_until([&] { return run_->mailbox().finished(); });
  EXPECT_EQ(run_->mailbox().failure()->status, Status::CANCELED);
  service_.before_answer = [](const std::string&) {};
  start();
  service_.world->run_until([&] { return run_->mailbox().finished(); });
  EXPECT_FALSE(run_->mailbox().failure());
}

TEST_F(Runs, AFailedRunDoesNotAskWhetherItsManifestHasGrown) {
  service_.answer_job(kOneFile);
  service_.answer("GET /data/", {http_answer(410)});
  ASSERT_TRUE(run());
  EXPECT_EQ(service_.count("GET /api/v1/jobs/1"), 1u);
}

TEST_F(Runs, AJobThatWasAcceptedIsInTheJournalAlthoughTheRunWasCanceled) {
  service_.answer_job(kOneFile);
  service_.before_answer = [&](const std::string& request) {
    if (request.starts_with("GET /api/v1/Patient")) run_->cancel();
  };
  ASSERT_TRUE(run());
  EXPECT_TRUE(holds(slurp(out() + "/.bcda/journal.ndjson"), "/api/v1/jobs/1"));
}

TEST_F(Runs, AFetchTakesWhatAnEarlierOneLeft) {
  service_.answer("GET /data/", {http_answer(200, "", test::kRecord)});
  const auto manifests = [&] { return bulk::parse_manifests(kTwoFiles, http::parse_url("http://localhost/", "base")); };
  EXPECT_FALSE(run(RunKind::fetch, manifests()));
  ASSERT_EQ(service_.count("GET /data/"), 2u);
  ::unlink((out() + "/Patient.a.ndjson").c_str());
  EXPECT_FALSE(run(RunKind::fetch, manifests()));
  EXPECT_EQ(service_.count("GET /data/"), 3u);
  EXPECT_EQ(run_->result().files->size(), 2u);
}

// ---- Pace

class OnServer : public Runs {
 protected:
  Milliseconds elapsed() const {
    return std::chrono::duration_cast<Milliseconds>(service_.world->clock().now().steady - Steady{}) - hours(1);
  }
};

TEST_F(OnServer, EachRequestOfEachRunTakesATurn) {
  know(R"("pace_requests":5,"pace_period":"5m","manifest_may_grow":false)");
  service_.answer_job(kTwoFiles);
  service_.answer("GET /data/", {http_answer(200, "", test::kRecord)});
  const auto session = service_.session();
  const auto start = [&](const std::string& out) {
    RunRequest request;
    request.kind = RunKind::export_;
    request.settings = service_.settings;
    request.settings.set("out", temp_ / out);
    auto run = runtime::Run::start(session, std::move(request));
    service_.world->run_until([&] { return run->mailbox().finished(); });
    EXPECT_FALSE(run->mailbox().failure());
  };
  start("one");  // the token, the kick-off, the status, two files
  EXPECT_EQ(service_.world->net().requests.size(), 5u);
  EXPECT_LT(elapsed(), seconds(10));
  start("two");  // four more, without the token
  EXPECT_EQ(service_.world->net().requests.size(), 9u);
  EXPECT_GE(elapsed(), minutes(5));
  EXPECT_LT(elapsed(), minutes(6));
}

TEST_F(OnServer, AWaitForATurnCanBeCanceled) {
  know(R"("pace_requests":1,"pace_period":"24h")");
  service_.answer_job(kOneFile);
  service_.settings.set("timeout", "1m");
  const auto failure = run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->status, Status::TIMEOUT);
  EXPECT_EQ(service_.world->net().requests.size(), 1u);
}

// Each file is refused once, so that it takes some time: the first one with 429, the others with 503.
TEST_F(OnServer, FewerFilesAreUnderWayAfterA429) {
  know(R"("manifest_may_grow":false)");
  std::string output;
  for (int i = 0; i < 12; ++i) {
    const std::string url = "/data/1/" + std::to_string(i) + ".ndjson";
    output += (i > 0 ? "," : "") + (R"({"type":"Patient","url":")" + url) + "\"}";
    service_.answer("GET " + url, {http_answer(i == 0 ? 429 : 503), http_answer(200, "", test::kRecord)});
  }
  service_.answer_job("{\"output\":[" + output + "]}");
  service_.settings.set("parallel", "4");
  std::set<std::string> begun;
  std::size_t done = 0;
  std::vector<std::size_t> under_way;  // when a file begins, with it
  service_.before_answer = [&](const std::string& request) {
    if (!request.starts_with("GET /data/")) return;
    if (!begun.insert(request).second)
      ++done;
    else
      under_way.push_back(begun.size() - done);
  };
  EXPECT_FALSE(run());
  EXPECT_EQ(run_->result().files->size(), 12u);
  ASSERT_EQ(under_way.size(), 12u);
  EXPECT_EQ(under_way[3], 4u);
  EXPECT_EQ(under_way[4], 3u);  // one more than the two that were left, because two files were good
  EXPECT_EQ(*std::max_element(under_way.begin() + 5, under_way.end()), 4u);
}

TEST_F(OnServer, DownloadsOfEarlierRunsCount) {
  know(R"("downloads_per_file":3)");
  service_.settings.set("retries", "1");
  const auto manifests = [&] { return bulk::parse_manifests(kOneFile, http::parse_url("http://localhost/", "base")); };
  service_.answer("GET /data/", {"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"});
  ASSERT_TRUE(run(RunKind::fetch, manifests()));
  EXPECT_EQ(service_.count("GET /data/"), 2u);
  const auto failure = run(RunKind::fetch, manifests());
  ASSERT_TRUE(failure);
  EXPECT_TRUE(holds(failure->message, "gives out each file 3 times")) << failure->message;
  EXPECT_EQ(service_.count("GET /data/"), 3u);
  ASSERT_TRUE(run(RunKind::fetch, manifests()));
  EXPECT_EQ(service_.count("GET /data/"), 3u);
}

// ---- A service that is busy

TEST_F(OnServer, AnAdoptedJobThatIsGivenBackIsDeadInTheJournal) {
  know(R"("lists_running_jobs":true,"manifest_may_grow":false)");
  service_.answer_job(kOneFile);
  service_.answer("GET /api/v1/Patient/$export",
                  {http_answer(429, "Content-Location: /api/v1/jobs/other\r\n"), http_answer(429),
                   http_answer(202, "Content-Location: /api/v1/jobs/1\r\n")});
  service_.answer("GET /api/v1/jobs/other", {http_answer(202), http_answer(200, "", kTwoFiles)});
  service_.answer("GET /data/", {http_answer(403)});  // so that the journal stays
  ASSERT_TRUE(run());
  EXPECT_EQ(service_.count("GET /data/"), 1u);  // of our own job
  const std::string journal = slurp(out() + "/.bcda/journal.ndjson");
  EXPECT_TRUE(holds(journal, R"({"event":"dead","label":"Patient")")) << journal;
  bool told = false;
  for (const std::string& event : events()) told = told || holds(event, "runs already");
  EXPECT_TRUE(told);
}

TEST_F(OnServer, AnAdoptedJobBringsTheFiles) {
  know(R"("lists_running_jobs":true,"manifest_may_grow":false)");
  service_.answer("GET /api/v1/Patient/$export", {http_answer(429, "Content-Location: /api/v1/jobs/other\r\n")});
  service_.answer(
      "GET /api/v1/jobs/other",
      {http_answer(200, "", R"({"request":"http://localhost/api/v1/Patient/$export",)" + std::string(kOneFile + 1))});
  service_.answer("GET /data/", {http_answer(200, "", test::kRecord)});
  EXPECT_FALSE(run());
  EXPECT_EQ(service_.count("GET /api/v1/Patient"), 1u);
  EXPECT_TRUE(holds(slurp(out() + "/export.json"), "/api/v1/jobs/other"));
}

TEST_F(Runs, ABusyServiceIsWaitedForForHours) {
  service_.answer_job(kOneFile);
  std::vector<std::string> answers(300, http_answer(429));
  answers.push_back(http_answer(202, "Content-Location: /api/v1/jobs/1\r\n"));
  service_.answer("GET /api/v1/Patient/$export", answers);
  service_.answer("GET /data/", {http_answer(200, "", test::kRecord)});
  service_.settings.set("retries", "0");
  service_.settings.set("job_timeout", "1h");
  EXPECT_FALSE(run());
  EXPECT_GE(run_->result().elapsed, hours(3));
}

// A manifest of more than a megabyte.
std::string large_manifest(int files) {
  std::string output;
  for (int i = 0; i < files; ++i)
    output += (i > 0 ? "," : "") + (R"({"type":"Patient","url":"/data/1/)" + std::to_string(i)) + ".ndjson\",\"x\":\"" +
              std::string(30'000, 'x') + "\"}";
  return "{\n\"output\":[" + output + "]}";
}

TEST_F(Runs, ALargeManifestIsReadFromTheDiskAndLeavesNothingThere) {
  const std::string manifest = large_manifest(60);
  service_.answer_job(manifest);
  service_.answer("GET /data/", {http_answer(200, "", test::kRecord)});
  EXPECT_FALSE(run());
  EXPECT_EQ(run_->result().files->size(), 60u);
  EXPECT_EQ(names_in(out()).size(), 62u);  // and export.json, log.ndjson
  EXPECT_EQ(run_->result().manifest(), "{" + manifest.substr(2) + "\n");
}

TEST_F(Runs, AManifestThatIsTooLargeIsRefused) {
  service_.answer_job(large_manifest(10));
  service_.settings.set("max_manifest_bytes", "100KiB");
  const auto failure = run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->status, Status::LIMIT);
  EXPECT_TRUE(holds(failure->message, "max_manifest_bytes"));
}

TEST_F(Runs, APackedRefusalKeepsItsText) {
  service_.settings.set("profile", "bcda-v1");
  service_.answer("GET /api/v1/Group/all/$export", {http_answer(202, "Content-Location: /api/v1/jobs/1\r\n")});
  service_.answer("GET /api/v1/jobs/1", {http_answer(200, "", kOneFile)});
  service_.answer("POST /auth/token", {http_answer(200, "", R"({"access_token":"long-t0k3n"})")});
  const std::string outcome = R"({"resourceType":"OperationOutcome","issue":[{"diagnostics":"gone, long-t0k3n"}]})";
  service_.answer("GET /data/", {http_answer(410, "Content-Encoding: gzip\r\n", test::gzip(outcome))});
  const auto failure = run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->outcome, "gone, [credentials removed]");
}

TEST_F(Runs, TheRatioOfGzipIsASetting) {
  service_.settings.set("profile", "bcda-v1");
  service_.answer("GET /api/v1/Group/all/$export", {http_answer(202, "Content-Location: /api/v1/jobs/1\r\n")});
  service_.answer("GET /api/v1/jobs/1", {http_answer(200, "", kOneFile)});
  const std::string record = "{\"resourceType\":\"Patient\",\"id\":\"" + std::string(4 << 20, '1') + "\"}\n";
  service_.answer("GET /data/", {http_answer(200, "Content-Encoding: gzip\r\n", test::gzip(record))});
  const auto failure = run();
  ASSERT_TRUE(failure);
  EXPECT_TRUE(holds(failure->message, "max_gzip_ratio")) << failure->message;
  service_.settings.set("max_gzip_ratio", "0");
  service_.settings.set("restart", "true");
  EXPECT_FALSE(run());
}

TEST_F(Runs, AManifestThatIsNoneIsAskedForAgain) {
  service_.answer_job(kOneFile);
  service_.answer("GET /api/v1/jobs/1",
                  {http_answer(200, "", "{\"output\":["), http_answer(200, "", "<html><title>Sign in</title>"),
                   http_answer(200, "", kOneFile)});
  service_.answer("GET /data/", {http_answer(200, "", test::kRecord)});
  EXPECT_FALSE(run());
  service_.answer("GET /api/v1/jobs/1", {http_answer(200, "", "<html><title>Sign in</title>")});
  service_.settings.set("restart", "true");
  ::unlink((out() + "/export.json").c_str());
  ::unlink((out() + "/Patient.a.ndjson").c_str());
  const auto failure = run();
  ASSERT_TRUE(failure);
  EXPECT_TRUE(holds(failure->message, "Sign in")) << failure->message;
}

// ---- Rooms by themselves

bulk::Entry entry(const std::string& name, const std::string& key = "") {
  bulk::Entry made;
  made.type = "Patient";
  made.url = http::parse_url("http://localhost/data/1/" + name, "url");
  made.name = name;
  made.encrypted_key = key;
  return made;
}

Files files(const std::vector<bulk::Entry>& entries) { return all_files(test::manifest_of(entries)); }

FileTask take(FileQueue& queue) {
  FileTask task = queue.take().value();
  task.load();
  return task;
}

TEST(FileQueues, TakeEachFileOnceInItsOrder) {
  FileQueue queue;
  queue.add(files({entry("a"), entry("b"), entry("a")}), "job");
  queue.add(files({entry("b"), entry("c")}), "job");
  EXPECT_EQ(queue.counts().total, 3);
  EXPECT_EQ(queue.waiting(), 3u);
  for (const char* name : {"a", "b", "c"}) EXPECT_EQ(take(queue).entry.name, name);
  EXPECT_FALSE(queue.take());
}

TEST(FileQueues, GiveEachFileALocalNameOfItsOwn) {
  FileQueue queue;
  bulk::Entry other = entry("a.ndjson");
  other.url = http::parse_url("http://localhost/data/2/a.ndjson", "url");
  bulk::Entry error = other;
  error.kind = FileKind::error;
  error.url.target = "/data/3/a.ndjson";
  queue.add(files({entry("a.ndjson"), other, error}), "");
  const auto first = take(queue), second = take(queue), third = take(queue);
  EXPECT_EQ(first.path(), "Patient.a.ndjson");
  EXPECT_NE(second.path(), first.path());
  EXPECT_EQ(third.path(), "error/Patient.a.ndjson");
}

TEST(FileQueues, TakeAFileThatIsListedUnderTwoUrlsOnce) {
  FileQueue queue;
  bulk::Entry same = entry("a.ndjson", "0c");
  same.url.target += "?signature=2";
  queue.add(files({entry("a.ndjson", "0c"), same, entry("b.ndjson", "0c")}), "");
  EXPECT_EQ(queue.counts().total, 2);
}

// A run that was left behind may still publish a file, while its owner reads the result.
TEST(FileQueues, KeepTheirResultsOnceTheyAreClosed) {
  FileQueue queue;
  FileResult file;
  file.path = "a";
  queue.done(file, "job");
  queue.close();
  file.path = "b";
  EXPECT_STREQ(queue.done(file, "job")->path(), "b");
  ASSERT_EQ(queue.results()->size(), 1u);
  EXPECT_STREQ((*queue.results())[0].path(), "a");
}

TEST(FileQueues, RefuseWhatContradictsItself) {
  bulk::Entry error = entry("a");
  error.kind = FileKind::error;
  for (const bulk::Entry& other : {entry("a", "0d"), error}) {
    FileQueue queue;
    const Error failure = error_of([&] { queue.add(files({entry("a", "0c"), other}), ""); });
    EXPECT_EQ(failure.status, Status::PROTOCOL);
    EXPECT_TRUE(holds(failure.message, "twice"));
    EXPECT_EQ(failure.file, "a");
  }
}

TEST(FileQueues, CountTheResultsOfTheirFiles) {
  FileQueue queue;
  queue.add(files({entry("a"), entry("b"), entry("c")}), "job");
  FileResult done;
  done.path = "b";
  done.facts.bytes = 5;
  queue.done(done, "job");
  done.path = "a";
  queue.done(done, "job");
  queue.failed(false);
  EXPECT_EQ(queue.counts().done, 2);
  EXPECT_EQ(queue.counts().failed, 1);
  EXPECT_EQ(queue.counts().untried(), 0);
  EXPECT_STREQ((*queue.results())[0].path(), "a");
  EXPECT_EQ(queue.sum("job").files, 2);
  EXPECT_EQ(queue.sum("job").bytes, 10);
  EXPECT_EQ(queue.sum("another").files, 0);
}

TEST(KeyTrials, AFewFilesMustAgreeThatTheKeyIsWrong) {
  KeyTrial keys;
  keys.refused(-1);
  keys.refused(-1);
  EXPECT_FALSE(keys.is_wrong());
  keys.refused(-1);
  EXPECT_TRUE(keys.is_wrong());
}

TEST(KeyTrials, OneFileThatOpensProvesTheKey) {
  KeyTrial keys;
  keys.opened();
  for (int i = 0; i < 9; ++i) keys.refused(1);
  EXPECT_FALSE(keys.is_wrong());
}

TEST(KeyTrials, AllFilesAreEnough) {
  KeyTrial keys;
  keys.refused(2);
  EXPECT_FALSE(keys.is_wrong());
  keys.refused(2);
  EXPECT_TRUE(keys.is_wrong());
}

TEST(Outcomes, TheFirstFailureIsKeptAndReplacesACancellation) {
  asio::io_context io;
  Outcome outcome(std::make_shared<TaskGroup>(io.get_executor()));
  outcome.fail(Error(Status::CANCELED, "canceled"));
  outcome.fail_at_a_file(Error(Status::VERIFICATION, "first"));
  outcome.fail(Error(Status::NETWORK, "second"));
  EXPECT_EQ(outcome.failure()->message, "first");
  EXPECT_TRUE(outcome.failed_at_a_file());
}

TEST(Outcomes, SomeFailuresStopEverything) {
  for (const Status status : {Status::FILESYSTEM, Status::AUTHENTICATION, Status::CANCELED, Status::INTERNAL}) {
    asio::io_context io;
    Outcome outcome(std::make_shared<TaskGroup>(io.get_executor()));
    outcome.fail(Error(Status::NETWORK, "x"));
    EXPECT_FALSE(outcome.stopped());
    outcome.fail(Error(status, "x"));
    EXPECT_TRUE(outcome.stopped());
  }
}

TEST(LogWriters, KeepTheOrderOfTheirLines) {
  test::FakeWorld world([](const auto&, const auto&) { return std::nullopt; });
  std::string written;
  auto log = std::make_shared<LogWriter>(
      world, [&](const std::string& lines) { written += lines + ";"; }, [](const Error&) { FAIL(); });
  for (const char* line : {"a", "b", "c"}) log->add_later(line);
  EXPECT_EQ(written, "");  // a worker writes them, not the caller
  world.run([&] { return log->flush(); });
  EXPECT_EQ(written, "a\nb\nc;");
}

TEST(LogWriters, WriteSoonWithoutBeingAsked) {
  test::FakeWorld world([](const auto&, const auto&) { return std::nullopt; });
  std::string written;
  auto log = std::make_shared<LogWriter>(
      world, [&](const std::string& lines) { written += lines + ";"; }, [](const Error&) { FAIL(); });
  for (const char* line : {"a", "b", "c"}) {
    log->add_later(line);
    world.run([&] { return world.clock().sleep(Milliseconds(line[0] == 'a' ? 100 : 10)); });
  }
  EXPECT_EQ(written, "a;");
  world.run([&] { return world.clock().sleep(Milliseconds(100)); });
  EXPECT_EQ(written, "a;b\nc;");
}

TEST(LogWriters, WriteAtOnceWhatMustNotWait) {
  test::FakeWorld world([](const auto&, const auto&) { return std::nullopt; });
  std::string written;
  auto log = std::make_shared<LogWriter>(
      world, [&](const std::string& lines) { written += lines + ";"; }, [](const Error&) { FAIL(); });
  log->add_later("a");
  log->add("b");
  world.run([&] { return world.clock().sleep(Milliseconds(1)); });
  EXPECT_EQ(written, "a\nb;");
}

TEST(LogWriters, WriteNothingOnceTheyAreClosed) {
  test::FakeWorld world([](const auto&, const auto&) { return std::nullopt; });
  auto log = std::make_shared<LogWriter>(
      world, [](const std::string&) { FAIL(); }, [](const Error&) { FAIL(); });
  log->add_later("a");
  log->close();
  log.reset();
  world.run([&] { return world.clock().sleep(Milliseconds(100)); });
}

TEST(LogWriters, ReportALineThatCannotBeWritten) {
  for (const bool lacks_memory : {false, true}) {
    test::FakeWorld world([](const auto&, const auto&) { return std::nullopt; });
    std::optional<Error> reported;
    const auto write = [&](const std::string&) {
      if (lacks_memory) throw std::bad_alloc();
      throw Error(Status::FILESYSTEM, "full");
    };
    auto log = std::make_shared<LogWriter>(world, write, [&](const Error& error) { reported = error; });
    log->add("a");
    world.run([&] { return log->flush(); });
    ASSERT_TRUE(reported);
    EXPECT_EQ(reported->status, lacks_memory ? Status::NO_MEMORY : Status::FILESYSTEM);
  }
}

}  // namespace
}  // namespace libbcda::runtime
