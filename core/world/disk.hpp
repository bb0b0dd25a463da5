// The calls of a file system that the engine uses. They behave like the POSIX calls. On failure they return -1 and set
// errno. What POSIX lacks may fail, because not every file system has it: open_nameless, rename_if_new, lock, and a sync
// of a file system.
#pragma once
#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"

namespace libbcda::world {

enum class Sync {
  start,        // starts write-back and returns at once; reports no failure of the disk
  data,         // fdatasync
  all,          // fsync
  file_system,  // syncfs
};

enum class Lock { alone, shared, none };

// After how many bytes something is made safe, so that a later run goes on with it.
struct Checkpoints {
  std::int64_t first = 512 << 10;        // a file of which less has come begins anew
  std::int64_t step = 64 << 20;          // what a loss of power may cost, with Durability::power
  std::int64_t table_input = 512 << 20;  // of the files whose rows share parts of tables
  std::int64_t table_part = 128 << 20;   // where the next part of a table begins
};

// Thread-safe. A path is relative to the directory `dir`, or to the working directory if `dir` is AT_FDCWD.
class Disk {
 public:
  virtual ~Disk() = default;
  // Never returns the descriptors 0, 1 or 2, even if the host process has closed them. Otherwise the output of the host
  // process would be written to our file.
  virtual int open(int dir, const char* path, int flags, mode_t mode = 0) noexcept = 0;
  // A new file in a directory, to read and to write, that has no name.
  virtual int open_nameless(int dir, mode_t mode) noexcept = 0;
  virtual int close(int fd) noexcept = 0;
  // Closes a file that was unlinked. Returns before the disk has freed the blocks, because that may take seconds.
  virtual void discard(int fd) noexcept = 0;
  virtual ssize_t read(int fd, MutableBytes out) noexcept = 0;
  virtual ssize_t read_at(int fd, MutableBytes out, std::int64_t offset) noexcept = 0;
  virtual ssize_t write(int fd, ByteView bytes) noexcept = 0;
  // Reserves room for bytes that will be written at `offset`. The size of the file stays the same. Only a hint: writing
  // becomes faster, and a write reports a full disk in any case.
  virtual void reserve(int fd, std::int64_t offset, std::int64_t length) noexcept {
    static_cast<void>(fd), static_cast<void>(offset), static_cast<void>(length);
  }
  virtual int sync(int fd, Sync how, std::int64_t offset = 0, std::int64_t length = 0) noexcept = 0;
  virtual int status(int fd, struct stat& out) noexcept = 0;
  virtual int status_at(int dir, const char* path, int flags, struct stat& out) noexcept = 0;
  virtual int make_directory(int dir, const char* path) noexcept = 0;  // mode 0700
  virtual int link(int from, const char* path, int to, const char* name) noexcept = 0;
  virtual int rename(int from, const char* path, int to, const char* name) noexcept = 0;
  virtual int rename_if_new(int from, const char* path, int to, const char* name) noexcept = 0;  // EEXIST: it exists
  virtual int unlink(int dir, const char* path, int flags) noexcept = 0;
  virtual int protect(int fd, mode_t mode) noexcept = 0;
  virtual int lock(int fd, Lock how) noexcept = 0;  // as flock(2), at once: EWOULDBLOCK if others have it
  // Lists all names in a directory except "." and "..".
  virtual int list(int dir, std::vector<std::string>& names) = 0;
  virtual Checkpoints checkpoints() const noexcept { return {}; }
};

Disk& system_disk();  // the disk of the operating system

}  // namespace libbcda::world
