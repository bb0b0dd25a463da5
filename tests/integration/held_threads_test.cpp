// A canceled run ends at once, although the system holds one of its threads in a call. That thread is left behind with
// what it uses, and goes away when the call returns.
#include <memory>
#include <thread>

#include "integration/leftovers.hpp"
#include "integration/scripted_service.hpp"
#include "runtime/run.hpp"
#include "runtime/session.hpp"
#include "support/held_disk.hpp"

namespace bcda_test {
namespace {

using libbcda::Milliseconds;
using libbcda::Status;
using libbcda::runtime::Run;
using libbcda::runtime::RunRequest;
using libbcda::runtime::Session;
using libbcda::test::HeldDisk;
using libbcda::test::HeldWorld;
using std::chrono::steady_clock;

constexpr auto kAtOnce = std::chrono::milliseconds(100);
constexpr int kDiskThreads = libbcda::world::kDiskThreads;

std::string manifest_of(int files) {
  std::string output;
  for (int i = 0; i < files; ++i)
    output += (i ? "," : "") + (R"({"type":"Patient","url":"/data/)" + std::to_string(i) + R"(.ndjson"})");
  return R"({"transactionTime":"2026-01-01T00:00:00Z","request":"r","requiresAccessToken":true,"output":[)" + output +
         R"(],"error":[]})";
}

class HeldThreads : public testing::Test {
 protected:
  HeldThreads() { remake(); }
  ~HeldThreads() override {
    disk_.release();
    session_.reset();
    EXPECT_TRUE(until([] { return left_threads() == 0; })) << "a thread was not released";
  }

  // A client with threads of its own.
  void remake() {
    libbcda::Settings settings;
    for (const auto& [name, value] :
         std::map<std::string, std::string>{{"url", service_.url()},
                                            {"client_id", "id"},
                                            {"client_secret", "secret"},
                                            {"allow_plaintext", "true"},
                                            {"types", "Patient"},
                                            {"poll_interval", "1ms"},
                                            {"retry_delay", "1ms"},
                                            {"tables", tables_},
                                            {"keep_ndjson", tables_.empty() ? "true" : "false"},
                                            {"parallel", parallel_}})
      settings.set(name, value);
    session_ = std::make_shared<Session>(settings, std::make_shared<HeldWorld>(disk_));
  }

  Run::Handle start(const std::string& name) {
    RunRequest request;
    request.settings = session_->settings();
    request.settings.set("out", dir_ / name);
    return Run::start(session_, std::move(request));
  }

  // Starts a run, cancels it while a thread is held in `call`, and returns how long the end took. `published`: the files
  // that the run has published before.
  steady_clock::duration cancel_in(const std::string& call, const std::string& name, const std::string& threads = "",
                                   std::size_t published = 0) {
    disk_.hold(call, threads);
    Run::Handle run = start(name);
    if (!disk_.wait_held(1)) {
      ADD_FAILURE() << "no call of " << call;
      return {};
    }
    const auto begun = steady_clock::now();
    run->cancel();
    run->mailbox().wait_finished(Milliseconds(-1));
    const auto failure = run->mailbox().failure();
    EXPECT_TRUE(failure.has_value());
    if (failure) {
      EXPECT_EQ(failure->status, Status::CANCELED);
    }
    EXPECT_EQ(run->result().files->size(), published);
    run.reset();
    session_.reset();  // the client too
    return steady_clock::now() - begun;
  }

  void expect_quick_end(const std::string& call, const std::string& threads = "", std::size_t published = 0) {
    const std::size_t before = open_descriptors();
    // A busy machine may delay any single try.
    auto best = steady_clock::duration::max();
    for (int round = 0; round < 5 && best >= kAtOnce; ++round) {
      if (!session_) remake();
      best = std::min(best, cancel_in(call, "out" + std::to_string(round), threads, published));
      EXPECT_TRUE(until([] { return left_threads() == 1; })) << "no thread waits for the call";
      disk_.release();
      EXPECT_TRUE(until([] { return left_threads() == 0; })) << "the thread does not go away";
    }
    EXPECT_LT(best, kAtOnce);
    EXPECT_TRUE(until([&] { return open_descriptors() <= before; })) << "a descriptor was lost";
  }

  std::string tables_, parallel_ = "4";
  TempDir dir_;
  // Not destroyed with the test, because the test sees the end of a left thread in /proc alone.
  static HeldDisk& shared_disk() {
    static HeldDisk disk;
    return disk;
  }
  HeldDisk& disk_ = shared_disk();
  std::atomic<int> wanted_files_{2};
  ScriptedService service_{[this](int) { return manifest_of(wanted_files_); }};
  std::shared_ptr<Session> session_;
};

class HeldCalls : public HeldThreads, public testing::WithParamInterface<const char*> {};

TEST_P(HeldCalls, DoNotDelayTheEndOfACanceledRun) { expect_quick_end(GetParam()); }

INSTANTIATE_TEST_SUITE_P(Each, HeldCalls, testing::Values("open", "write", "sync", "link", "unlink", "close", "status"),
                         [](const auto& call) { return std::string(call.param); });

class HeldTables : public HeldThreads, public testing::WithParamInterface<const char*> {};

// Both files are published when their tables are made.
TEST_P(HeldTables, DoNotDelayTheEndOfACanceledRun) {
  tables_ = "beneficiary";
  remake();
  expect_quick_end(GetParam(), "bcda-table", 2);
}

INSTANTIATE_TEST_SUITE_P(Each, HeldTables, testing::Values("open", "write", "unlink"),
                         [](const auto& call) { return std::string(call.param); });

TEST_F(HeldThreads, LeaveADirectoryWithWhichTheNextRunGoesOn) {
  cancel_in("link", "out");
  remake();
  disk_.disarm();
  std::thread releases([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    disk_.release();
  });
  Run::Handle next = start("out");  // waits until the directory is free
  next->mailbox().wait_finished(Milliseconds(-1));
  releases.join();
  const auto failure = next->mailbox().failure();
  EXPECT_FALSE(failure.has_value()) << failure->message;
  EXPECT_EQ(next->result().files->size(), 2u);
  EXPECT_EQ(data_files(dir_ / "out").size(), 2u);
}

// One publication has begun on each thread for the disk. The others wait for a thread.
TEST_F(HeldThreads, PublishNothingThatHadNotBegun) {
  wanted_files_ = kDiskThreads + 4;
  disk_.hold("link");
  Run::Handle run = start("out");
  ASSERT_TRUE(disk_.wait_held(kDiskThreads));
  ASSERT_TRUE(until([this] { return service_.downloads() == wanted_files_; }));
  run->cancel();
  run->mailbox().wait_finished(Milliseconds(-1));
  run.reset();
  disk_.release();
  ASSERT_TRUE(until([] { return left_threads() == 0; }));
  EXPECT_LE(data_files(dir_ / "out").size(), std::size_t{kDiskThreads});
}

// The setting `parallel` counts downloads. A sync may take as long as a small file, so the network does not wait for it.
TEST_F(HeldThreads, LetOtherFilesBeDownloadedMeanwhile) {
  parallel_ = "1";
  remake();
  wanted_files_ = 4;
  disk_.hold("link");
  Run::Handle run = start("out");
  ASSERT_TRUE(disk_.wait_held(4));
  EXPECT_EQ(service_.downloads(), 4);
  disk_.release();
  run->mailbox().wait_finished(Milliseconds(-1));
  const auto failure = run->mailbox().failure();
  EXPECT_FALSE(failure.has_value()) << failure->message;
  EXPECT_EQ(data_files(dir_ / "out").size(), 4u);
}

TEST_F(HeldThreads, KeepTheirDirectoryUntilTheyReturn) {
  cancel_in("link", "out");
  remake();
  disk_.disarm();
  try {
    start("out");
    ADD_FAILURE() << "two runs have one directory";
  } catch (const libbcda::Error& e) {
    EXPECT_NE(e.message.find("in use"), std::string::npos) << e.message;
  }
}

TEST_F(HeldThreads, AreReplacedSoThatOtherRunsOfTheClientGoOn) {
  std::vector<Run::Handle> held;
  disk_.hold("sync");
  for (int i = 0; i <= kDiskThreads; ++i) {
    held.push_back(start("held" + std::to_string(i)));
    ASSERT_TRUE(disk_.wait_held(std::min(i + 1, kDiskThreads)));
  }
  held.clear();
  disk_.disarm();
  Run::Handle next = start("out");
  ASSERT_TRUE(next->mailbox().wait_finished(Milliseconds(30'000)));
  EXPECT_FALSE(next->mailbox().failure().has_value());
}

}  // namespace
}  // namespace bcda_test
