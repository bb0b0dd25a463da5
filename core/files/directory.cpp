#include "files/directory.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>

namespace libbcda::files {

using world::Lock;
using world::Sync;

namespace {

constexpr std::size_t kWriteBuffer = 64u << 10;
constexpr int kOpenTries = 10;  // because another run may remove a directory between mkdir and open

// Whether the error means that the file system or the kernel does not support fsync for directories, or syncfs at all.
// Some file systems answer as if the descriptor were unfit (EBADF, EISDIR). EPERM comes from filters of system calls.
bool cannot_sync(int code) {
  return code == EINVAL || code == ENOSYS || code == ENOTSUP || code == EOPNOTSUPP || code == EBADF || code == EISDIR ||
         code == EPERM;
}

std::optional<struct stat> look_at(const Directory& directory, const std::string& name) {
  struct stat info {};
  if (directory.disk().status_at(directory.fd(), name.c_str(), AT_SYMLINK_NOFOLLOW, info) != 0) return std::nullopt;
  return info;
}

bool same_file(const struct stat& a, const struct stat& b) { return a.st_dev == b.st_dev && a.st_ino == b.st_ino; }

}  // namespace

Directory::Directory(Disk& disk, Fd fd, std::string path)
    : disk_(&disk), fd_(std::move(fd)), path_(std::move(path)), absolute_(path_) {
  if (path_.starts_with('/')) return;
  std::unique_ptr<char, decltype(&std::free)> here(::getcwd(nullptr, 0), &std::free);
  if (here) absolute_ = join(here.get(), path_);
}

Directory Directory::open_or_create(const std::string& path, Disk& disk) {
  for (int tries = 1;; ++tries) {
    if (disk.make_directory(AT_FDCWD, path.c_str()) != 0 && errno != EEXIST) {
      const int code = errno;
      Error error = file_error("cannot make the directory", path, code);
      if (code == ENOENT) error.message += "; make the directory above it first";
      throw error;
    }
    Fd fd(disk, disk.open(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY));
    if (fd) return {disk, std::move(fd), path};
    if (errno == ENOTDIR)
      throw std::move(
          Error(Status::FILESYSTEM, path + " is a file, not a directory; choose another directory").at_file(path));
    if (errno != ENOENT || tries == kOpenTries) throw file_error("cannot open the directory", path, errno);
  }
}

Directory Directory::sub(const std::string& name) const {
  std::string full = join(path_, name);
  for (int tries = 1;; ++tries) {
    if (disk_->make_directory(fd(), name.c_str()) != 0 && errno != EEXIST)
      throw file_error("cannot make the directory", full, errno);
    Fd opened(*disk_, disk_->open(fd(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    if (opened) return {*disk_, std::move(opened), full};
    if (errno != ENOENT || tries == kOpenTries) throw file_error("cannot open the directory", full, errno);
  }
}

bool Directory::contains(const std::string& name) const { return look_at(*this, name).has_value(); }

bool is_file(const Directory& directory, const std::string& name) {
  const auto there = look_at(directory, name);
  return there && S_ISREG(there->st_mode);
}

std::string Directory::read(const std::string& name, std::size_t max_bytes) const {
  InputFile file(*this, name);
  if (file.size() > static_cast<std::int64_t>(max_bytes))
    throw std::move(Error(Status::FILESYSTEM,
                          "the file " + join(path_, name) + " is larger than " + std::to_string(max_bytes) + " bytes")
                        .at_file(join(path_, name)));
  std::string text;
  Bytes buffer(static_cast<std::size_t>(std::clamp<std::int64_t>(file.size() + 1, 1, 64 << 10)));
  while (const std::size_t n = file.read(buffer)) text.append(as_text({buffer.data(), n}));
  return text;
}

namespace {

// A name for a file that will get the name `name` when it is whole.
std::string new_name_beside(const std::string& name) {
  static std::atomic<unsigned> number{0};
  return "." + name + "." + std::to_string(::getpid()) + "-" + std::to_string(++number) + ".new";
}

// Creates a new file with a unique name, in the directory of the file that it will replace.
std::pair<Fd, std::string> new_file_beside(const Directory& dir, const std::string& name) {
  for (;;) {
    std::string own = new_name_beside(name);
    Fd file(dir.disk(), dir.disk().open(dir.fd(), own.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
    if (file) return {std::move(file), std::move(own)};
    if (errno != EEXIST) throw file_error("cannot write", join(dir.path(), name), errno);
  }
}

}  // namespace

void replace_file(const Directory& directory, const std::string& name, std::string_view text, Durability durability) {
  directory.replace(
      name, [&](const Directory::Append& append) { append(text); }, durability);
}

void Directory::replace(const std::string& name, const std::function<void(const Append&)>& write, Durability durability,
                        const Directory* work) const {
  const std::string full = join(path_, name);
  const Directory& beside = work ? *work : *this;
  auto created = new_file_beside(beside, name);
  Fd& file = created.first;
  const std::string& partial = created.second;
  std::string buffer;
  const auto flush = [&] {
    write_all(*disk_, file.get(), as_bytes(buffer), full);
    buffer.clear();
  };
  struct stat ours {};
  // NFS repeats a call if the answer was lost. The repeated call fails although the file already has its new name.
  const auto is_renamed = [&] {
    const auto there = look_at(*this, name);
    return there && same_file(*there, ours);
  };
  try {
    write([&](std::string_view piece) {
      buffer += piece;
      if (buffer.size() >= kWriteBuffer) flush();
    });
    flush();
    if (durability == Durability::power && disk_->sync(file.get(), Sync::all) != 0) throw sync_error(full, errno);
    if (file.status(ours) != 0) throw file_error("cannot write", full, errno);
    if (int code = file.close()) throw file_error("cannot write", full, code);
    if (disk_->rename(beside.fd(), partial.c_str(), fd(), name.c_str()) != 0) {
      const int code = errno;
      if (!is_renamed()) throw file_error("cannot rename", full, code);
    }
  } catch (...) {
    beside.remove(partial);
    throw;
  }
  if (durability == Durability::power) sync();
}

namespace {

// Where nothing else is exclusive. A process that is killed in between leaves a part of the file.
bool create_in_place(const Directory& directory, const std::string& name, std::string_view text) {
  Disk& disk = directory.disk();
  const std::string full = join(directory.path(), name);
  Fd file(disk, disk.open(directory.fd(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  if (!file && errno == EEXIST) return false;
  if (!file) throw file_error("cannot write", full, errno);
  try {
    write_all(disk, file.get(), as_bytes(text), full);
    if (int code = file.close()) throw file_error("cannot write", full, code);
  } catch (...) {
    directory.remove(name);
    throw;
  }
  return true;
}

}  // namespace

bool create_file(const Directory& directory, const std::string& name, std::string_view text) {
  std::string partial = new_name_beside(name);
  while (directory.contains(partial)) partial = new_name_beside(name);  // left by a killed process with our number
  OutputFile file(directory, std::move(partial), Durability::process);
  file.write(as_bytes(text));
  const std::optional<bool> is_new = file.publish_if_new(directory, name);
  return is_new ? *is_new : create_in_place(directory, name, text);
}

Fd nameless_file(const Directory& directory) {
  Disk& disk = directory.disk();
  Fd file(disk, disk.open_nameless(directory.fd(), 0600));
  if (file) return file;
  auto [named, name] = new_file_beside(directory, "spool");  // not every file system has files without a name
  directory.remove(name);
  return std::move(named);
}

Fd temporary_file(const std::string& directory) {
  if (!directory.empty()) return nameless_file(Directory::open_or_create(directory));
  std::error_code error;
  const std::filesystem::path common = std::filesystem::temp_directory_path(error);
  if (error)
    throw Error(Status::FILESYSTEM,
                "there is no directory for temporary files: " + error.message() + "; set TMPDIR to a directory");
  return nameless_file(Directory::open_or_create(common.string()));
}

void Directory::remove(const std::string& name) const noexcept { disk_->unlink(fd(), name.c_str(), 0); }

void Directory::remove_empty(const std::string& name) const noexcept {
  disk_->unlink(fd(), name.c_str(), AT_REMOVEDIR);  // fails if the directory is not empty
}

std::vector<std::string> Directory::names() const {
  std::vector<std::string> names;
  if (disk_->list(fd(), names) != 0) throw file_error("cannot read the directory", path_, errno);
  return names;
}

bool Directory::has(const Directory& inner, const std::string& name) const {
  struct stat its {};
  const auto there = look_at(*this, name);
  return there && disk_->status(inner.fd(), its) == 0 && same_file(*there, its);
}

bool Directory::in_place() const {
  struct stat its {
  }, there{};
  return disk_->status(fd(), its) == 0 && disk_->status_at(AT_FDCWD, absolute_.c_str(), 0, there) == 0 &&
         same_file(its, there);
}

// Some file systems give our files to another user: NFS maps root to nobody, and SMB and FAT have one owner for all
// files. Only the file system decides this, and not the owner of the directory.
std::optional<uid_t> Directory::owner_of_new_files() const {
  try {
    struct stat its {};
    const Fd probe = nameless_file(*this);
    return probe.status(its) == 0 ? std::optional(its.st_uid) : std::nullopt;
  } catch (const Error&) {
    return std::nullopt;  // no file can be written here
  }
}

bool Directory::make_private() const {
  struct stat its {};
  if (disk_->status(fd(), its) != 0) return false;
  if (its.st_uid != ::geteuid() && its.st_uid != 0 && its.st_uid != owner_of_new_files()) return false;
  if ((its.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    disk_->protect(fd(), 0700);  // may have no effect, because some file systems have one mode for all files
  return true;
}

void Directory::remove_if_empty() const {
  if (in_place()) disk_->unlink(AT_FDCWD, absolute_.c_str(), AT_REMOVEDIR);  // fails if it is not empty
}

std::optional<Instant> Directory::modified(const std::string& name) const {
  auto there = look_at(*this, name);
  if (!there) return std::nullopt;
  return Instant(std::chrono::seconds(there->st_mtim.tv_sec) + Milliseconds(there->st_mtim.tv_nsec / 1'000'000));
}

std::optional<Instant> Directory::now() const {
  const std::string probe = ".now." + std::to_string(::getpid());
  Fd file(*disk_, disk_->open(fd(), probe.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600));
  if (!file) return std::nullopt;
  auto written = modified(probe);
  remove(probe);
  return written;
}

bool Directory::sync() const {
  return sync_->wait(sync_->join(), [this] {
    if (disk_->sync(fd(), Sync::all) == 0) return true;
    if (cannot_sync(errno)) return false;
    throw sync_error(path_, errno);
  });
}

bool Directory::sync_own_name() const {
  Fd above(*disk_, disk_->open(fd(), "..", O_RDONLY | O_DIRECTORY));
  // If the parent directory may not be read, the whole file system is synced instead.
  if ((above ? disk_->sync(above.get(), Sync::all) : disk_->sync(fd(), Sync::file_system)) == 0) return true;
  if (cannot_sync(errno)) return false;
  throw sync_error(join(path_, ".."), errno);
}

DirectoryLock::Outcome DirectoryLock::attempt(Lock how) const {
  for (;;) {
    if (directory_.disk().lock(directory_.fd(), how) == 0) return Outcome::got;
    if (errno != EINTR) return errno == EWOULDBLOCK ? Outcome::busy : Outcome::unsupported;
  }
}

DirectoryLock::Outcome DirectoryLock::try_alone() const { return attempt(Lock::alone); }
DirectoryLock::Outcome DirectoryLock::try_shared() const { return attempt(Lock::shared); }
void DirectoryLock::release() const noexcept { directory_.disk().lock(directory_.fd(), Lock::none); }

}  // namespace libbcda::files
