// The lifecycle of handles: events, cancellation, sinks, manifest and fetch, fork, destruction during a run.
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "integration/support.hpp"

namespace bcda_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// A sandbox whose downloads never end by themselves.
bcda::Sandbox endless_sandbox() {
  return quick_sandbox({{"bytes_per_type", "512MiB"}, {"files_per_type", "4"}, {"fault", "drip=64KiB:on=GET /data"}});
}

// The first data file of an export in `directory`.
std::string data_file(const bcda_result& result, const std::string& directory) {
  const std::string path = bcda_file_path(bcda_result_file(&result, 0));
  return path.rfind('/', 0) == 0 ? path : directory + "/" + path;
}

void until_downloading(bcda::Run& run) {
  for (bcda::Event event; run.next_event(event) == BCDA_OK;)
    if (event.kind() == BCDA_EVENT_PROGRESS && event.bytes_done() > 0) return;
  FAIL() << "the run ended before it downloaded anything";
}

TEST(Cancel, StopsAtOnceAndLeavesNoPartialFileVisible) {
  bcda::Sandbox sandbox = endless_sandbox();
  TempDir dir;
  bcda::Client client(quick_config(sandbox).set("types", "Patient"));
  bcda::Run run = client.start_export({{"out", dir / "out"}});
  until_downloading(run);
  auto begin = steady_clock::now();
  run.cancel();
  Outcome outcome = follow(run);
  EXPECT_EQ(outcome.status, BCDA_CANCELED);
  EXPECT_LT(steady_clock::now() - begin, milliseconds(5000)) << "a hang, not a measurement";
  EXPECT_TRUE(data_files(dir / "out").empty());
  EXPECT_TRUE(fs::exists(dir / "out/.bcda/journal.ndjson"));
  EXPECT_FALSE(fs::exists(dir / "out/export.json"));
}

TEST(Cancel, WhileWaitingForTheJob) {
  bcda::Sandbox sandbox = quick_sandbox({{"fault", "job-hangs"}});
  TempDir dir;
  bcda::Client client(quick_config(sandbox).set("poll_interval", "1h").set("poll_max_interval", "1h"));
  bcda::Run run = client.start_export({{"out", dir / "out"}});
  for (bcda::Event event; run.next_event(event) == BCDA_OK;)
    if (event.kind() == BCDA_EVENT_JOB) break;
  run.cancel();
  EXPECT_EQ(follow(run).status, BCDA_CANCELED);
}

TEST(Cancel, OfOneRunLeavesTheOthersAlone) {
  bcda::Sandbox sandbox = quick_sandbox({{"fault", "delay=300ms:count=1:on=POST /auth/token"}});
  TempDir dir;
  bcda::Client client(quick_config(sandbox).set("types", "Patient"));
  bcda::Run first = client.start_export({{"out", dir / "1"}});   // requests the token
  bcda::Run second = client.start_export({{"out", dir / "2"}});  // waits for the same token
  for (bcda::Event event; first.next_event(event) == BCDA_OK;)
    if (event.kind() == BCDA_EVENT_STATE) break;
  first.cancel();
  EXPECT_EQ(follow(first).status, BCDA_CANCELED);
  Outcome outcome = follow(second);
  EXPECT_EQ(outcome.status, BCDA_OK) << outcome.message;
}

TEST(Cancel, AfterTheEndChangesNothing) {
  bcda::Sandbox sandbox = quick_sandbox();
  TempDir dir;
  bcda::Client client(quick_config(sandbox).set("types", "Patient"));
  bcda::Run run = client.start_export({{"out", dir / "out"}});
  EXPECT_TRUE(run.wait());
  run.cancel();
  EXPECT_EQ(follow(run).status, BCDA_OK);
  EXPECT_EQ(run.result().size(), 3);
}

TEST(Handles, DestroyedDuringARunInAnyOrder) {
  bcda::Sandbox sandbox = endless_sandbox();
  for (bool client_first : {true, false}) {
    TempDir dir;
    auto client = std::make_unique<bcda::Client>(quick_config(sandbox));
    auto run = std::make_unique<bcda::Run>(client->start_export({{"out", dir / "out"}}));
    until_downloading(*run);
    if (client_first) client.reset();
    run.reset();
    EXPECT_TRUE(data_files(dir / "out").empty());
  }
}

// One of each kind, while a second run of the client is in flight.
TEST(Handles, AreDestroyedInAnyOrderOnAnyThread) {
  bcda::Sandbox sandbox = quick_sandbox();
  std::mt19937 dice(20190920);
  for (int round = 0; round < 12; ++round) {
    TempDir dir;
    bcda_config* config = nullptr;
    bcda_client* client = nullptr;
    bcda_run *done = nullptr, *in_flight = nullptr;
    bcda_event* event = nullptr;
    bcda_result* result = nullptr;
    bcda_reader* reader = nullptr;
    bcda_error* error = nullptr;
    ASSERT_EQ(bcda_config_create(&config, nullptr), BCDA_OK);
    ASSERT_EQ(bcda_config_set(config, "out", (dir / "done").c_str(), nullptr), BCDA_OK);
    ASSERT_EQ(bcda_client_create(quick_config(sandbox).set("types", "Patient").get(), &client, nullptr), BCDA_OK);
    ASSERT_EQ(bcda_export_start(client, config, nullptr, &done, nullptr), BCDA_OK);
    ASSERT_EQ(bcda_run_wait(done, -1, nullptr), BCDA_OK);
    ASSERT_EQ(bcda_run_next_event(done, -1, &event, nullptr), BCDA_OK);
    ASSERT_EQ(bcda_run_result(done, &result, nullptr), BCDA_OK);
    ASSERT_EQ(bcda_reader_open(data_file(*result, dir / "done").c_str(), &reader, nullptr), BCDA_OK);
    ASSERT_NE(bcda_export_start(client, config, nullptr, &in_flight, &error), BCDA_OK);  // the directory is not empty
    ASSERT_EQ(bcda_config_set(config, "out", (dir / "in flight").c_str(), nullptr), BCDA_OK);
    ASSERT_EQ(bcda_export_start(client, config, nullptr, &in_flight, nullptr), BCDA_OK);
    std::vector<std::function<void()>> ends = {
        [=] { bcda_config_destroy(config); }, [=] { bcda_client_destroy(client); },
        [=] { bcda_run_destroy(done); },      [=] { bcda_event_destroy(event); },
        [=] { bcda_run_destroy(in_flight); }, [=] { bcda_result_destroy(result); },
        [=] { bcda_error_destroy(error); },   [=] { bcda_reader_destroy(reader); },
    };
    std::shuffle(ends.begin(), ends.end(), dice);
    std::vector<std::thread> threads;
    for (const auto& end : ends) {
      threads.emplace_back(end);
      if (round % 2) threads.back().join();  // in this order; otherwise side by side
    }
    for (std::thread& thread : threads)
      if (thread.joinable()) thread.join();
    EXPECT_EQ(bcda_live_handles(), 0);
  }
}

TEST(Handles, WaitAndNextEventKeepTheirTimeouts) {
  bcda::Sandbox sandbox = quick_sandbox({{"fault", "job-hangs"}});
  TempDir dir;
  bcda::Client client(quick_config(sandbox).set("poll_interval", "1h").set("poll_max_interval", "1h"));
  bcda::Run run = client.start_export({{"out", dir / "out"}});
  EXPECT_FALSE(run.wait(milliseconds(1)));
  bcda::Event event;
  while (run.next_event(event, milliseconds(300)) == BCDA_OK) {}
  EXPECT_EQ(run.next_event(event, milliseconds(0)), BCDA_AGAIN);
  EXPECT_THROW(run.result(), bcda::Error);
}

TEST(Handles, NotifyWakesAnOutsideLoop) {
  bcda::Sandbox sandbox = quick_sandbox();
  TempDir dir;
  bcda::Client client(quick_config(sandbox));
  bcda::Run run = client.start_export({{"out", dir / "out"}});
  std::mutex mutex;
  std::condition_variable changed;
  bool signaled = false, ended = false;
  run.set_notify([&] {
    std::lock_guard<std::mutex> lock(mutex);
    signaled = true;
    changed.notify_one();
  });
  while (!ended) {
    {
      std::unique_lock<std::mutex> lock(mutex);
      ASSERT_TRUE(changed.wait_for(lock, std::chrono::seconds(20), [&] { return signaled; }));
      signaled = false;
    }
    bcda::Event event;
    bcda::Status status;
    while ((status = run.next_event(event, milliseconds(0))) == BCDA_OK) {}
    ended = status == BCDA_END;
  }
  run.set_notify({});  // the last call may still be on its way
  EXPECT_TRUE(run.wait());
}

TEST(Handles, ADescriptorIsReadableWhileThereIsAnEvent) {
  bcda::Sandbox sandbox = quick_sandbox();
  TempDir dir;
  bcda::Client client(quick_config(sandbox));
  bcda::Run run = client.start_export({{"out", dir / "out"}});
  std::atomic<int> notified{0};
  run.set_notify([&] { ++notified; });  // works together with the descriptor
  pollfd polled{run.fd(), POLLIN, 0};
  EXPECT_EQ(run.fd(), polled.fd);
  int files = 0, woken = 0;
  for (bcda::Status status = BCDA_OK; status != BCDA_END; ++woken) {
    ASSERT_EQ(::poll(&polled, 1, 60'000), 1) << "nothing within a minute";
    ASSERT_EQ(polled.revents, POLLIN);
    bcda::Event event;
    while ((status = run.next_event(event, milliseconds(0))) == BCDA_OK) files += event.kind() == BCDA_EVENT_FILE;
  }
  EXPECT_EQ(files, run.result().size());
  EXPECT_GT(woken, 1);
  EXPECT_GT(notified, 0);
  EXPECT_EQ(::poll(&polled, 1, 0), 1) << "readable from the end on";
  { const bcda::Run gone = std::move(run); }
  // The run owns the descriptor, and a thread of the library may release the run a moment later.
  for (int i = 0; i < 1000 && ::fcntl(polled.fd, F_GETFD) != -1; ++i) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_EQ(::fcntl(polled.fd, F_GETFD), -1);
}

TEST(Handles, ARunHasAKind) {
  bcda::Sandbox sandbox = quick_sandbox();
  TempDir dir;
  bcda::Client client(quick_config(sandbox).set("types", "Coverage,Patient"));
  bcda::Run jobs = client.start_manifest();
  jobs.wait();
  const struct {
    bcda::Run run;
    bcda::RunKind kind;
    const char *name, *types;
  } cases[] = {
      {client.start_export({{"out", dir / "export"}}), BCDA_RUN_EXPORT, "export", "Coverage,Patient"},
      {client.start_fetch(jobs.result().manifest(), {{"out", dir / "fetch"}}), BCDA_RUN_FETCH, "fetch", ""},
      {client.start_metadata(), BCDA_RUN_METADATA, "metadata", ""},
      {std::move(jobs), BCDA_RUN_MANIFEST, "manifest", "Coverage,Patient"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(c.run.kind(), c.kind);
    EXPECT_EQ(c.run.kind_name(), c.name);
    ASSERT_EQ(bcda_run_wait(c.run.get(), -1, nullptr), BCDA_OK);
    bcda_result* result = nullptr;
    ASSERT_EQ(bcda_run_result(c.run.get(), &result, nullptr), BCDA_OK);
    EXPECT_STREQ(bcda_result_types(result), c.types) << c.name;
    bcda_result_destroy(result);
  }
  EXPECT_EQ(bcda::Result::open(dir / "export").types(), "Coverage,Patient");
}

TEST(Handles, ManyReadersOfOneRunGetEachEventOnce) {
  bcda::Sandbox sandbox = quick_sandbox();
  TempDir dir;
  bcda::Client client(quick_config(sandbox));
  bcda::Run run = client.start_export({{"out", dir / "out"}});
  std::atomic<int> files{0}, ends{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i)
    readers.emplace_back([&] {
      for (bcda::Event event; run.next_event(event) == BCDA_OK;)
        if (event.kind() == BCDA_EVENT_FILE) ++files;
      ++ends;
    });
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(files, 9);
  EXPECT_EQ(ends, 4);
}

TEST(Handles, AForkedChildGetsAnErrorAndDoesNotHang) {
  bcda::Sandbox sandbox = quick_sandbox();
  TempDir dir;
  bcda::Config config = quick_config(sandbox);
  bcda_client* client = nullptr;
  ASSERT_EQ(bcda_client_create(config.get(), &client, nullptr), BCDA_OK);
  pid_t child = fork();
  if (child == 0) {
    bcda_run* run = nullptr;
    bool right = bcda_export_start(client, nullptr, nullptr, &run, nullptr) == BCDA_STATE;
    bcda_client_destroy(client);
    _exit(right ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  bcda_client_destroy(client);
}

TEST(Handles, AProcessMayEndWithARunInFlight) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the test leaks objects on purpose, and LeakSanitizer would report them";
#endif
  bcda::Sandbox sandbox = endless_sandbox();
  TempDir dir;
  pid_t child = fork();
  if (child == 0) {
    auto* client = new bcda::Client(quick_config(sandbox));  // never destroyed
    auto* run = new bcda::Run(client->start_export({{"out", dir / "out"}}));
    until_downloading(*run);
    std::exit(0);  // static destructors run while the library's threads do
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_TRUE(data_files(dir / "out").empty());
}

TEST(Manifest, RunsTheJobsAndDownloadsNothing) {
  bcda::Sandbox sandbox = quick_sandbox();
  bcda::Client client(quick_config(sandbox));
  bcda::Run run = client.start_manifest();
  ASSERT_EQ(follow(run).status, BCDA_OK);
  std::string manifest = run.result().manifest();
  EXPECT_EQ(std::count(manifest.begin(), manifest.end(), '\n'), 3);
  EXPECT_NE(manifest.find("\"KeyMap\""), std::string::npos);
  EXPECT_EQ(sandbox.request_count("GET /data"), 0);
}

TEST(FetchHandles, TakesOneFileOrAllOfThem) {
  bcda::Sandbox sandbox = quick_sandbox();
  TempDir dir;
  bcda::Client client(quick_config(sandbox).set("types", "Patient"));
  bcda::Run jobs = client.start_manifest();
  ASSERT_EQ(follow(jobs).status, BCDA_OK);
  std::string manifest = jobs.result().manifest();
  std::size_t begin = manifest.find("/data/"), slash = manifest.find('/', begin + 6);
  std::string name = manifest.substr(slash + 1, manifest.find('"', slash) - slash - 1);

  bcda::Run one = client.start_fetch(manifest, {{"out", dir / "one"}}, name);
  Outcome outcome = follow(one);
  ASSERT_EQ(outcome.status, BCDA_OK) << outcome.message;
  EXPECT_EQ(visible_files(dir / "one"), std::vector<std::string>{"Patient." + name});
  bcda::Run rest = client.start_fetch(manifest, {{"out", dir / "all"}});
  EXPECT_EQ(follow(rest).status, BCDA_OK);
  EXPECT_EQ(data_files(dir / "all").size(), 3u);

  EXPECT_THROW(client.start_fetch(manifest, {{"out", dir / "none"}}, "no-such.ndjson"), bcda::Error);
  EXPECT_THROW(client.start_fetch("no manifest", {{"out", dir / "none"}}), bcda::Error);
  EXPECT_FALSE(fs::exists(dir / "none"));
}

TEST(Metadata, IsTheCapabilityStatementAndTakesNoToken) {
  bcda::Sandbox sandbox = quick_sandbox();
  bcda::Config config{{"url", sandbox.url()}, {"profile", "bcda-2019"}, {"ca_file", sandbox.ca_file()}};
  bcda::Client client(config);
  EXPECT_NE(client.metadata().find("CapabilityStatement"), std::string::npos);
  bcda::Run run = client.start_metadata();
  EXPECT_TRUE(run.wait());
  EXPECT_EQ(run.result().metadata(), client.metadata());
  EXPECT_TRUE(run.result().empty());
  EXPECT_EQ(sandbox.request_count("POST /auth/token"), 0);
}

TEST(Metadata, CanBeCanceled) {
  bcda::Sandbox sandbox = quick_sandbox();
  sandbox.control("fault", "delay=1h:on=GET /api/v1/metadata");
  bcda::Run run = bcda::Client(sandbox.config()).start_metadata();
  EXPECT_FALSE(run.wait(bcda::Milliseconds(20)));
  run.cancel();
  try {
    run.wait();
    FAIL() << "it should have been canceled";
  } catch (const bcda::Error& error) {
    EXPECT_EQ(error.status(), BCDA_CANCELED);
  }
}

// Records the calls of a sink, and can fail at a step.
struct Ledger {
  std::mutex mutex;
  std::map<std::string, std::string> pending, committed;
  std::set<std::string> aborted;
  std::string fail_at;
};

struct LedgerFile : bcda::SinkFile {
  LedgerFile(Ledger& l, std::string n) : ledger(l), name(std::move(n)) {}
  void write(std::string_view bytes) override {
    std::lock_guard<std::mutex> lock(ledger.mutex);
    if (ledger.fail_at == "write") throw std::runtime_error("no");
    ledger.pending[name] += bytes;
  }
  void commit(std::int64_t size, const std::string& digest) override {
    std::lock_guard<std::mutex> lock(ledger.mutex);
    if (ledger.fail_at == "commit") throw std::runtime_error("no");
    EXPECT_EQ(static_cast<std::int64_t>(ledger.pending[name].size()), size);
    EXPECT_EQ(sha256(ledger.pending[name]), digest);
    ledger.committed[name] = std::move(ledger.pending[name]);
  }
  void abort() override {
    std::lock_guard<std::mutex> lock(ledger.mutex);
    ledger.pending.erase(name);
    ledger.aborted.insert(name);
  }
  Ledger& ledger;
  std::string name;
};

Outcome export_into(Ledger& ledger, bcda::Sandbox& sandbox) {
  bcda::Sink sink([&](std::string_view name, std::string_view) -> std::unique_ptr<bcda::SinkFile> {
    if (ledger.fail_at == "begin") throw std::runtime_error("no");
    return std::make_unique<LedgerFile>(ledger, std::string(name));
  });
  bcda::Client client(quick_config(sandbox).set("types", "Patient"));
  bcda::Run run = client.start_export({}, sink);
  return follow(run);
}

TEST(Sinks, AreCommittedOnlyWhenVerified) {
  bcda::Sandbox sandbox = quick_sandbox({{"fault", "flip:count=1:at=90%"}});
  Ledger ledger;
  Outcome outcome = export_into(ledger, sandbox);
  EXPECT_EQ(outcome.status, BCDA_DECRYPTION) << outcome.message;
  EXPECT_EQ(ledger.committed.size(), 2u);
  EXPECT_EQ(ledger.aborted.size(), 1u);
  for (auto& [name, bytes] : ledger.committed) EXPECT_EQ(ledger.aborted.count(name), 0u);
}

TEST(Sinks, AFileThatIsRetriedIsAbortedAndBegunAgain) {
  bcda::Sandbox sandbox = quick_sandbox({{"fault", "truncate:at=50%:count=1:on=GET /data"}, {"fault", "ignore-range"}});
  Ledger ledger;
  Outcome outcome = export_into(ledger, sandbox);
  EXPECT_EQ(outcome.status, BCDA_OK) << outcome.message;
  EXPECT_EQ(ledger.committed.size(), 3u);
  EXPECT_EQ(ledger.aborted.size(), 1u);
}

TEST(Sinks, AFileThatIsContinuedIsBegunOnce) {
  bcda::Sandbox sandbox = quick_sandbox({{"fault", "truncate:at=50%:count=1:on=GET /data"}});
  Ledger ledger;
  Outcome outcome = export_into(ledger, sandbox);
  EXPECT_EQ(outcome.status, BCDA_OK) << outcome.message;
  EXPECT_EQ(ledger.committed.size(), 3u);
  EXPECT_EQ(ledger.aborted.size(), 0u);
}

// A sink whose commit waits until it is released.
struct SlowFile : bcda::SinkFile {
  SlowFile(std::atomic<bool>& c, std::atomic<bool>& r) : committing(c), release(r) {}
  void write(std::string_view) override {}
  void commit(std::int64_t, const std::string&) override {
    committing = true;
    committing.notify_all();
    release.wait(false);
  }
  void abort() override {}
  std::atomic<bool>&committing, &release;
};

TEST(Sinks, ACancelDuringACommitLetsItEnd) {
  bcda::Sandbox sandbox = quick_sandbox();
  std::atomic<bool> committing{false}, release{false};
  bcda::Sink sink([&](std::string_view, std::string_view) { return std::make_unique<SlowFile>(committing, release); });
  bcda::Client client(quick_config(sandbox).set("types", "Patient"));
  bcda::Run run = client.start_export({}, sink);
  committing.wait(false);
  run.cancel();
  release = true;
  release.notify_all();
  EXPECT_EQ(follow(run).status, BCDA_CANCELED);
  EXPECT_GE(run.result().size(), 1);  // the committed file is in the result
}

// Cancels its own run while the network is always faster than the sink.
struct BusyFile : bcda::SinkFile {
  BusyFile(std::atomic<int>& w, std::function<void()> c) : writes(w), cancel(std::move(c)) {}
  void write(std::string_view) override {
    if (++writes == 20) cancel();
  }
  void commit(std::int64_t, const std::string&) override {}
  void abort() override {}
  std::atomic<int>& writes;
  std::function<void()> cancel;
};

TEST(Sinks, ACancelReachesADownloadThatNeverWaitsBeforeItsNextBlock) {
  bcda::Sandbox sandbox = quick_sandbox({{"bytes_per_type", "256MiB"}, {"files_per_type", "1"}, {"tls", "false"}});
  std::atomic<int> writes{0};
  std::atomic<bcda_run*> handle{nullptr};
  bcda::Sink sink([&](std::string_view, std::string_view) {
    return std::make_unique<BusyFile>(writes, [&] {
      handle.wait(nullptr);
      bcda_run_cancel(handle);
    });
  });
  bcda::Client client(quick_config(sandbox).set("types", "Patient"));
  bcda::Run run = client.start_export({}, sink);
  handle = run.get();
  handle.notify_all();
  EXPECT_EQ(follow(run).status, BCDA_CANCELED);
  // One more block may have been passed on while the 20th was written.
  EXPECT_GE(writes, 20);
  EXPECT_LE(writes, 21) << "of 1024 or more";
}

// Waits in every call until it may continue.
struct BusySink {
  std::promise<void> opened;
  std::shared_future<void> open = opened.get_future().share();
  std::atomic<int> calls{0};

  struct File : bcda::SinkFile {
    explicit File(BusySink& s) : sink(s) {}
    void write(std::string_view) override { sink.wait(); }
    void commit(std::int64_t, const std::string&) override { sink.wait(); }
    void abort() override { sink.wait(); }
    BusySink& sink;
  };
  void wait() {
    ++calls;
    calls.notify_all();
    open.wait();
  }
  bcda::Sink native{[this](std::string_view, std::string_view) {
    wait();
    return std::make_unique<File>(*this);
  }};
};

TEST(Sinks, ABusySinkDelaysOnlyItsOwnFiles) {
  bcda::Sandbox sandbox = quick_sandbox({{"beneficiaries_per_file", "1"}});
  bcda::Client client(quick_config(sandbox).set("threads", 1));
  BusySink busy;
  bcda::Config patients;
  patients.set("types", "Patient").set("parallel", 2);
  bcda::Run run = client.start_export(patients, busy.native);
  for (int calls = 0; calls < 2; calls = busy.calls) busy.calls.wait(calls);  // the maximum number of calls at a time
  EXPECT_TRUE(client.start_metadata().wait(bcda::Milliseconds(30000)));
  Ledger ledger;
  bcda::Sink other(
      [&](std::string_view name, std::string_view) { return std::make_unique<LedgerFile>(ledger, std::string(name)); });
  bcda::Run beside = client.start_export(patients, other);
  EXPECT_TRUE(beside.wait(bcda::Milliseconds(30000)));
  busy.opened.set_value();
  EXPECT_TRUE(run.wait(bcda::Milliseconds(30000)));
}

TEST(Sinks, ACancelTakesEffectDuringABusyCall) {
  bcda::Sandbox sandbox = quick_sandbox({{"beneficiaries_per_file", "1"}});
  bcda::Client client(quick_config(sandbox).set("threads", 1));
  BusySink busy;
  bcda::Config patients;
  patients.set("types", "Patient");
  bcda::Run run = client.start_export(patients, busy.native);
  busy.calls.wait(0);
  run.cancel();
  EXPECT_TRUE(client.start_metadata().wait(bcda::Milliseconds(30000)));
  busy.opened.set_value();
  EXPECT_EQ(follow(run).status, BCDA_CANCELED);
}

TEST(Sinks, ThatFailAreReported) {
  for (const char* step : {"begin", "write", "commit"}) {
    bcda::Sandbox sandbox = quick_sandbox();
    Ledger ledger;
    ledger.fail_at = step;
    Outcome outcome = export_into(ledger, sandbox);
    EXPECT_EQ(outcome.status, BCDA_SINK) << step << ": " << outcome.message;
    EXPECT_TRUE(ledger.committed.empty());
    EXPECT_TRUE(ledger.pending.empty()) << step;
  }
}

}  // namespace
}  // namespace bcda_test
