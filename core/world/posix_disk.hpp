// The disk of the operating system, as far as POSIX goes.
#pragma once
#include <functional>

#include "world/disk.hpp"

namespace libbcda::world {

// It lacks what only some systems have. Callers treat it like a file system that lacks the same.
class PosixDisk : public Disk {
 public:
  int open(int dir, const char* path, int flags, mode_t mode) noexcept override;
  int open_nameless(int dir, mode_t mode) noexcept override;
  int close(int fd) noexcept override;
  void discard(int fd) noexcept override;
  ssize_t read(int fd, MutableBytes out) noexcept override;
  ssize_t read_at(int fd, MutableBytes out, std::int64_t offset) noexcept override;
  ssize_t write(int fd, ByteView bytes) noexcept override;
  int sync(int fd, Sync how, std::int64_t offset, std::int64_t length) noexcept override;
  int status(int fd, struct stat& out) noexcept override;
  int status_at(int dir, const char* path, int flags, struct stat& out) noexcept override;
  int make_directory(int dir, const char* path) noexcept override;
  int link(int from, const char* path, int to, const char* name) noexcept override;
  int rename(int from, const char* path, int to, const char* name) noexcept override;
  int rename_if_new(int from, const char* path, int to, const char* name) noexcept override;
  int unlink(int dir, const char* path, int flags) noexcept override;
  int protect(int fd, mode_t mode) noexcept override;
  int lock(int fd, Lock how) noexcept override;
  int list(int dir, std::vector<std::string>& names) override;

 protected:
  // Moves a descriptor above the standard ones, and gives a file that is new its mode; 0: it is not new.
  static int opened(int fd, mode_t mode) noexcept;
  // On SMB, a new file cannot be renamed while a virus scanner has it open. That is over after some milliseconds.
  static int rename_when_free(const std::function<int()>& rename) noexcept;
};

}  // namespace libbcda::world
