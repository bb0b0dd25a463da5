#include "world/posix_disk.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#if __has_include(<sys/file.h>)
#include <sys/file.h>
#endif
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <ctime>
#include <memory>
#include <thread>
#include <tuple>

namespace libbcda::world {
namespace {

// A umask may forbid files to their owner too.
void give_mode(int fd, mode_t mode) noexcept {
  struct stat info {};
  if (::fstat(fd, &info) == 0 && (info.st_mode & mode) != mode) [[maybe_unused]]
    const int ignored = ::fchmod(fd, mode);
}

// Replaces a descriptor of 0, 1 or 2 by a higher one.
int above_standard_descriptors(int fd) noexcept {
  if (fd < 0 || fd > STDERR_FILENO) return fd;
  const int other = ::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  const int code = errno;
  ::close(fd);
  errno = code;
  return other;
}

int lacking() noexcept {
  errno = EOPNOTSUPP;
  return -1;
}

// A write beyond RLIMIT_FSIZE raises SIGXFSZ, which would end the program. During the lifetime of this object it is
// blocked on this thread, and the write only fails, with EFBIG.
class FileSizeSignalBlocked {
 public:
  FileSizeSignalBlocked() {
    sigemptyset(&signal_);
    sigaddset(&signal_, SIGXFSZ);
    ::pthread_sigmask(SIG_BLOCK, &signal_, &before_);
  }
  ~FileSizeSignalBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  FileSizeSignalBlocked(const FileSizeSignalBlocked&) = delete;

  // After a write that failed with EFBIG: takes the signal away before it could be delivered.
  void forget() const {
    const timespec now{};
    if (!sigismember(&before_, SIGXFSZ)) ::sigtimedwait(&signal_, nullptr, &now);
  }

 private:
  sigset_t signal_, before_;
};

}  // namespace

int PosixDisk::open(int dir, const char* path, int flags, mode_t mode) noexcept {
  const bool is_new = (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
  return opened(::openat(dir, path, flags | O_CLOEXEC, mode), is_new ? mode : 0);
}
int PosixDisk::open_nameless(int, mode_t) noexcept { return lacking(); }
int PosixDisk::close(int fd) noexcept { return ::close(fd); }
void PosixDisk::discard(int fd) noexcept { ::close(fd); }

ssize_t PosixDisk::read(int fd, MutableBytes out) noexcept { return ::read(fd, out.data(), out.size()); }
ssize_t PosixDisk::read_at(int fd, MutableBytes out, std::int64_t offset) noexcept {
  return ::pread(fd, out.data(), out.size(), offset);
}
ssize_t PosixDisk::write(int fd, ByteView bytes) noexcept {
  const FileSizeSignalBlocked blocked;
  const ssize_t written = ::write(fd, bytes.data(), bytes.size());
  if (written < 0 && errno == EFBIG) {
    blocked.forget();
    errno = EFBIG;
  }
  return written;
}

int PosixDisk::sync(int fd, Sync how, std::int64_t, std::int64_t) noexcept {
  switch (how) {
    case Sync::start:
      return 0;  // the system begins to write when it wants
    case Sync::data:
      return ::fdatasync(fd);
    case Sync::all:
      return ::fsync(fd);
    case Sync::file_system:
      return lacking();
  }
  return -1;
}

int PosixDisk::status(int fd, struct stat& out) noexcept { return ::fstat(fd, &out); }
int PosixDisk::status_at(int dir, const char* path, int flags, struct stat& out) noexcept {
  return ::fstatat(dir, path, &out, flags);
}
int PosixDisk::make_directory(int dir, const char* path) noexcept {
  constexpr mode_t kMode = 0700;
  if (::mkdirat(dir, path, kMode) != 0) return -1;
  struct stat info {};
  const bool is_known = ::fstatat(dir, path, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode);
  const bool is_masked = is_known && (info.st_mode & kMode) != kMode;  // by the umask
  // Where the mode cannot be changed, the first file in the directory fails with a reason.
  if (is_masked) std::ignore = ::fchmodat(dir, path, kMode, AT_SYMLINK_NOFOLLOW);
  return 0;
}
int PosixDisk::link(int from, const char* path, int to, const char* name) noexcept {
  return ::linkat(from, path, to, name, 0);
}
int PosixDisk::rename(int from, const char* path, int to, const char* name) noexcept {
  return rename_when_free([&] { return ::renameat(from, path, to, name); });
}

int PosixDisk::opened(int fd, mode_t mode) noexcept {
  fd = above_standard_descriptors(fd);
  if (fd >= 0 && mode != 0) give_mode(fd, mode);
  return fd;
}

int PosixDisk::rename_when_free(const std::function<int()>& rename) noexcept {
  constexpr int kTries = 6;
  constexpr std::chrono::milliseconds kFirstPause{5};  // doubles; 155 ms in all
  for (int tries = 1;; ++tries) {
    const int result = rename();
    if (result == 0 || (errno != EBUSY && errno != ETXTBSY) || tries == kTries) return result;
    std::this_thread::sleep_for(kFirstPause * (1 << (tries - 1)));
  }
}

int PosixDisk::rename_if_new(int, const char*, int, const char*) noexcept { return lacking(); }
int PosixDisk::unlink(int dir, const char* path, int flags) noexcept { return ::unlinkat(dir, path, flags); }
int PosixDisk::protect(int fd, mode_t mode) noexcept { return ::fchmod(fd, mode); }

// flock is older than POSIX and not in it, but few systems lack it. Record locks would not do: the first descriptor of
// the file that is closed ends them.
int PosixDisk::lock([[maybe_unused]] int fd, [[maybe_unused]] Lock how) noexcept {
#ifdef LOCK_EX
  const int operation = how == Lock::alone ? LOCK_EX : how == Lock::shared ? LOCK_SH : LOCK_UN;
  return ::flock(fd, operation | LOCK_NB);
#else
  return lacking();
#endif
}

int PosixDisk::list(int dir, std::vector<std::string>& names) {
  const int listing = ::openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (listing < 0) return -1;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(listing), ::closedir);
  if (!entries) {
    const int code = errno;
    ::close(listing);
    errno = code;
    return -1;
  }
  for (;;) {
    errno = 0;  // because readdir returns null at the end, and for an error too
    const dirent* entry = ::readdir(entries.get());
    if (!entry) return errno == 0 ? 0 : -1;
    if (const std::string_view name = entry->d_name; name != "." && name != "..") names.emplace_back(name);
  }
}

}  // namespace libbcda::world
