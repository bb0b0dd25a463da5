#include "files/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>

#include "base/remedies.hpp"
#include "files/directory.hpp"

namespace libbcda::files {

using world::Sync;
using world::system_disk;

namespace {

// Write-back starts after each step of this size, so that the sync at the end has little left to do.
constexpr std::int64_t kFlushStep = 8 << 20;

// Room on the disk is reserved in such steps, because the size that a server announces may be wrong. For a file of less
// than the first size the call costs more than it saves.
constexpr std::int64_t kReserveStep = 16 << 20, kWorthReserving = 1 << 20;

std::optional<struct stat> look_at(Disk& disk, const std::string& path, int flags = 0) {
  struct stat info {};
  if (disk.status_at(AT_FDCWD, path.c_str(), flags, info) != 0) return std::nullopt;
  return info;
}

template <class Text>
Text read_all(const std::string& path, std::size_t max_bytes, const char* what) {
  const Fd fd = open_system_file(path);
  if (!fd) throw file_error(std::string("cannot read the ") + what, path, errno);
  Text text;
  std::uint8_t buffer[16384];
  for (;;) {
    const ssize_t n = fd.read(buffer);
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

}  // namespace

std::string join(const std::string& directory, const std::string& name) { return directory + "/" + name; }

Error file_error(const std::string& doing, const std::string& path, int code) {
  std::string text = doing + " " + path + ": " + std::strerror(code);
  if (code == ENOSPC || code == EDQUOT) text += "; free some space there or choose another directory";
  if (code == EACCES || code == EPERM) text += "; check its owner and mode";
  if (code == EMFILE || code == ENFILE) text += std::string("; ") + kMoreFiles;
  if (code == EFBIG)
    text += "; raise the limit of file sizes (ulimit -f), or choose a file system that takes larger files";
  if (code == EBUSY || code == ETXTBSY) text += "; another program, such as a virus scanner, has it open; try again";
  if (code == ESTALE) text += "; the file server does not know it any more; try again, or have it mounted anew";
  if (code == EROFS) text += "; choose another directory, or have the file system mounted for writing";
  return std::move(Error(Status::FILESYSTEM, text).at_file(path));
}

Error sync_error(const std::string& path, int code) {
  Error error = file_error("cannot sync", path, code);
  error.message += "; if this file system cannot sync, set durability to process";
  return error;
}

void write_all(Disk& disk, int fd, ByteView bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = disk.write(fd, bytes);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw file_error("cannot write", path, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}

void read_all_at(const Fd& file, std::int64_t offset, MutableBytes out, const std::string& path) {
  while (!out.empty()) {
    const ssize_t n = file.disk().read_at(file.get(), out, offset);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw file_error("cannot read", path, n < 0 ? errno : EIO);
    out = out.subspan(static_cast<std::size_t>(n));
    offset += n;
  }
}

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    close();
    disk_ = other.disk_;
    fd_ = other.take();
  }
  return *this;
}

Fd::~Fd() { close(); }

int Fd::close() noexcept {
  const int fd = take();  // Linux frees the descriptor even if close() fails
  return fd >= 0 && disk_->close(fd) != 0 ? errno : 0;
}

Fd open_system_file(const std::string& path) {
  return {system_disk(), system_disk().open(AT_FDCWD, path.c_str(), O_RDONLY)};
}

std::string read_file(const std::string& path, std::size_t max_bytes, const char* what) {
  return read_all<std::string>(path, max_bytes, what);
}

Secret read_secret_file(const std::string& path, std::size_t max_bytes, const char* what) {
  return Secret(read_all<SecretBytes>(path, max_bytes, what));
}

bool readable_by_others(const std::string& path) {
  const auto info = look_at(system_disk(), path);
  return info && (info->st_mode & (S_IRGRP | S_IROTH));
}

bool is_directory(const std::string& path) {
  const auto info = look_at(system_disk(), path);
  return info && S_ISDIR(info->st_mode);
}

std::vector<std::pair<std::string, std::int64_t>> regular_files_in(const std::string& directory) {
  const Fd fd(system_disk(), system_disk().open(AT_FDCWD, directory.c_str(), O_RDONLY | O_DIRECTORY));
  std::vector<std::string> names;
  if (!fd || system_disk().list(fd.get(), names) != 0) throw file_error("cannot read the directory", directory, errno);
  std::vector<std::pair<std::string, std::int64_t>> files;
  for (const std::string& name : names)
    if (const auto info = look_at(system_disk(), join(directory, name)); info && S_ISREG(info->st_mode))
      files.emplace_back(name, info->st_size);
  return files;
}

bool exists(Disk& disk, const std::string& path) { return look_at(disk, path, AT_SYMLINK_NOFOLLOW).has_value(); }

bool may_read(const std::string& path) {
  return bool(Fd(system_disk(), system_disk().open(AT_FDCWD, path.c_str(), O_RDONLY | O_NONBLOCK)));
}

InputFile::InputFile(const Directory& dir, const std::string& name)
    : disk_(dir.disk()),
      fd_(disk_, disk_.open(dir.fd(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK)),
      path_(join(dir.path(), name)) {
  struct stat info {};
  if (!fd_ || fd_.status(info) != 0) throw file_error("cannot read", path_, errno);
  if (!S_ISREG(info.st_mode))
    throw std::move(Error(Status::FILESYSTEM, path_ + " is not a regular file").at_file(path_));
  stamp_ = Stamp(info);
}

Stamp::Stamp(const struct stat& info)
    : device(info.st_dev),
      number(info.st_ino),
      size(info.st_size),
      written(std::int64_t(info.st_mtim.tv_sec) * 1'000'000'000 + info.st_mtim.tv_nsec) {}

std::size_t InputFile::read(MutableBytes out) {
  for (;;) {
    const ssize_t n = fd_.read(out);
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno != EINTR) throw file_error("cannot read", path_, errno);
  }
}

OutputFile::OutputFile(const Directory& dir, std::string partial, Durability durability)
    : disk_(dir.disk()), partial_dir_(&dir), partial_(std::move(partial)), durability_(durability) {
  fd_ = Fd(disk_, disk_.open(dir.fd(), partial_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  if (!fd_) throw file_error("cannot write", join(dir.path(), partial_), errno);
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : disk_(other.disk_),
      partial_dir_(std::exchange(other.partial_dir_, nullptr)),
      partial_(std::move(other.partial_)),
      durability_(other.durability_),
      fd_(std::move(other.fd_)),
      ended_(other.ended_),
      size_(other.size_),
      expected_(other.expected_),
      reserved_(other.reserved_),
      flushed_(other.flushed_),
      published_(other.published_),
      left_(other.left_) {}

OutputFile::~OutputFile() {
  if (!partial_dir_ || published_ || left_) return;
  partial_dir_->remove(partial_);
  if (fd_ && size_ >= kFlushStep) disk_.discard(fd_.take());
}

void OutputFile::reserve(std::int64_t size) noexcept {
  if (size <= reserved_ || size > expected_ || expected_ < kWorthReserving) return;
  const std::int64_t end = std::min(expected_, size + kReserveStep);
  disk_.reserve(fd_.get(), reserved_, end - reserved_);
  reserved_ = end;
}

void OutputFile::write(ByteView bytes) {
  reserve(size_ + static_cast<std::int64_t>(bytes.size()));
  write_all(disk_, fd_.get(), bytes, join(partial_dir_->path(), partial_));
  size_ += static_cast<std::int64_t>(bytes.size());
  if (durability_ == Durability::power && size_ - flushed_ >= kFlushStep) {
    disk_.sync(fd_.get(), Sync::start, flushed_, size_ - flushed_);  // only a hint; the final sync reports failures
    flushed_ = size_;
  }
}

void OutputFile::sync() {
  if (disk_.sync(fd_.get(), Sync::data) != 0) throw sync_error(join(partial_dir_->path(), partial_), errno);
}

void OutputFile::end() {
  const std::string full = join(partial_dir_->path(), partial_);
  if (fd_.status(ended_) != 0) throw file_error("cannot write", full, errno);
  if (durability_ == Durability::power && disk_.sync(fd_.get(), Sync::data) != 0) throw sync_error(full, errno);
  if (int code = fd_.close()) throw file_error("cannot write", full, code);
}

namespace {

// How file systems and sandboxed kernels answer a rename that they do not have.
bool may_lack_it(int code) { return code == EINVAL || code == ENOSYS || code == EOPNOTSUPP || code == EPERM; }

constexpr int kCannotTell = -1;  // no error of the system

}  // namespace

// Gives the partial file its final name. Uses a hard link, because a rename would replace an existing file.
int OutputFile::link_to(const Directory& to, const std::string& name, bool in_one_step) const {
  const int from = partial_dir_->fd();
  if (disk_.link(from, partial_.c_str(), to.fd(), name.c_str()) == 0) return 0;
  if (errno == EEXIST) return errno;
  // The file system may have no hard links.
  if (disk_.rename_if_new(from, partial_.c_str(), to.fd(), name.c_str()) == 0) return 0;
  if (!may_lack_it(errno)) return errno;
  // The file system, or a filter of system calls, may also lack this rename, so check first and then rename.
  if (in_one_step) return kCannotTell;
  if (to.contains(name)) return EEXIST;
  return disk_.rename(from, partial_.c_str(), to.fd(), name.c_str()) == 0 ? 0 : errno;
}

// Returns 0, or why the file has not got the name.
int OutputFile::try_to_publish(const Directory& dir, const std::string& name, bool in_one_step) {
  if (fd_) end();
  int code = link_to(dir, name, in_one_step);
  // NFS repeats a call if the answer was lost. The repeated call fails although the file already has its new name.
  struct stat there {};
  if (code != 0 && disk_.status_at(dir.fd(), name.c_str(), AT_SYMLINK_NOFOLLOW, there) == 0 &&
      there.st_dev == ended_.st_dev && there.st_ino == ended_.st_ino)
    code = 0;
  if (code != 0) return code;
  published_ = true;
  partial_dir_->remove(partial_);
  if (durability_ == Durability::power) dir.sync();
  return 0;
}

std::optional<bool> OutputFile::publish_if_new(const Directory& dir, const std::string& name) {
  const int code = try_to_publish(dir, name, true);
  if (code == kCannotTell) return std::nullopt;
  if (code != 0 && code != EEXIST) throw file_error("cannot write", join(dir.path(), name), code);
  return code == 0;
}

void OutputFile::publish(const Directory& dir, const std::string& name) {
  const std::string full = join(dir.path(), name);
  const int code = try_to_publish(dir, name, false);
  if (code == EEXIST)
    throw std::move(
        Error(Status::FILESYSTEM, full + " exists already; move it away or choose another directory").at_file(full));
  if (code != 0) throw file_error("cannot write", full, code);
}

LineFile::LineFile(const Directory& dir, const std::string& name, Durability durability, Open how)
    : disk_(dir.disk()), path_(join(dir.path(), name)), durability_(durability) {
  const auto open = [&](int flags) {
    fd_ = Fd(disk_, disk_.open(dir.fd(), name.c_str(), O_RDWR | O_APPEND | O_NOFOLLOW | flags, 0600));
  };
  open(O_CREAT | O_EXCL);  // as a new one it gets its mode whatever the umask
  if (!fd_ && errno == EEXIST && how != Open::only_new) open(O_CREAT);
  struct stat info {};
  if (!fd_ || fd_.status(info) != 0) throw file_error("cannot write", path_, errno);
  // A process that was killed may have left a truncated line.
  std::uint8_t last = '\n';
  if (info.st_size > 0 && disk_.read_at(fd_.get(), {&last, 1}, info.st_size - 1) != 1)
    throw file_error("cannot read", path_, errno);
  cut_ = last != '\n';
}

void LineFile::append(std::string_view line) {
  std::string text = (cut_ ? "\n" : "") + std::string(line) + "\n";
  cut_ = true;
  write_all(disk_, fd_.get(), as_bytes(text), path_);
  if (durability_ == Durability::power && disk_.sync(fd_.get(), Sync::data) != 0) throw sync_error(path_, errno);
  cut_ = false;
}

void LineFile::close() {
  if (int code = fd_.close()) throw file_error("cannot write", path_, code);
}

}  // namespace libbcda::files
