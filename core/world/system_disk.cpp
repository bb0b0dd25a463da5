#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <thread>

#include "world/disk.hpp"
#include "world/threads.hpp"

namespace libbcda::world {
namespace {

// Whether the file is unlinked, so that only this descriptor keeps it. False on file systems such as NFS, which may
// keep it under a hidden name.
bool is_nameless(int fd) {
  struct stat info {};
  struct statfs system {};
  if (::fstat(fd, &info) != 0 || info.st_nlink > 0 || ::fstatfs(fd, &system) != 0) return false;
  constexpr std::uint32_t kOverlay = 0x794c7630, kXfs = 0x58465342, kBtrfs = 0x9123683e;
  const auto type = static_cast<std::uint32_t>(system.f_type);
  return type == EXT4_SUPER_MAGIC || type == TMPFS_MAGIC || type == kOverlay || type == kXfs || type == kBtrfs;
}

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

// On SMB, a new file cannot be renamed while a virus scanner has it open. That is over after some milliseconds.
template <class Rename>
int rename_when_free(const Rename& rename) noexcept {
  constexpr int kTries = 6;
  constexpr std::chrono::milliseconds kFirstPause{5};  // doubles; 155 ms in all
  for (int tries = 1;; ++tries) {
    const int result = rename();
    if (result == 0 || (errno != EBUSY && errno != ETXTBSY) || tries == kTries) return result;
    std::this_thread::sleep_for(kFirstPause * (1 << (tries - 1)));
  }
}

class SystemDisk : public Disk {
 public:
  int open(int dir, const char* path, int flags, mode_t mode) noexcept override {
    const int fd = above_standard_descriptors(::openat(dir, path, flags | O_CLOEXEC, mode));
    const bool is_new = (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL) || (flags & O_TMPFILE) == O_TMPFILE;
    if (fd >= 0 && is_new) give_mode(fd, mode);
    return fd;
  }
  int close(int fd) noexcept override { return ::close(fd); }

  // The kernel frees the blocks of an unlinked file when its last descriptor is closed. For some GB of unwritten data
  // this takes a second, so it runs on its own thread, and a caller that cancels does not wait. The file is truncated
  // first, because on ext4 its directory cannot be removed while a close frees blocks.
  void discard(int fd) noexcept override {
    if (!is_nameless(fd)) {
      ::close(fd);
      return;
    }
    try {
      const SignalsBlocked blocked;
      std::thread([fd] {
        [[maybe_unused]] const int emptied = ::ftruncate(fd, 0);
        ::close(fd);
      }).detach();
    } catch (const std::exception&) {
      ::close(fd);  // no thread could be started, so the caller waits
    }
  }

  ssize_t read(int fd, MutableBytes out) noexcept override { return ::read(fd, out.data(), out.size()); }
  ssize_t read_at(int fd, MutableBytes out, std::int64_t offset) noexcept override {
    return ::pread(fd, out.data(), out.size(), offset);
  }
  ssize_t write(int fd, ByteView bytes) noexcept override {
    const FileSizeSignalBlocked blocked;
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EFBIG) {
      blocked.forget();
      errno = EFBIG;
    }
    return written;
  }

  int sync(int fd, Sync how, std::int64_t offset, std::int64_t length) noexcept override {
    switch (how) {
      case Sync::start:
        return ::sync_file_range(fd, offset, length, SYNC_FILE_RANGE_WRITE);
      case Sync::data:
        return ::fdatasync(fd);
      case Sync::all:
        return ::fsync(fd);
      case Sync::file_system:
        return ::syncfs(fd);
    }
    return -1;
  }

  int status(int fd, struct stat& out) noexcept override { return ::fstat(fd, &out); }
  int status_at(int dir, const char* path, int flags, struct stat& out) noexcept override {
    return ::fstatat(dir, path, &out, flags);
  }
  int make_directory(int dir, const char* path) noexcept override {
    constexpr mode_t kMode = 0700;
    if (::mkdirat(dir, path, kMode) != 0) return -1;
    struct stat info {};
    const bool is_known = ::fstatat(dir, path, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode);
    if (is_known && (info.st_mode & kMode) != kMode) ::fchmodat(dir, path, kMode, AT_SYMLINK_NOFOLLOW);  // the umask
    return 0;
  }
  int link(int from, const char* path, int to, const char* name) noexcept override {
    return ::linkat(from, path, to, name, 0);
  }
  int rename(int from, const char* path, int to, const char* name, unsigned flags) noexcept override {
    return rename_when_free(
        [&] { return flags == 0 ? ::renameat(from, path, to, name) : ::renameat2(from, path, to, name, flags); });
  }
  int unlink(int dir, const char* path, int flags) noexcept override { return ::unlinkat(dir, path, flags); }
  int protect(int fd, mode_t mode) noexcept override { return ::fchmod(fd, mode); }
  int lock(int fd, int operation) noexcept override { return ::flock(fd, operation); }

  int list(int dir, std::vector<std::string>& names) override {
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
};

}  // namespace

Disk& system_disk() {
  static auto* const disk = new SystemDisk;  // leaked, because threads may use it until the process ends
  return *disk;
}

}  // namespace libbcda::world
