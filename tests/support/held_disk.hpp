// A disk some of whose calls do not return, like those to a file server that is gone.
#pragma once
#include <pthread.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "support/disk_over.hpp"
#include "world/system_world.hpp"

namespace libbcda::test {

// The calls of the system's disk. While it is armed for a call, each such call waits until release(), except on the
// thread of the test.
class HeldDisk : public DiskOver {
 public:
  HeldDisk() : DiskOver(world::system_disk()) {}

  // "open", "write", "sync", "link", "unlink", "close", ...; `threads`: only on threads of this name.
  void hold(const std::string& call, const std::string& threads = "") {
    const std::lock_guard lock(mutex_);
    armed_ = call;
    threads_ = threads;
  }
  // Lets later calls pass. Those that are held stay held.
  void disarm() { hold(""); }
  void release() {
    const std::lock_guard lock(mutex_);
    armed_.clear();
    ++released_;
    changed_.notify_all();
  }
  // Waits until so many calls are held.
  bool wait_held(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return held_ >= count; });
  }

 private:
  void before(const char* call) noexcept override {
    std::unique_lock lock(mutex_);
    if (armed_ != call || std::this_thread::get_id() == test_ || !is_on_such_a_thread()) return;
    const int releases = released_;
    ++held_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return released_ != releases; });
    --held_;
  }

  bool is_on_such_a_thread() const {
    char name[16] = "";
    ::pthread_getname_np(::pthread_self(), name, sizeof name);
    return threads_.empty() || threads_ == name;
  }

  const std::thread::id test_ = std::this_thread::get_id();
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string armed_, threads_;
  int held_ = 0, released_ = 0;
};

// The real world with such a disk, which the test keeps, because threads that are left behind use it.
class HeldWorld : public world::SystemWorld {
 public:
  explicit HeldWorld(HeldDisk& disk) : SystemWorld(2), disk_(disk) {}
  world::Disk& disk() override { return disk_; }

 private:
  HeldDisk& disk_;
};

}  // namespace libbcda::test
