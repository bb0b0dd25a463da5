// A disk whose calls go to another one. A test changes some of them.
#pragma once
#include <string>
#include <vector>

#include "world/disk.hpp"

namespace libbcda::test {

class DiskOver : public world::Disk {
 public:
  explicit DiskOver(world::Disk& real) : real_(real) {}

  int open(int dir, const char* path, int flags, mode_t mode) noexcept override {
    return before("open"), real_.open(dir, path, flags, mode);
  }
  int open_nameless(int dir, mode_t mode) noexcept override { return before("open"), real_.open_nameless(dir, mode); }
  int close(int fd) noexcept override { return before("close"), real_.close(fd); }
  void discard(int fd) noexcept override { before("discard"), real_.discard(fd); }
  ssize_t read(int fd, MutableBytes out) noexcept override { return before("read"), real_.read(fd, out); }
  ssize_t read_at(int fd, MutableBytes out, std::int64_t offset) noexcept override {
    return before("read_at"), real_.read_at(fd, out, offset);
  }
  ssize_t write(int fd, ByteView bytes) noexcept override { return before("write"), real_.write(fd, bytes); }
  void reserve(int fd, std::int64_t offset, std::int64_t length) noexcept override {
    before("reserve"), real_.reserve(fd, offset, length);
  }
  int sync(int fd, world::Sync how, std::int64_t offset, std::int64_t length) noexcept override {
    return before("sync"), real_.sync(fd, how, offset, length);
  }
  int status(int fd, struct stat& out) noexcept override { return before("status"), real_.status(fd, out); }
  int status_at(int dir, const char* path, int flags, struct stat& out) noexcept override {
    return before("status_at"), real_.status_at(dir, path, flags, out);
  }
  int make_directory(int dir, const char* path) noexcept override {
    return before("make_directory"), real_.make_directory(dir, path);
  }
  int link(int from, const char* path, int to, const char* name) noexcept override {
    return before("link"), real_.link(from, path, to, name);
  }
  int rename(int from, const char* path, int to, const char* name) noexcept override {
    return before("rename"), real_.rename(from, path, to, name);
  }
  int rename_if_new(int from, const char* path, int to, const char* name) noexcept override {
    return before("rename"), real_.rename_if_new(from, path, to, name);
  }
  int unlink(int dir, const char* path, int flags) noexcept override {
    return before("unlink"), real_.unlink(dir, path, flags);
  }
  int protect(int fd, mode_t mode) noexcept override { return before("protect"), real_.protect(fd, mode); }
  int lock(int fd, world::Lock how) noexcept override { return before("lock"), real_.lock(fd, how); }
  int list(int dir, std::vector<std::string>& names) override { return before("list"), real_.list(dir, names); }
  world::Checkpoints checkpoints() const noexcept override { return real_.checkpoints(); }

 protected:
  // Called before each call, with its name.
  virtual void before(const char* call) noexcept { static_cast<void>(call); }

 private:
  world::Disk& real_;
};

}  // namespace libbcda::test
