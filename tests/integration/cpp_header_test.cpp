// The additions of bcda.hpp to the C interface: owning classes, exceptions, sinks as objects, iteration.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <bcda/bcda_sandbox.hpp>
#include <filesystem>
#include <map>
#include <mutex>

namespace {

namespace fs = std::filesystem;

// Records the data that a sink received, and how each file ended.
struct Received {
  std::mutex mutex;
  std::map<std::string, std::string> committed;
  int aborted = 0;
};

class MemoryFile : public bcda::SinkFile {
 public:
  MemoryFile(Received& received, std::string name, bool breaks)
      : received_(received), name_(std::move(name)), breaks_(breaks) {}
  void write(std::string_view bytes) override {
    if (breaks_) throw std::runtime_error("the store is full");
    text_ += bytes;
  }
  void commit(std::int64_t size, const std::string& sha256) override {
    EXPECT_EQ(size, static_cast<std::int64_t>(text_.size()));
    EXPECT_EQ(sha256.size(), 64u);
    const std::lock_guard lock(received_.mutex);
    received_.committed[name_] = text_;
  }
  void abort() override {
    const std::lock_guard lock(received_.mutex);
    ++received_.aborted;
  }

 private:
  Received& received_;
  std::string name_, text_;
  bool breaks_;
};

class CppHeader : public testing::Test {
 protected:
  CppHeader() { fs::remove_all(out); }
  ~CppHeader() override { fs::remove_all(out); }

  bcda::Config config() {
    bcda::Config config = sandbox.config();
    config.set("out", out.string()).set("types", "Patient").set("poll_interval", bcda::Milliseconds(50));
    return config;
  }
  bcda::Sink sink(bool breaks) {
    return bcda::Sink([this, breaks](const std::string& name, const std::string& type) {
      EXPECT_EQ(type, "Patient");
      return std::make_unique<MemoryFile>(received, name, breaks);
    });
  }

  bcda::Sandbox sandbox{
      {"pending_time", "0"}, {"job_time", "0"}, {"beneficiaries", "40"}, {"beneficiaries_per_file", "20"}};
  const fs::path out = fs::path(testing::TempDir()) / ("bcda-cpp-" + std::to_string(getpid()));
  Received received;
};

TEST_F(CppHeader, EventsResultAndRecords) {
  const bcda::Client client(config());
  bcda::Run run = client.start_export();
  bcda::EventKind last = BCDA_EVENT_STATE;
  for (const bcda::Event& event : run.events()) last = event.kind();
  EXPECT_EQ(last, BCDA_EVENT_FINISHED);
  EXPECT_TRUE(run.wait());

  const bcda::Result result = run.result();
  ASSERT_EQ(result.size(), 2);
  for (const bcda::File file : result) {
    std::int64_t records = 0;
    bcda::Reader reader(file.path());
    for (const std::string_view record : reader) {
      EXPECT_EQ(record.front(), '{');
      EXPECT_EQ(reader.line(), ++records);
    }
    EXPECT_EQ(records, file.records());
    EXPECT_TRUE(file.decrypted());
  }
  EXPECT_THROW(result[2], std::out_of_range);
}

TEST_F(CppHeader, SinkReceivesWholeFiles) {
  const bcda::Client client(config());
  const bcda::Sink store = sink(false);
  bcda::Run run = client.start_export({}, store);
  EXPECT_TRUE(run.wait());
  EXPECT_EQ(received.committed.size(), 2u);
  EXPECT_EQ(received.aborted, 0);
  EXPECT_FALSE(store.failure());
  EXPECT_FALSE(fs::exists(out));
}

TEST_F(CppHeader, ExceptionOfASinkFailsTheFileAndIsKept) {
  const bcda::Client client(config());
  const bcda::Sink store = sink(true);
  bcda::Run run = client.start_export({}, store);
  try {
    run.wait();
    FAIL() << "no exception";
  } catch (const bcda::Error& error) {
    EXPECT_EQ(error.status(), BCDA_SINK) << error.what();
  }
  EXPECT_TRUE(received.committed.empty());
  EXPECT_GT(received.aborted, 0);
  EXPECT_THROW(std::rethrow_exception(store.failure()), std::runtime_error);
}

TEST_F(CppHeader, ManifestThenFetchOneFile) {
  const bcda::Client client(config());
  bcda::Run jobs = client.start_manifest();
  jobs.wait();
  const std::string manifest = jobs.result().manifest();
  const std::string name = manifest.substr(manifest.find(".ndjson") - 36, 36 + 7);
  bcda::Run fetch = client.start_fetch(manifest, {}, name);
  EXPECT_TRUE(fetch.wait());
  EXPECT_EQ(fetch.result().size(), 1);
}

TEST_F(CppHeader, NotifyWakesAndCanBeReplaced) {
  const bcda::Client client(config());
  bcda::Run run = client.start_export();
  std::atomic<int> first{0}, second{0};
  run.set_notify([&] { ++first; });
  run.set_notify([&] { ++second; });
  run.wait();
  run.set_notify({});
  EXPECT_GT(second, 0);
  bcda::Run moved = std::move(run);
  EXPECT_EQ(moved.result().size(), 2);
}

TEST_F(CppHeader, NextEventDistinguishesNoEventFromTheEnd) {
  sandbox.control("job_time", "1h");
  const bcda::Client client(config());
  bcda::Run run = client.start_export();
  bcda::Event event;
  while (run.next_event(event, bcda::Milliseconds(2000)) == BCDA_OK && event.kind() != BCDA_EVENT_POLL) {}
  EXPECT_FALSE(run.wait(bcda::Milliseconds(0)));
  EXPECT_THROW(run.result(), bcda::Error);
  run.cancel();
  while (run.next_event(event) == BCDA_OK) {}
  EXPECT_EQ(event.status(), BCDA_CANCELED);
  EXPECT_EQ(run.next_event(event), BCDA_END);
}

TEST_F(CppHeader, AnEarlierExportIsOpenedAgain) {
  bcda::Run run = bcda::Client(config()).start_export();
  run.wait();
  const bcda::Result exported = run.result(), opened = bcda::Result::open(out.string()),
                     reopened = bcda::Result::open("elsewhere", exported.json());
  ASSERT_EQ(opened.size(), exported.size());
  EXPECT_EQ(opened.json(), exported.json());
  EXPECT_EQ(opened.transaction_time(), exported.transaction_time());
  EXPECT_EQ(opened.elapsed(), exported.elapsed());
  for (std::int32_t i = 0; i < exported.size(); ++i) {
    EXPECT_EQ(opened[i].path(), exported[i].path());
    EXPECT_EQ(opened[i].type(), exported[i].type());
    EXPECT_EQ(opened[i].sha256(), exported[i].sha256());
    EXPECT_EQ(opened[i].bytes(), exported[i].bytes());
    EXPECT_EQ(opened[i].records(), exported[i].records());
    EXPECT_EQ(reopened[i].path(), "elsewhere" + exported[i].path().substr(out.string().size()));
  }
  EXPECT_THROW(bcda::Result::open((out / "none").string()), bcda::Error);
}

TEST_F(CppHeader, ProviderSuppliesTheSecret) {
  bcda::Config own = config();
  int asked = 0;
  own.set_provider("client_secret", [&] { return ++asked, sandbox.client_secret(); });
  const bcda::Client client(own);
  EXPECT_EQ(asked, 1);
  EXPECT_TRUE(client.start_export().wait());
  own.set_provider("client_secret", []() -> std::string { throw std::runtime_error("the vault is shut"); });
  EXPECT_THROW(bcda::Client{own}, bcda::Error);
}

TEST_F(CppHeader, ErrorsHaveTheServersText) {
  bcda::Config own = config();
  own.set("types", "Patient").set("retries", 0);
  sandbox.control("fault", "status=404:on=GET /api/v1/Patient");
  const bcda::Client client(own);
  try {
    client.start_manifest().wait();
    FAIL() << "no exception";
  } catch (const bcda::Error& error) {
    EXPECT_EQ(error.status(), BCDA_REFUSED);
    EXPECT_EQ(error.http_status(), 404);
    EXPECT_NE(std::string(error.what()).find("the kick-off for Patient"), std::string::npos) << error.what();
  }
}

}  // namespace
