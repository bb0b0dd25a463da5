#include "base/file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "base/error.hpp"
#include "base/threads.hpp"

namespace libbcda {
namespace {

// Write-back starts after each step of this size, so that the fsync at the end has little left to do.
constexpr std::int64_t kFlushStep = 8 << 20;

Error file_error(const std::string& doing, const std::string& path, int code) {
  std::string text = doing + " " + path + ": " + std::strerror(code);
  if (code == ENOSPC || code == EDQUOT) text += "; free some space there or choose another directory";
  if (code == EACCES || code == EPERM) text += "; check its owner and mode";
  if (code == EROFS) text += "; choose another directory, or have the file system mounted for writing";
  return std::move(Error(Status::FILESYSTEM, text).at_file(path));
}

// Whether the error means that the file system does not support fsync for this kind of file.
bool cannot_sync(int code) { return code == EINVAL || code == ENOSYS || code == ENOTSUP || code == EOPNOTSUPP; }

Error sync_error(const std::string& path, int code) {
  Error error = file_error("cannot sync", path, code);
  error.message += "; if this file system cannot sync, set durability to process";
  return error;
}

std::optional<struct stat> look_at(int dir, const std::string& name) {
  struct stat info {};
  if (::fstatat(dir, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  return info;
}

bool same_file(const struct stat& a, const struct stat& b) { return a.st_dev == b.st_dev && a.st_ino == b.st_ino; }

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

// Whether the file is already unlinked, so that only this descriptor keeps it alive. Only file systems are listed for
// which the link count is reliable, because on NFS the file may still exist under a hidden name.
bool is_nameless(int fd) {
  struct stat info {};
  struct statfs system {};
  if (::fstat(fd, &info) != 0 || info.st_nlink > 0 || ::fstatfs(fd, &system) != 0) return false;
  constexpr std::uint32_t kOverlay = 0x794c7630, kXfs = 0x58465342, kBtrfs = 0x9123683e;
  const auto type = static_cast<std::uint32_t>(system.f_type);
  return type == EXT4_SUPER_MAGIC || type == TMPFS_MAGIC || type == kOverlay || type == kXfs || type == kBtrfs;
}

// Closes the last descriptor of a removed file on a thread of its own. The kernel then frees the file, which takes
// about a second for several GB that are not yet on the disk, and a caller who cancels should not wait for that. The
// file is truncated first, because on ext4 the directory cannot be removed while close() frees the blocks.
void free_in_background(Fd fd) noexcept {
  try {
    const SignalsBlocked blocked;
    std::thread([fd = std::move(fd)]() mutable {
      [[maybe_unused]] const int emptied = ::ftruncate(fd.get(), 0);
      fd.close();
    }).detach();
  } catch (const std::exception&) {
    // No thread could be started, so the descriptor is closed on this thread, which only takes longer.
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

Fd::Fd(int fd) : fd_(fd) {
  if (fd_ < 0 || fd_ > STDERR_FILENO) return;
  fd_ = ::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  const int code = errno;
  ::close(fd);
  errno = code;
}

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = other.fd_;
    other.fd_ = -1;
  }
  return *this;
}

Fd::~Fd() { close(); }

int Fd::close() noexcept {
  const int fd = std::exchange(fd_, -1);  // Linux frees the descriptor even if close() fails
  return fd >= 0 && ::close(fd) != 0 ? errno : 0;
}

std::string read_file(const std::string& path, std::size_t max_bytes, const char* what) {
  Fd fd = open_to_read(path, what);
  return read_all<std::string>(fd.get(), path, max_bytes, what);
}

Secret read_secret_file(const std::string& path, std::size_t max_bytes, const char* what) {
  Fd fd = open_to_read(path, what);
  return Secret(read_all<SecretBytes>(fd.get(), path, max_bytes, what));
}

bool readable_by_others(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && (info.st_mode & (S_IRGRP | S_IROTH));
}

Directory::Directory(Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)), absolute_(path_) {
  if (path_.starts_with('/')) return;
  std::unique_ptr<char, decltype(&std::free)> here(::getcwd(nullptr, 0), &std::free);
  if (here) absolute_ = join(here.get(), path_);
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
    // Another run may have removed the directory between mkdir and open.
    if (errno != ENOENT || tries == 10) throw file_error("cannot open the directory", full, errno);
  }
}

bool Directory::contains(const std::string& name) const {
  struct stat info {};
  return ::fstatat(fd(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;
}

bool Directory::has_file(const std::string& name) const {
  auto there = look_at(fd(), name);
  return there && S_ISREG(there->st_mode);
}

std::string Directory::read(const std::string& name, std::size_t max_bytes) const {
  InputFile file(*this, name);
  if (file.size() > static_cast<std::int64_t>(max_bytes))
    throw std::move(Error(Status::FILESYSTEM,
                          "the file " + join(path_, name) + " is larger than " + std::to_string(max_bytes) + " bytes")
                        .at_file(join(path_, name)));
  std::string text;
  Bytes buffer(64u << 10);
  while (const std::size_t n = file.read(buffer)) text.append(as_text({buffer.data(), n}));
  return text;
}

namespace {

// Creates a new file with a unique name, in the directory of the file that it will replace.
std::pair<Fd, std::string> new_file_beside(const Directory& dir, const std::string& name) {
  static std::atomic<unsigned> number{0};
  for (;;) {
    std::string own = "." + name + "." + std::to_string(::getpid()) + "-" + std::to_string(++number) + ".new";
    Fd file(::openat(dir.fd(), own.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (file) return {std::move(file), std::move(own)};
    if (errno != EEXIST) throw file_error("cannot write", join(dir.path(), name), errno);
  }
}

}  // namespace

void Directory::replace(const std::string& name, std::string_view text, Durability durability) const {
  const std::string full = join(path_, name);
  auto [file, partial] = new_file_beside(*this, name);
  try {
    write_all(file.get(), text.data(), text.size(), full);
    if (durability == Durability::power && ::fsync(file.get()) != 0) throw sync_error(full, errno);
    if (int code = file.close()) throw file_error("cannot write", full, code);
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

bool Directory::has(const Directory& inner, const std::string& name) const {
  struct stat its {};
  auto there = look_at(fd(), name);
  return there && ::fstat(inner.fd(), &its) == 0 && same_file(*there, its);
}

bool Directory::in_place() const {
  struct stat its {
  }, there{};
  return ::fstat(fd(), &its) == 0 && ::stat(absolute_.c_str(), &there) == 0 && same_file(its, there);
}

bool Directory::make_private() const {
  struct stat its {};
  if (::fstat(fd(), &its) != 0) return false;
  if (its.st_uid != ::geteuid() && its.st_uid != 0) return false;
  // This may have no effect, because some file systems have one mode for all files.
  if ((its.st_mode & (S_IWGRP | S_IWOTH)) != 0) ::fchmod(fd(), 0700);
  return true;
}

void Directory::remove_if_empty() const {
  if (in_place()) ::rmdir(absolute_.c_str());  // fails if the directory is not empty
}

std::optional<Instant> Directory::modified(const std::string& name) const {
  auto there = look_at(fd(), name);
  if (!there) return std::nullopt;
  return Instant(std::chrono::seconds(there->st_mtim.tv_sec) + Milliseconds(there->st_mtim.tv_nsec / 1'000'000));
}

std::optional<Instant> Directory::now() const {
  const std::string probe = ".now." + std::to_string(::getpid());
  Fd file(::openat(fd(), probe.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return std::nullopt;
  auto written = modified(probe);
  remove(probe);
  return written;
}

bool Directory::sync() const {
  if (::fsync(fd()) == 0) return true;
  if (cannot_sync(errno)) return false;
  throw sync_error(path_, errno);
}

bool Directory::sync_own_name() const {
  Fd above(::openat(fd(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // If the parent directory may not be read, the whole file system is synced instead.
  if ((above ? ::fsync(above.get()) : ::syncfs(fd())) == 0) return true;
  if (cannot_sync(errno)) return false;
  throw sync_error(join(path_, ".."), errno);
}

InputFile::InputFile(const Directory& dir, const std::string& name)
    : fd_(::openat(dir.fd(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)),
      path_(join(dir.path(), name)) {
  struct stat info {};
  if (!fd_ || ::fstat(fd_.get(), &info) != 0) throw file_error("cannot read", path_, errno);
  if (!S_ISREG(info.st_mode))
    throw std::move(Error(Status::FILESYSTEM, path_ + " is not a regular file").at_file(path_));
  size_ = info.st_size;
}

std::size_t InputFile::read(MutableBytes out) {
  for (;;) {
    const ssize_t n = ::read(fd_.get(), out.data(), out.size());
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno != EINTR) throw file_error("cannot read", path_, errno);
  }
}

OutputFile::OutputFile(const Directory& dir, std::string partial, Durability durability)
    : partial_dir_(&dir), partial_(std::move(partial)), durability_(durability) {
  fd_ = Fd(::openat(dir.fd(), partial_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd_) throw file_error("cannot write", join(dir.path(), partial_), errno);
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : partial_dir_(std::exchange(other.partial_dir_, nullptr)),
      partial_(std::move(other.partial_)),
      durability_(other.durability_),
      fd_(std::move(other.fd_)),
      size_(other.size_),
      flushed_(other.flushed_),
      published_(other.published_) {}

OutputFile::~OutputFile() {
  if (!partial_dir_ || published_) return;
  partial_dir_->remove(partial_);
  if (fd_ && size_ >= kFlushStep && is_nameless(fd_.get())) free_in_background(std::move(fd_));
}

void OutputFile::write(ByteView bytes) {
  write_all(fd_.get(), reinterpret_cast<const char*>(bytes.data()), bytes.size(), join(partial_dir_->path(), partial_));
  size_ += static_cast<std::int64_t>(bytes.size());
  if (durability_ == Durability::power && size_ - flushed_ >= kFlushStep) {
    ::sync_file_range(fd_.get(), flushed_, size_ - flushed_, SYNC_FILE_RANGE_WRITE);  // fdatasync reports errors
    flushed_ = size_;
  }
}

void OutputFile::seal(const std::string& full) {
  if (durability_ == Durability::power && ::fdatasync(fd_.get()) != 0) throw sync_error(full, errno);
  if (int code = fd_.close()) throw file_error("cannot write", full, code);
}

namespace {

// Gives the file `partial` the name `name`. Uses a hard link, because a rename would replace an existing file.
int link_to(const Directory& from, const std::string& partial, const Directory& to, const std::string& name) {
  if (::linkat(from.fd(), partial.c_str(), to.fd(), name.c_str(), 0) == 0) return 0;
  if (errno == EEXIST) return errno;
  // The file system may have no hard links.
  if (::renameat2(from.fd(), partial.c_str(), to.fd(), name.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  // The file system may also lack RENAME_NOREPLACE, so check first and then rename.
  if (to.contains(name)) return EEXIST;
  return ::renameat(from.fd(), partial.c_str(), to.fd(), name.c_str()) == 0 ? 0 : errno;
}

}  // namespace

void OutputFile::publish(const Directory& dir, const std::string& name) {
  const std::string full = join(dir.path(), name);
  struct stat ours {};
  if (::fstat(fd_.get(), &ours) != 0) throw file_error("cannot write", full, errno);
  seal(full);
  int code = link_to(*partial_dir_, partial_, dir, name);
  // NFS repeats a call if the answer was lost. The repeated call fails although the file already has its new name.
  if (auto there = look_at(dir.fd(), name); code != 0 && there && same_file(*there, ours)) code = 0;
  if (code == EEXIST)
    throw std::move(
        Error(Status::FILESYSTEM, full + " exists already; move it away or choose another directory").at_file(full));
  if (code != 0) throw file_error("cannot write", full, code);
  published_ = true;
  partial_dir_->remove(partial_);
  if (durability_ == Durability::power) dir.sync();
}

LineFile::LineFile(const Directory& dir, const std::string& name, Durability durability)
    : path_(join(dir.path(), name)), durability_(durability) {
  fd_ = Fd(::openat(dir.fd(), name.c_str(), O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));
  struct stat info {};
  if (!fd_ || ::fstat(fd_.get(), &info) != 0) throw file_error("cannot write", path_, errno);
  // A process that was killed may have left a truncated line.
  char last = '\n';
  if (info.st_size > 0 && ::pread(fd_.get(), &last, 1, info.st_size - 1) != 1)
    throw file_error("cannot read", path_, errno);
  cut_ = last != '\n';
  if (durability_ == Durability::power) dir.sync();
}

void LineFile::append(std::string_view line) {
  std::string text = (cut_ ? "\n" : "") + std::string(line) + "\n";
  cut_ = true;
  write_all(fd_.get(), text.data(), text.size(), path_);
  if (durability_ == Durability::power && ::fdatasync(fd_.get()) != 0) throw sync_error(path_, errno);
  cut_ = false;
}

void LineFile::close() {
  if (int code = fd_.close()) throw file_error("cannot write", path_, code);
}

}  // namespace libbcda
