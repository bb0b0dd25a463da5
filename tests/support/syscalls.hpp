// System calls that fail as on other file systems. The test program defines the calls itself, before the C library's.
#pragma once

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

// While one lives, `call` fails with `code` in the whole process, on each thread. `done`: it does its work first, as when the
// answer of a network file system is lost. `skip`: so many calls succeed before.
class Failing {
 public:
  Failing(Call call, int code, bool done = false, int skip = 0);
  ~Failing();
  Failing(const Failing&) = delete;
  Failing& operator=(const Failing&) = delete;

 private:
  Call call_;
};

}  // namespace libbcda::test
