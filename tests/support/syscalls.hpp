// System calls that fail as on other file systems. The definitions of the test program replace those of the C library.
#pragma once
#include <cstddef>

namespace libbcda::test {

enum class Call {
  write,
  close,
  fsync_file,
  fsync_directory,
  fdatasync,
  linkat,
  renameat,
  renameat2,
  flock,
  pthread_create
};
inline constexpr int kCalls = 10;

// During the lifetime of this object, `call` fails with `code` on all threads of the process. `done`: the call does its
// work and then fails, as when the answer of a network file system is lost. `skip`: the number of calls that succeed
// first.
class Failing {
 public:
  Failing(Call call, int code, bool done = false, int skip = 0);
  ~Failing();
  Failing(const Failing&) = delete;
  Failing& operator=(const Failing&) = delete;

 private:
  Call call_;
};

// During the lifetime of this object, `seen` is called with each block of memory before the process gives it back. One
// at a time.
class UnmapWatch {
 public:
  using Seen = void (*)(const void* memory, std::size_t size);
  explicit UnmapWatch(Seen seen);
  ~UnmapWatch();
  UnmapWatch(const UnmapWatch&) = delete;
};

}  // namespace libbcda::test
