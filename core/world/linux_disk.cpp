// What Linux adds to the disk of POSIX.
#ifdef __linux__
#include "world/linux_disk.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

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

}  // namespace

int LinuxDisk::open_nameless(int dir, mode_t mode) noexcept {
  return opened(::openat(dir, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, mode), mode);
}

// The kernel frees the blocks of an unlinked file when its last descriptor is closed. For some GB of unwritten data
// this takes a second, so it runs on its own thread, and a caller that cancels does not wait. The file is truncated
// first, because on ext4 its directory cannot be removed while a close frees blocks.
void LinuxDisk::discard(int fd) noexcept {
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

// On ext4 writes then take half of the time. On tmpfs they would take longer. Others were not measured.
void LinuxDisk::reserve(int fd, std::int64_t offset, std::int64_t length) noexcept {
  struct statfs system {};
  if (::fstatfs(fd, &system) != 0 || system.f_type != EXT4_SUPER_MAGIC) return;
  [[maybe_unused]] const int reserved = ::fallocate(fd, FALLOC_FL_KEEP_SIZE, offset, length);
}

int LinuxDisk::sync(int fd, Sync how, std::int64_t offset, std::int64_t length) noexcept {
  if (how == Sync::start) return ::sync_file_range(fd, offset, length, SYNC_FILE_RANGE_WRITE);
  if (how == Sync::file_system) return ::syncfs(fd);
  return PosixDisk::sync(fd, how, offset, length);
}

int LinuxDisk::rename_if_new(int from, const char* path, int to, const char* name) noexcept {
#if defined(__GLIBC__) && __GLIBC_MINOR__ >= 28
  return rename_when_free([&] { return ::renameat2(from, path, to, name, RENAME_NOREPLACE); });
#else  // an older glibc, or musl, which has only the kernel's number
  return rename_when_free(
      [&] { return static_cast<int>(::syscall(SYS_renameat2, from, path, to, name, RENAME_NOREPLACE)); });
#endif
}

}  // namespace libbcda::world
#endif
