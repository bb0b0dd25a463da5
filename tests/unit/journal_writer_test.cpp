// Several threads write the journal of one directory.
#include "transfer/journal_writer.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <future>
#include <string>
#include <vector>

#include "support/disk_over.hpp"
#include "support/errors.hpp"
#include "support/files.hpp"
#include "transfer/workspace.hpp"

namespace libbcda::transfer {
namespace {

// The system's disk. While it is armed, a sync waits until the test lets it go, and may then fail.
class SlowSyncs : public test::DiskOver {
 public:
  SlowSyncs() : DiskOver(world::system_disk()) {}

  int sync(int fd, world::Sync how, std::int64_t offset, std::int64_t length) noexcept override {
    std::unique_lock lock(mutex_);
    if (!armed_) return DiskOver::sync(fd, how, offset, length);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !armed_; });
    if (!std::exchange(fails_, false)) return DiskOver::sync(fd, how, offset, length);
    errno = EIO;
    return -1;
  }
  void arm(bool fails = false) {
    const std::lock_guard lock(mutex_);
    armed_ = true;
    fails_ = fails;
    waiting_ = 0;
  }
  void let_go() {
    const std::lock_guard lock(mutex_);
    armed_ = false;
    changed_.notify_all();
  }
  void wait_for_a_sync() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_ > 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool armed_ = false, fails_ = false;
  int waiting_ = 0;
};

class JournalWriters : public testing::Test {
 protected:
  static FileRecord record(const std::string& path) { return {{path, "https://h/" + path, "Patient", "k", "j"}, {}}; }

  // Writes a record on a thread. The result is whether it is durable.
  std::future<bool> write(const std::string& path) {
    return std::async(std::launch::async, [this, path] {
      try {
        space_->journal().file_coming(record(path));
        return true;
      } catch (const Error& e) {
        EXPECT_EQ(e.status, Status::FILESYSTEM);
        return false;
      }
    });
  }
  JournalState written() const { return read_journals(space_->work()); }

  test::TempDir temp_;
  SlowSyncs disk_;
  std::unique_ptr<Workspace> space_ =
      Workspace::for_export(temp_ / "out", {.intent = {{"types", "Patient"}}}, Durability::power,
                            {world::system_local().clock, world::system_local().random, disk_});
};

TEST_F(JournalWriters, RecordsThatComeWhileTheDiskIsSlowAreAllThere) {
  disk_.arm();
  std::vector<std::future<bool>> waiting;
  waiting.push_back(write("0.ndjson"));
  disk_.wait_for_a_sync();
  for (int i = 1; i < 6; ++i) waiting.push_back(write(std::to_string(i) + ".ndjson"));
  EXPECT_EQ(written().files.size(), 1u) << "a record was written beside one that is not durable";
  disk_.let_go();
  for (auto& one : waiting) EXPECT_TRUE(one.get());
  EXPECT_EQ(written().damage, "");
  EXPECT_EQ(written().files.size(), 6u);
}

// What was written into the journal of the failed sync may be lost, so nothing more goes there.
TEST_F(JournalWriters, AFailedSyncIsTheFailureOfItsRecordsAlone) {
  disk_.arm(true);
  std::future<bool> first = write("0.ndjson");
  disk_.wait_for_a_sync();
  std::future<bool> second = write("1.ndjson");
  disk_.let_go();
  EXPECT_FALSE(first.get());
  EXPECT_TRUE(second.get());
  EXPECT_TRUE(space_->work().contains("journal-2.ndjson"));
  EXPECT_EQ(written().damage, "");
  EXPECT_EQ(written().files.count("1.ndjson"), 1u);
}

// Without this, each try would leave one more journal.
TEST(JournalWriter, ADirectoryThatCannotBeSyncedIsAnErrorAtOnce) {
  struct BrokenSyncs : test::DiskOver {
    BrokenSyncs() : DiskOver(world::system_disk()) {}
    int sync(int, world::Sync, std::int64_t, std::int64_t) noexcept override {
      errno = EIO;
      return -1;
    }
  } disk;
  const test::TempDir temp;
  const world::Local real = world::system_local();
  const Error error = test::error_of([&] {
    Workspace::for_export(temp / "out", {.intent = {{"types", "Patient"}}}, Durability::power,
                          {real.clock, real.random, disk});
  });
  EXPECT_EQ(error.status, Status::FILESYSTEM);
  EXPECT_TRUE(test::holds(error.message, "set durability to process")) << error.message;
}

}  // namespace
}  // namespace libbcda::transfer
