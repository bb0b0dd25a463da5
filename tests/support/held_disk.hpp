// A disk some of whose calls do not return, like those to a file server that is gone.
#pragma once
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "world/disk.hpp"
#include "world/system_world.hpp"

namespace libbcda::test {

// The calls of the system's disk. While it is armed for a call, each such call waits until release(), except on the
// thread of the test.
class HeldDisk : public world::Disk {
 public:
  // "open", "write", "sync", "link", "unlink", "close", ...
  void hold(const std::string& call) {
    const std::lock_guard lock(mutex_);
    armed_ = call;
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

  int open(int dir, const char* path, int flags, mode_t mode) noexcept override {
    return pass("open"), real_.open(dir, path, flags, mode);
  }
  int close(int fd) noexcept override { return pass("close"), real_.close(fd); }
  void discard(int fd) noexcept override { pass("discard"), real_.discard(fd); }
  ssize_t read(int fd, MutableBytes out) noexcept override { return pass("read"), real_.read(fd, out); }
  ssize_t read_at(int fd, MutableBytes out, std::int64_t offset) noexcept override {
    return pass("read_at"), real_.read_at(fd, out, offset);
  }
  ssize_t write(int fd, ByteView bytes) noexcept override { return pass("write"), real_.write(fd, bytes); }
  int sync(int fd, world::Sync how, std::int64_t offset, std::int64_t length) noexcept override {
    return pass("sync"), real_.sync(fd, how, offset, length);
  }
  int status(int fd, struct stat& out) noexcept override { return pass("status"), real_.status(fd, out); }
  int status_at(int dir, const char* path, int flags, struct stat& out) noexcept override {
    return pass("status_at"), real_.status_at(dir, path, flags, out);
  }
  int make_directory(int dir, const char* path) noexcept override {
    return pass("make_directory"), real_.make_directory(dir, path);
  }
  int link(int from, const char* path, int to, const char* name) noexcept override {
    return pass("link"), real_.link(from, path, to, name);
  }
  int rename(int from, const char* path, int to, const char* name, unsigned flags) noexcept override {
    return pass("rename"), real_.rename(from, path, to, name, flags);
  }
  int unlink(int dir, const char* path, int flags) noexcept override {
    return pass("unlink"), real_.unlink(dir, path, flags);
  }
  int protect(int fd, mode_t mode) noexcept override { return pass("protect"), real_.protect(fd, mode); }
  int lock(int fd, int operation) noexcept override { return pass("lock"), real_.lock(fd, operation); }
  int list(int dir, std::vector<std::string>& names) override { return pass("list"), real_.list(dir, names); }

 private:
  void pass(const char* call) noexcept {
    std::unique_lock lock(mutex_);
    if (armed_ != call || std::this_thread::get_id() == test_) return;
    const int releases = released_;
    ++held_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return released_ != releases; });
    --held_;
  }

  world::Disk& real_ = world::system_disk();
  const std::thread::id test_ = std::this_thread::get_id();
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string armed_;
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
