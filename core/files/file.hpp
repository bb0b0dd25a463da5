// Local files: small ones read whole, and output that appears under its name only when it is whole.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "world/disk.hpp"

namespace libbcda::files {

using world::Disk;

// How much a published file survives: a crash of the process, or a loss of power.
enum class Durability { process, power };

// A file descriptor that closes itself.
class Fd {
 public:
  Fd() = default;
  Fd(Disk& disk, int fd) : disk_(&disk), fd_(fd) {}
  Fd(Fd&& other) noexcept : disk_(other.disk_), fd_(other.take()) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd();
  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  int take() noexcept { return std::exchange(fd_, -1); }
  ssize_t read(MutableBytes out) const noexcept { return disk_->read(fd_, out); }  // -1: see errno
  int status(struct stat& out) const noexcept { return disk_->status(fd_, out); }
  int close() noexcept;  // 0, or errno: network file systems report a failed write here

 private:
  Disk* disk_ = nullptr;
  int fd_ = -1;
};

// Reads a whole small file of the system. `what` is what errors call it ("private key"). Throws Error{FILESYSTEM}.
std::string read_file(const std::string& path, std::size_t max_bytes, const char* what);
Secret read_secret_file(const std::string& path, std::size_t max_bytes, const char* what);

// Opens a file of the system for reading. An empty Fd: errno says why there is none.
Fd open_system_file(const std::string& path);

// True when others than the owner may read `path`.
bool readable_by_others(const std::string& path);
bool is_directory(const std::string& path);
// The regular files in a directory of the system: name and size. Throws Error{FILESYSTEM}.
std::vector<std::pair<std::string, std::int64_t>> regular_files_in(const std::string& directory);
bool exists(Disk& disk, const std::string& path);  // a link exists even when it leads nowhere
bool may_read(const std::string& path);            // false: errno says why

// The error for a failed call. `code` is its errno.
Error file_error(const std::string& doing, const std::string& path, int code);
Error sync_error(const std::string& path, int code);

std::string join(const std::string& directory, const std::string& name);

class Directory;

// A regular file in a directory, to be read; a link is not followed. Throws Error{FILESYSTEM}.
class InputFile {
 public:
  InputFile(const Directory& dir, const std::string& name);
  std::int64_t size() const noexcept { return size_; }
  std::size_t read(MutableBytes out);  // 0 at the end

 private:
  Disk& disk_;
  Fd fd_;
  std::string path_;
  std::int64_t size_ = 0;
};

// A file being written: private (0600) under `partial`, which must be nobody else's, until publish() gives it its name.
// Gone when not published.
class OutputFile {
 public:
  OutputFile(const Directory& dir, std::string partial, Durability durability);
  OutputFile(OutputFile&& other) noexcept;
  ~OutputFile();

  void write(ByteView bytes);
  std::int64_t size() const noexcept { return size_; }
  // Makes the bytes durable as asked and moves the file into `dir` as `name`; fails if that exists. Each step that can
  // report a failed write (sync, close, link) has succeeded before the name appears.
  void publish(const Directory& dir, const std::string& name);

 private:
  void seal(const std::string& full);
  int link_to(const Directory& dir, const std::string& name) const;
  Disk& disk_;
  const Directory* partial_dir_;  // null once moved from
  std::string partial_;
  Durability durability_;
  Fd fd_;
  std::int64_t size_ = 0;
  std::int64_t flushed_ = 0;  // write-back was started up to here
  bool published_ = false;
};

// An append-only text file whose every line is written at once. A line cut short by a full disk spoils no other.
class LineFile {
 public:
  LineFile(const Directory& dir, const std::string& name, Durability durability = Durability::process);
  void append(std::string_view line);  // adds the newline
  void close();                        // throws when what was appended could not be written

 private:
  Disk& disk_;
  Fd fd_;
  std::string path_;
  Durability durability_;
  bool cut_ = false;  // the last line was
};

// Writes all of `bytes`. `path` names the file in an error.
void write_all(Disk& disk, int fd, ByteView bytes, const std::string& path);

}  // namespace libbcda::files
