// A series of exports (bcda_sync_start), from the service of today.
#include <gtest/gtest.h>
#include <boost/json/parse.hpp>

#include <algorithm>
#include <iterator>
#include <sstream>

#include "integration/support.hpp"

namespace bcda_test {
namespace {

namespace json = boost::json;

std::vector<std::string> entries(const std::string& directory) {
  std::vector<std::string> names;
  if (!fs::exists(directory)) return names;
  for (const auto& entry : fs::directory_iterator(directory)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

class Sync : public testing::Test {
 protected:
  bcda::Sandbox sandbox_ = quick_sandbox({{"profile", "bcda-v3"}, {"changes", "0.1"}});
  TempDir dir_;
  bcda::Client client_{quick_config(sandbox_)};

  bcda::Run start(bcda::Config settings = {}) {
    if (settings.value("out").empty()) settings.set("out", dir_ / "series");
    return client_.start_sync(settings);
  }
  // The result of a run that succeeds.
  bcda::Result sync(bcda::Config settings = {}) {
    bcda::Run run = start(std::move(settings));
    const Outcome outcome = follow(run);
    EXPECT_EQ(outcome.status, BCDA_OK) << outcome.message;
    return run.result();
  }
  static std::string since_of(const bcda::Result& result) {
    const json::value receipt = json::parse(result.json());
    const auto* since = receipt.as_object().if_contains("since");
    return since ? std::string(since->as_string()) : "";
  }
  static std::int64_t records(const bcda::Result& result) {
    std::int64_t sum = 0;
    for (const bcda::File file : result)
      if (!file.is_error()) sum += file.records();
    return sum;
  }
};

std::string days_ago(int days) {
  const auto then = std::chrono::system_clock::now() - std::chrono::hours(24 * days);
  const std::time_t time = std::chrono::system_clock::to_time_t(then);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&time));
  return text;
}

// Changes transactionTime in a receipt.
void set_time(const bcda::Result& result, const std::string& time) {
  const std::string path = result.directory() + "/export.json", old = result.transaction_time();
  std::string receipt = read(path);
  for (std::size_t at = 0; (at = receipt.find(old, at)) != std::string::npos; at += time.size())
    receipt.replace(at, old.size(), time);
  std::ofstream(path) << receipt;
}

TEST_F(Sync, TheFirstRunExportsAllAndTheNextOneWhatHasChanged) {
  const bcda::Result first = sync();
  EXPECT_EQ(since_of(first), "");
  const std::string then = days_ago(2);
  set_time(first, then);
  const bcda::Result second = sync();
  EXPECT_EQ(since_of(second), then);
  EXPECT_LT(records(second), records(first));
  EXPECT_GT(records(second), 0);
  EXPECT_EQ(since_of(sync()), second.transaction_time());
  const auto runs = entries(dir_ / "series");
  ASSERT_EQ(runs.size(), 3u);
  EXPECT_EQ(first.directory(), (dir_ / "series") + "/" + runs[0]);
  EXPECT_EQ(second.directory(), (dir_ / "series") + "/" + runs[1]);
  EXPECT_EQ(bcda::Result::open(second.directory()).directory(), second.directory());
}

// AB2D's own code writes transactionTime as a text for people, without a zone.
TEST_F(Sync, GoesOnFromAServerWhoseTimeCannotBeRead) {
  const bcda::Result first = sync();
  set_time(first, "");
  const std::string since = since_of(sync());
  EXPECT_GE(since, days_ago(3));
  EXPECT_LE(since, days_ago(1));
}

TEST_F(Sync, AnotherRequestBeginsWithEverything) {
  sync();
  EXPECT_EQ(since_of(sync({{"types", "Patient"}})), "");
  EXPECT_NE(since_of(sync({{"types", "Patient"}})), "");
  EXPECT_NE(since_of(sync()), "");
}

TEST_F(Sync, TheFirstRunMayBeginAtATime) {
  const bcda::Result first = sync({{"since", "2026-03-15T00:00:00Z"}});
  EXPECT_EQ(since_of(first), "2026-03-15T00:00:00Z");
  EXPECT_EQ(since_of(sync({{"since", "2026-03-15T00:00:00Z"}})), first.transaction_time());
}

TEST_F(Sync, AFailedRunDoesNotMoveTheMark) {
  const bcda::Result first = sync();
  sandbox_.control("fault", "status=404:on=GET /data");
  bcda::Run failing = start();
  EXPECT_NE(follow(failing).status, BCDA_OK);
  sandbox_.control("fault", "none");
  EXPECT_EQ(since_of(sync()), first.transaction_time());
}

TEST_F(Sync, APartialRunMovesTheMarkOnlyByChoice) {
  const bcda::Sandbox sandbox = quick_sandbox({{"profile", "bcda-v3"}, {"error_rate", "0.1"}});
  client_ = bcda::Client(quick_config(sandbox));
  ASSERT_TRUE(sync().partial());
  const bcda::Result second = sync();
  EXPECT_EQ(since_of(second), "");
  EXPECT_EQ(since_of(sync({{"sync_partial", "move"}})), second.transaction_time());
}

TEST_F(Sync, TwoRunsDoNotOverlap) {
  sandbox_.control("fault", "job-hangs:count=1");
  bcda::Run first = start();
  try {
    start();
    FAIL() << "two runs at once";
  } catch (const bcda::Error& error) {
    EXPECT_EQ(error.status(), BCDA_FILESYSTEM);
    EXPECT_TRUE(error.retriable());
    EXPECT_NE(std::string(error.what()).find("is in use by another run"), std::string::npos) << error.what();
  }
  first.cancel();
  EXPECT_EQ(follow(first).status, BCDA_CANCELED);
  sandbox_.control("fault", "none");
  EXPECT_EQ(since_of(sync()), "");
}

const char* const kNothingYet =
    R"(status=404:on=GET /api/v3/Group/all/$export:count=1:body={"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"not-found"}]})";

TEST_F(Sync, ANotFoundBeforeTheAttributionIsNothingYet) {
  const bcda::Result first = sync();
  const auto before = entries(dir_ / "series");
  sandbox_.control("fault", kNothingYet);
  bcda::Run run = start();
  const Outcome outcome = follow(run);
  EXPECT_EQ(outcome.status, BCDA_OK) << outcome.message;
  const bcda::Result result = run.result();
  EXPECT_TRUE(result.empty());
  EXPECT_EQ(result.directory(), "");
  EXPECT_EQ(entries(dir_ / "series"), before);
  EXPECT_EQ(since_of(sync()), first.transaction_time());
}

// A version that is not open to the organization answers without an OperationOutcome, and an export always fails.
TEST_F(Sync, OtherNotFoundsAreFailures) {
  sandbox_.control("fault", "status=404:on=GET /api/v3/Group/all/$export:count=1:body=404 page not found");
  bcda::Run run = start();
  EXPECT_EQ(follow(run).status, BCDA_REFUSED);
  sandbox_.control("fault", kNothingYet);
  EXPECT_EQ(export_to(quick_config(sandbox_), dir_ / "single").status, BCDA_REFUSED);
}

TEST_F(Sync, AnInterruptedRunIsNamedAndStays) {
  const std::string left = (dir_ / "series") + "/2026-01-01T00-00-00Z";
  fs::create_directories(left + "/.bcda");
  std::ofstream(left + "/.bcda/journal.ndjson") << "{}\n";
  bcda::Run run = start();
  bool named = false;
  for (bcda::Event event; run.next_event(event, bcda::Milliseconds(-1)) == BCDA_OK;)
    named = named || (event.kind() == BCDA_EVENT_WARNING && std::string(event.text()).find(left) != std::string::npos);
  EXPECT_TRUE(named);
  EXPECT_TRUE(fs::exists(left + "/.bcda/journal.ndjson"));
}

TEST_F(Sync, AReceiptFromTheFutureIsAnErrorThatNamesIt) {
  const bcda::Result first = sync();
  const std::string path = first.directory() + "/export.json";
  set_time(first, "2999-01-01T00:00:00Z");
  try {
    start();
    FAIL() << "a mark in the future";
  } catch (const bcda::Error& error) {
    EXPECT_EQ(error.status(), BCDA_FILESYSTEM);
    EXPECT_FALSE(error.retriable());
    EXPECT_NE(std::string(error.what()).find(path), std::string::npos) << error.what();
  }
}

TEST_F(Sync, WhatWouldLeaveGapsIsRefused) {
  for (const auto& [name, value] : {std::pair("level", "patient"),
                                    {"until", "2026-01-01T00:00:00Z"},
                                    {"job_url", "https://service.example/jobs/1"}}) {
    try {
      start({{name, value}});
      ADD_FAILURE() << name;
    } catch (const bcda::Error& error) {
      EXPECT_EQ(error.status(), BCDA_INVALID_ARGUMENT);
      EXPECT_NE(std::string(error.what()).find(name), std::string::npos) << error.what();
    }
  }
  EXPECT_TRUE(entries(dir_ / "series").empty());
}

TEST_F(Sync, TheDirectoryOfASingleExportIsRefused) {
  ASSERT_EQ(export_to(quick_config(sandbox_), dir_ / "single").status, BCDA_OK);
  EXPECT_THROW(start({{"out", dir_ / "single"}}), bcda::Error);
}

TEST(SyncElsewhere, AServiceWithoutSinceIsRefusedAtTheFirstRun) {
  const bcda::Sandbox sandbox = quick_sandbox();
  const TempDir dir;
  const bcda::Client client(quick_config(sandbox));
  EXPECT_THROW(client.start_sync({{"out", dir / "series"}}), bcda::Error);
}

// Without _since, AB2D sends what is new since the last export, by whomever it was.
TEST(SyncElsewhere, AB2DIsAskedForItsEarliestTimeFirst) {
  const bcda::Sandbox sandbox = quick_sandbox({{"profile", "ab2d"}});
  const TempDir dir;
  const bcda::Client client(quick_config(sandbox));
  bcda::Run run = client.start_sync({{"out", dir / "series"}});
  const Outcome outcome = follow(run);
  ASSERT_EQ(outcome.status, BCDA_OK) << outcome.message;
  EXPECT_NE(run.result().json().find(R"("since":"2020-02-13T00:00:00.000Z")"), std::string::npos);
}

// ---- Deleted resources

TEST(DeletedResources, AreATypedList) {
  const TempDir dir;
  fs::create_directories(dir / "deleted");
  const std::string bundle =
      R"({"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"DELETE","url":"Patient/1"}},)"
      R"({"request":{"method":"DELETE","url":"Claim/2"}}]})";
  std::ofstream((dir / "deleted") + "/a.ndjson") << bundle << "\n" << bundle << "\n";
  const std::string receipt =
      R"({"transactionTime":"2026-01-01T00:00:00Z","started":"2026-01-01T00:00:00Z","finished":"2026-01-01T00:00:00Z",)"
      R"("files":[],"errors":[],"deleted":[{"type":"Bundle","path":"deleted/a.ndjson","bytes":1,"records":2,)"
      R"("sha256":"5107b6b6ee005fdeefaf9b138b9726c5328bef60f9ad2232e8d60e8f79d1fd76",)"
      R"("decrypted":false,"url":"https://h/a"}]})";
  const bcda::Result result = bcda::Result::open(dir.path(), receipt);
  EXPECT_EQ(result.deleted(), R"([{"type":"Patient","id":"1"},{"type":"Claim","id":"2"}])");
  std::ofstream((dir / "deleted") + "/a.ndjson");
  try {
    result.deleted();
    FAIL() << "an emptied file";
  } catch (const bcda::Error& error) {
    EXPECT_EQ(error.status(), BCDA_VERIFICATION);
  }
  std::ofstream((dir / "deleted") + "/a.ndjson") << R"({"resourceType":"Patient","id":"Secret1"})";
  try {
    result.deleted();
    FAIL() << "another file";
  } catch (const bcda::Error& error) {
    EXPECT_EQ(error.status(), BCDA_VERIFICATION);
    EXPECT_EQ(std::string(error.what()).find("Secret1"), std::string::npos) << error.what();
  }
}

// ---- Tables ----------------------------------------------------------------------------------------------------------

#ifdef BCDA_TABLES

// The rows of all tables, each as the name of its table and JSON, in an order of their own.
std::vector<std::string> rows_of(const std::string& path) {
  const std::vector<std::string> names = bcda::table_names();
  bcda::Tables tables({path}, names, {});
  std::vector<std::string> files(names.size());
  std::int32_t table = 0;
  std::string_view piece;
  while (tables.encode("ndjson", table, piece)) files[static_cast<std::size_t>(table)] += piece;
  std::vector<std::string> rows;
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::istringstream lines(files[i]);
    for (std::string line; std::getline(lines, line);) rows.push_back(names[i] + " " + line);
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

// The service names one of 100 persons as removed: those whose numbers follow the numbers of all others.
TEST(SyncTables, OfAFullRunAndTwelveLaterOnesAreThoseOfAFullExport) {
  const TempDir dir;
  const auto serve = [](const std::string& port, const std::string& persons) {
    return quick_sandbox(
        {{"profile", "generic"}, {"changes", "0.2"}, {"beneficiaries", persons}, {"port", port}, {"clock", "-288h"}});
  };
  const auto run = [&](bcda::Sandbox& sandbox, bool is_sync, const std::string& out) {
    const bcda::Client client(quick_config(sandbox));
    bcda::Config settings;
    settings.set("out", dir / out);
    bcda::Run started = is_sync ? client.start_sync(settings) : client.start_export(settings);
    const Outcome outcome = follow(started);
    EXPECT_EQ(outcome.status, BCDA_OK) << outcome.message;
    return started.result().deleted();
  };
  std::string port;
  {
    bcda::Sandbox before = serve("0", "303");
    const std::string url = before.config().value("url");
    port = url.substr(url.find(':', 6) + 1, 5);
    run(before, true, "series");
  }
  bcda::Sandbox sandbox = serve(port, "300");
  for (int day = 1; day <= 12; ++day) {
    sandbox.control("clock", "24h");
    EXPECT_NE(run(sandbox, true, "series"), "[]") << "deletions";
  }
  run(sandbox, false, "full");
  const auto series = rows_of(dir / "series"), full = rows_of(dir / "full");
  EXPECT_GT(full.size(), 1000u);
  std::vector<std::string> differences;
  std::set_symmetric_difference(series.begin(), series.end(), full.begin(), full.end(),
                                std::back_inserter(differences));
  EXPECT_EQ(differences, std::vector<std::string>());
}

#endif

}  // namespace
}  // namespace bcda_test
