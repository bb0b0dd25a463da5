#include "base/file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <thread>

#include "base/error.hpp"
#include "base/threads.hpp"

namespace libbcda {
namespace {

// Write-back starts this early, so that an fsync at the end has little left to do.
constexpr std::int64_t kFlushStep = 8 << 20;

Error file_error(const std::string& doing, const std::string& path, int code) {
  std::string text = doing + " " + path + ": " + std::strerror(code);
  if (code == ENOSPC || code == EDQUOT) text += "; free some space there or choose another directory";
  if (code == EACCES || code == EROFS) text += "; check its owner and mode";
  return std::move(Error(Status::FILESYSTEM, text).at_file(path));
}

std::string join(const std::string& dir, const std::string& name) { return dir + "/" + name; }

void write_all(int fd, const char* data, std::size_t size, const std::string& path) {
  while (size > 0) {
    ssize_t n = ::write(fd, data, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw file_error("cannot write", path, errno);
    data += n;
    size -= static_cast<std::size_t>(n);
  }
}

// Nobody has a name for it, and its descriptor is all that keeps it: elsewhere, as on NFS, it may lie under a hidden one.
bool is_nameless(int fd) {
  struct stat info {};
  struct statfs system {};
  if (::fstat(fd, &info) != 0 || info.st_nlink > 0 || ::fstatfs(fd, &system) != 0) return false;
  constexpr std::uint32_t kOverlay = 0x794c7630, kXfs = 0x58465342, kBtrfs = 0x9123683e;
  const auto type = static_cast<std::uint32_t>(system.f_type);
  return type == EXT4_SUPER_MAGIC || type == TMPFS_MAGIC || type == kOverlay || type == kXfs || type == kBtrfs;
}

// What a removed file holds is freed with its last descriptor. For some GB that are on their way to the disk this takes a
// second, for which nobody who cancels has to wait. Emptied first: while a close frees them, ext4 lets nobody remove the
// directory.
void free_in_background(Fd fd) noexcept {
  try {
    const SignalsBlocked blocked;
    std::thread([fd = std::move(fd)]() mutable {
      [[maybe_unused]] const int emptied = ::ftruncate(fd.get(), 0);
      fd.close();
    }).detach();
  } catch (...) {  // no thread is to be had: it closes here
  }
}

template <class Text>
Text read_all(int fd, const std::string& path, std::size_t max_bytes, const char* what) {
  Text text;
  char buffer[16384];
  for (;;) {
    ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw file_error(std::string("cannot read the ") + what, path, errno);
    if (n == 0) break;
    if (text.size() + static_cast<std::size_t>(n) > max_bytes)
      throw std::move(Error(Status::FILESYSTEM, std::string("the ") + what + " " + path + " is larger than " +
                                                    std::to_string(max_bytes) + " bytes")
                          .at_file(path));
    text.insert(text.end(), buffer, buffer + n);
  }
  wipe(buffer, sizeof buffer);
  return text;
}

Fd open_to_read(const std::string& path, const char* what) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) throw file_error(std::string("cannot read the ") + what, path, errno);
  return fd;
}

}  // namespace

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = other.fd_;
    other.fd_ = -1;
  }
  return *this;
}

Fd::~Fd() { close(); }

void Fd::close() noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

std::string read_file(const std::string& path, std::size_t max_bytes, const char* what) {
  Fd fd = open_to_read(path, what);
  return read_all<std::string>(fd.get(), path, max_bytes, what);
}

Secret read_secret_file(const std::string& path, std::size_t max_bytes, const char* what) {
  Fd fd = open_to_read(path, what);
  auto bytes = read_all<std::vector<char>>(fd.get(), path, max_bytes, what);
  Secret secret(std::string_view(bytes.data(), bytes.size()));
  wipe(bytes.data(), bytes.size());
  return secret;
}

bool readable_by_others(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && (info.st_mode & (S_IRGRP | S_IROTH));
}

Directory Directory::open_or_create(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    Error error = file_error("cannot make the directory", path, errno);
    if (errno == ENOENT) error.message += "; make the directory above it first";
    throw error;
  }
  Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd && errno == ENOTDIR)
    throw std::move(
        Error(Status::FILESYSTEM, path + " is a file, not a directory; choose another output directory").at_file(path));
  if (!fd) throw file_error("cannot open the directory", path, errno);
  return {std::move(fd), path};
}

Directory Directory::sub(const std::string& name) const {
  std::string full = join(path_, name);
  for (int tries = 1;; ++tries) {
    if (::mkdirat(fd(), name.c_str(), 0700) != 0 && errno != EEXIST)
      throw file_error("cannot make the directory", full, errno);
    Fd opened(::openat(fd(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (opened) return {std::move(opened), full};
    // Somebody who was done with it may have removed it in between.
    if (errno != ENOENT || tries == 10) throw file_error("cannot open the directory", full, errno);
  }
}

bool Directory::contains(const std::string& name) const {
  struct stat info {};
  return ::fstatat(fd(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;
}

std::string Directory::read(const std::string& name, std::size_t max_bytes) const {
  Fd file(::openat(fd(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file) throw file_error("cannot read", join(path_, name), errno);
  return read_all<std::string>(file.get(), join(path_, name), max_bytes, "file");
}

void Directory::replace(const std::string& name, std::string_view text, Durability durability) const {
  std::string partial = "." + name + ".new", full = join(path_, name);
  Fd file(::openat(fd(), partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) throw file_error("cannot write", full, errno);
  try {
    write_all(file.get(), text.data(), text.size(), full);
    if (durability == Durability::power && ::fsync(file.get()) != 0) throw file_error("cannot write", full, errno);
    if (::renameat(fd(), partial.c_str(), fd(), name.c_str()) != 0) throw file_error("cannot rename", full, errno);
  } catch (...) {
    remove(partial);
    throw;
  }
  if (durability == Durability::power) sync();
}

void Directory::remove(const std::string& name) const noexcept { ::unlinkat(fd(), name.c_str(), 0); }

void Directory::remove_directory(const std::string& name) const noexcept {
  Fd inner(::openat(fd(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!inner) return;
  int listing = ::dup(inner.get());
  if (DIR* entries = listing >= 0 ? ::fdopendir(listing) : nullptr) {
    while (dirent* entry = ::readdir(entries)) ::unlinkat(inner.get(), entry->d_name, 0);
    ::closedir(entries);
  }
  ::unlinkat(fd(), name.c_str(), AT_REMOVEDIR);
}

std::vector<std::string> Directory::names() const {
  int listing = ::openat(fd(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* entries = listing >= 0 ? ::fdopendir(listing) : nullptr;
  if (!entries) throw file_error("cannot read the directory", path_, errno);
  std::unique_ptr<DIR, int (*)(DIR*)> owner(entries, ::closedir);
  std::vector<std::string> names;
  while (dirent* entry = ::readdir(entries))
    if (std::string_view name = entry->d_name; name != "." && name != "..") names.emplace_back(name);
  return names;
}

bool Directory::removed() const {
  struct stat info {};
  return ::fstat(fd(), &info) == 0 && info.st_nlink == 0;
}

void Directory::sync() const {
  if (::fsync(fd()) != 0 && errno != EINVAL && errno != EROFS) throw file_error("cannot sync", path_, errno);
}

OutputFile::OutputFile(const Directory& dir, std::string partial, Durability durability)
    : partial_dir_(&dir), partial_(std::move(partial)), durability_(durability) {
  fd_ = Fd(::openat(dir.fd(), partial_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd_) throw file_error("cannot write", join(dir.path(), partial_), errno);
}

OutputFile::~OutputFile() {
  if (!fd_ || published_) return;
  partial_dir_->remove(partial_);
  if (size_ >= kFlushStep && is_nameless(fd_.get())) free_in_background(std::move(fd_));
}

void OutputFile::write(ByteView bytes) {
  write_all(fd_.get(), reinterpret_cast<const char*>(bytes.data()), bytes.size(), join(partial_dir_->path(), partial_));
  size_ += static_cast<std::int64_t>(bytes.size());
  if (durability_ == Durability::power && size_ - flushed_ >= kFlushStep) {
    ::sync_file_range(fd_.get(), flushed_, size_ - flushed_, SYNC_FILE_RANGE_WRITE);
    flushed_ = size_;
  }
}

void OutputFile::publish(const Directory& dir, const std::string& name) {
  std::string full = join(dir.path(), name);
  if (durability_ == Durability::power && ::fdatasync(fd_.get()) != 0) throw file_error("cannot write", full, errno);
  // link + unlink rather than rename: it never replaces a file that is there.
  if (::linkat(partial_dir_->fd(), partial_.c_str(), dir.fd(), name.c_str(), 0) != 0) {
    if (errno == EEXIST)
      throw std::move(
          Error(Status::FILESYSTEM, full + " exists already; move it away or choose another directory").at_file(full));
    // Some file systems have no hard links: rename, having looked first.
    if (dir.contains(name) || ::renameat(partial_dir_->fd(), partial_.c_str(), dir.fd(), name.c_str()) != 0)
      throw file_error("cannot write", full, errno);
  }
  published_ = true;
  partial_dir_->remove(partial_);
  if (durability_ == Durability::power) dir.sync();
}

LineFile::LineFile(const Directory& dir, const std::string& name, Durability durability)
    : path_(join(dir.path(), name)), durability_(durability) {
  fd_ = Fd(::openat(dir.fd(), name.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd_) throw file_error("cannot write", path_, errno);
  if (durability_ == Durability::power) dir.sync();
}

void LineFile::append(std::string_view line) {
  std::string text = (cut_ ? "\n" : "") + std::string(line) + "\n";
  cut_ = true;
  write_all(fd_.get(), text.data(), text.size(), path_);
  if (durability_ == Durability::power && ::fdatasync(fd_.get()) != 0) throw file_error("cannot write", path_, errno);
  cut_ = false;
}

}  // namespace libbcda
