#include "files/shared_sync.hpp"

#include <gtest/gtest.h>

#include <future>
#include <string>
#include <thread>
#include <vector>

#include "support/errors.hpp"

namespace libbcda::files {
namespace {

// Syncs of a disk that takes its time: each one waits until the test lets it go.
class SlowDisk {
 public:
  bool sync() {
    std::unique_lock lock(mutex_);
    const int mine = ++begun_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return allowed_ >= mine; });
    if (mine == bad_) throw Error(Status::FILESYSTEM, "the disk is broken");
    return true;
  }
  void wait_for_begun(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return begun_ >= count; });
  }
  void allow(int count) {
    const std::lock_guard lock(mutex_);
    allowed_ = count;
    changed_.notify_all();
  }
  void fail_at(int number) { bad_ = number; }  // counted from 1
  int begun() {
    const std::lock_guard lock(mutex_);
    return begun_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int begun_ = 0, allowed_ = 0, bad_ = 0;
};

class SharedSyncs : public testing::Test {
 protected:
  // Joins now, and waits on a thread. The result is "" or the message of the failure.
  std::future<std::string> wait() {
    return std::async(std::launch::async, [this, number = shared_.join()] {
      try {
        return shared_.wait(number, [this] { return disk_.sync(); }) ? std::string() : "unable";
      } catch (const Error& e) {
        return e.message;
      }
    });
  }

  SharedSync shared_;
  SlowDisk disk_;
};

TEST_F(SharedSyncs, OneServesAllWhoCameWhileAnotherWasUnderWay) {
  std::vector<std::future<std::string>> waiting;
  waiting.push_back(wait());
  disk_.wait_for_begun(1);
  for (int i = 0; i < 5; ++i) waiting.push_back(wait());
  disk_.allow(1);
  EXPECT_EQ(waiting[0].get(), "");
  disk_.wait_for_begun(2);
  EXPECT_EQ(waiting[1].wait_for(std::chrono::seconds(0)), std::future_status::timeout);  // the first one was too early
  disk_.allow(2);
  for (std::size_t i = 1; i < waiting.size(); ++i) EXPECT_EQ(waiting[i].get(), "");
  EXPECT_EQ(disk_.begun(), 2);
}

TEST_F(SharedSyncs, EachOneWhoComesLaterHasAnother) {
  disk_.allow(3);
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(wait().get(), "");
    EXPECT_EQ(disk_.begun(), i);
  }
}

// The system reports a failed write to one sync alone, so the next one would succeed although bytes are lost.
TEST_F(SharedSyncs, AFailureIsThatOfAllWhoCome) {
  disk_.fail_at(1);
  std::vector<std::future<std::string>> waiting;
  waiting.push_back(wait());
  disk_.wait_for_begun(1);
  for (int i = 0; i < 3; ++i) waiting.push_back(wait());
  disk_.allow(9);
  for (auto& one : waiting) EXPECT_EQ(one.get(), "the disk is broken");
  EXPECT_EQ(wait().get(), "the disk is broken") << "what was written meanwhile may be lost too";
  EXPECT_EQ(disk_.begun(), 1);
}

TEST_F(SharedSyncs, AFileSystemThatCannotSyncIsNoFailure) {
  EXPECT_FALSE(shared_.wait(shared_.join(), [] { return false; }));
  EXPECT_TRUE(shared_.wait(shared_.join(), [] { return true; }));
}

}  // namespace
}  // namespace libbcda::files
