#include "support/syscalls.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace libbcda::test {
namespace {

struct Fault {
  std::atomic<int> code{0};
  std::atomic<bool> done{false};
  std::atomic<int> skip{0};
};
Fault faults[kCalls];

template <class Function, class... Arguments>
auto call(const char* name, Call which, Arguments... arguments) {
  const auto real = reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
  Fault& fault = faults[static_cast<int>(which)];
  const int code = fault.code;
  if (code == 0 || fault.skip-- > 0) return real(arguments...);
  if (fault.done) real(arguments...);
  errno = code;
  return static_cast<decltype(real(arguments...))>(-1);
}

// The faults affect only files, and not the pipes of a test and the descriptors of the event loop.
bool is_regular(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}
bool is_directory(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && S_ISDIR(info.st_mode);
}

}  // namespace

Failing::Failing(Call call, int code, bool done, int skip) : call_(call) {
  faults[static_cast<int>(call)].skip = skip;
  faults[static_cast<int>(call)].done = done;
  faults[static_cast<int>(call)].code = code;
}

namespace {
std::atomic<UnmapWatch::Seen> seen_unmap{nullptr};
}

UnmapWatch::UnmapWatch(Seen seen) { seen_unmap = seen; }
UnmapWatch::~UnmapWatch() { seen_unmap = nullptr; }

Failing::~Failing() { faults[static_cast<int>(call_)].code = 0; }

}  // namespace libbcda::test

using libbcda::test::Call;
using libbcda::test::call;

// Exported, so that calls from shared libraries use these functions too.
#pragma GCC visibility push(default)
extern "C" {

int munmap(void* memory, size_t size) noexcept {
  if (const auto seen = libbcda::test::seen_unmap.load()) seen(memory, size);
  return reinterpret_cast<decltype(::munmap)*>(::dlsym(RTLD_NEXT, "munmap"))(memory, size);
}

ssize_t write(int fd, const void* data, size_t size) {
  const auto real = reinterpret_cast<decltype(::write)*>(::dlsym(RTLD_NEXT, "write"));
  if (!libbcda::test::is_regular(fd)) return real(fd, data, size);
  return call<decltype(::write)>("write", Call::write, fd, data, size);
}

int close(int fd) {
  const auto real = reinterpret_cast<decltype(::close)*>(::dlsym(RTLD_NEXT, "close"));
  if (!libbcda::test::is_regular(fd)) return real(fd);
  return call<decltype(::close)>("close", Call::close, fd);
}

int fsync(int fd) {
  return call<decltype(::fsync)>("fsync", libbcda::test::is_directory(fd) ? Call::fsync_directory : Call::fsync_file,
                                 fd);
}
int fdatasync(int fd) { return call<decltype(::fdatasync)>("fdatasync", Call::fdatasync, fd); }
int linkat(int from, const char* a, int to, const char* b, int flags) noexcept {
  return call<decltype(::linkat)>("linkat", Call::linkat, from, a, to, b, flags);
}
int renameat(int from, const char* a, int to, const char* b) noexcept {
  return call<decltype(::renameat)>("renameat", Call::renameat, from, a, to, b);
}
int renameat2(int from, const char* a, int to, const char* b, unsigned flags) noexcept {
  return call<decltype(::renameat2)>("renameat2", Call::renameat2, from, a, to, b, flags);
}
int flock(int fd, int how) noexcept { return call<decltype(::flock)>("flock", Call::flock, fd, how); }

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*),
                   void* argument) noexcept {
  // Unlike the other calls, this one returns its error instead of setting errno.
  return call<decltype(::pthread_create)>("pthread_create", Call::pthread_create, thread, attributes, start, argument) <
                 0
             ? errno
             : 0;
}

}  // extern "C"
#pragma GCC visibility pop
