// The calls of a file system that the engine uses. They behave as the POSIX calls of that name: -1 and errno on failure.
#pragma once
#include <sys/stat.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "base/bytes.hpp"

namespace libbcda::world {

enum class Sync {
  start,        // begins to write back and returns at once; a hint that reports no failure
  data,         // fdatasync
  all,          // fsync
  file_system,  // syncfs
};

// Thread-safe. A path is relative to the directory `dir`, or to the working directory when `dir` is AT_FDCWD.
class Disk {
 public:
  virtual ~Disk() = default;
  // The descriptor is never 0, 1 or 2: where a host process has closed those, its own output would end up in our file.
  virtual int open(int dir, const char* path, int flags, mode_t mode = 0) noexcept = 0;
  virtual int close(int fd) noexcept = 0;
  // Closes a file that has lost its name. The disk may take its time to free the blocks, so this may happen later.
  virtual void discard(int fd) noexcept = 0;
  virtual ssize_t read(int fd, MutableBytes out) noexcept = 0;
  virtual ssize_t read_at(int fd, MutableBytes out, std::int64_t offset) noexcept = 0;
  virtual ssize_t write(int fd, ByteView bytes) noexcept = 0;
  virtual int sync(int fd, Sync how, std::int64_t offset = 0, std::int64_t length = 0) noexcept = 0;
  virtual int status(int fd, struct stat& out) noexcept = 0;
  virtual int status_at(int dir, const char* path, int flags, struct stat& out) noexcept = 0;
  virtual int make_directory(int dir, const char* path) noexcept = 0;  // mode 0700
  virtual int link(int from, const char* path, int to, const char* name) noexcept = 0;
  virtual int rename(int from, const char* path, int to, const char* name, unsigned flags) noexcept = 0;
  virtual int unlink(int dir, const char* path, int flags) noexcept = 0;
  virtual int protect(int fd, mode_t mode) noexcept = 0;
  virtual int lock(int fd, int operation) noexcept = 0;  // as flock(2)
  // The names of everything in a directory but "." and "..".
  virtual int list(int dir, std::vector<std::string>& names) = 0;
};

Disk& system_disk();  // the operating system's

}  // namespace libbcda::world
