// Local files: reading small files, and writing output that appears under its final name only when it is complete.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "world/disk.hpp"

namespace libbcda::files {

using world::Disk;

// What a published file survives: only a crash of the process, or also a loss of power.
enum class Durability { process, power };

// A file descriptor that is closed on destruction.
class Fd {
 public:
  Fd() = default;
  Fd(Disk& disk, int fd) : disk_(&disk), fd_(fd) {}
  Fd(Fd&& other) noexcept : disk_(other.disk_), fd_(other.take()) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd();
  int get() const noexcept { return fd_; }
  Disk& disk() const noexcept { return *disk_; }  // of an open one
  explicit operator bool() const noexcept { return fd_ >= 0; }
  int take() noexcept { return std::exchange(fd_, -1); }
  ssize_t read(MutableBytes out) const noexcept { return disk_->read(fd_, out); }  // -1: see errno
  int status(struct stat& out) const noexcept { return disk_->status(fd_, out); }
  int close() noexcept;  // 0 or errno; network file systems report a failed write here

 private:
  Disk* disk_ = nullptr;
  int fd_ = -1;
};

// Reads a small file of the system completely. Error messages call it `what` ("private key"). Throws Error{FILESYSTEM}.
std::string read_file(const std::string& path, std::size_t max_bytes, const char* what);
Secret read_secret_file(const std::string& path, std::size_t max_bytes, const char* what);

// Opens a file of the system for reading. On failure the Fd is empty and errno has the reason.
Fd open_system_file(const std::string& path);

// Whether users other than the owner may read `path`.
bool readable_by_others(const std::string& path);
bool is_directory(const std::string& path);
// The regular files in a directory of the system: name and size. Throws Error{FILESYSTEM}.
std::vector<std::pair<std::string, std::int64_t>> regular_files_in(const std::string& directory);
bool exists(Disk& disk, const std::string& path);  // also true for a dangling symlink
bool may_read(const std::string& path);            // false: errno has the reason

// The error for a failed call with the errno `code`.
Error file_error(const std::string& doing, const std::string& path, int code);
Error sync_error(const std::string& path, int code);

std::string join(const std::string& directory, const std::string& name);

class Directory;

// What tells a file from others, and from itself before it was written to again.
struct Stamp {
  Stamp() = default;  // of no file
  explicit Stamp(const struct stat& info);
  bool operator==(const Stamp&) const = default;

  std::uint64_t device = 0, number = 0;
  std::int64_t size = -1, written = 0;  // in bytes; in nanoseconds since 1970
};

// A regular file in a directory, open for reading. Symlinks are not followed. Throws Error{FILESYSTEM}.
class InputFile {
 public:
  InputFile(const Directory& dir, const std::string& name);
  std::int64_t size() const noexcept { return stamp_.size; }
  const Stamp& stamp() const noexcept { return stamp_; }
  std::size_t read(MutableBytes out);  // returns 0 at the end
  Fd take() && { return std::move(fd_); }

 private:
  Disk& disk_;
  Fd fd_;
  std::string path_;
  Stamp stamp_;
};

// A file that is being written. Until publish(), it has mode 0600 and the name `partial`, which no other writer may
// use. It is removed on destruction unless it was published.
class OutputFile {
 public:
  OutputFile(const Directory& dir, std::string partial, Durability durability);
  OutputFile(OutputFile&& other) noexcept;
  ~OutputFile();

  // How many bytes will come, by what their sender says. Only a hint: it is reserved in steps.
  void expect(std::int64_t size) noexcept { expected_ = size; }
  void write(ByteView bytes);
  std::int64_t size() const noexcept { return size_; }
  const std::string& partial() const noexcept { return partial_; }
  void sync();                                   // makes the bytes so far durable
  void end();                                    // nothing more comes: makes it durable (see Durability), and closes it
  Stamp stamp() const { return Stamp(ended_); }  // after end() or publish()
  void leave() noexcept { left_ = true; }        // the destructor does not remove it
  // Makes the bytes durable (see Durability) and moves the file to `name` in `dir`. Fails if `name` exists. The name
  // appears only after every step that can report a failed write (sync, close, link) has succeeded.
  void publish(const Directory& dir, const std::string& name);
  // The same, but returns false if `name` exists, and nullopt if the file system cannot find that out in the same step.
  std::optional<bool> publish_if_new(const Directory& dir, const std::string& name);

 private:
  void reserve(std::int64_t size) noexcept;
  int try_to_publish(const Directory& dir, const std::string& name, bool in_one_step);
  int link_to(const Directory& dir, const std::string& name, bool in_one_step) const;
  Disk& disk_;
  const Directory* partial_dir_;  // null after a move
  std::string partial_;
  Durability durability_;
  Fd fd_;
  struct stat ended_ {};  // after end()
  std::int64_t size_ = 0;
  std::int64_t expected_ = 0, reserved_ = 0;
  std::int64_t flushed_ = 0;  // write-back to the disk was started for the bytes before this offset
  bool published_ = false, left_ = false;
};

// An append-only text file. Each call of append() is one write. If a full disk truncates it, later lines are still
// intact.
class LineFile {
 public:
  enum class Open { new_or_old, only_new };
  // only_new: throws Error{FILESYSTEM} if the name is there. The caller makes the name of a new file durable.
  LineFile(const Directory& dir, const std::string& name, Durability durability = Durability::process,
           Open how = Open::new_or_old);
  void append(std::string_view line);  // or several, with line breaks between them; adds the last line break
  void close();                        // throws if appended lines could not be written

 private:
  Disk& disk_;
  Fd fd_;
  std::string path_;
  Durability durability_;
  bool cut_ = false;  // the last line is truncated
};

// Writes all bytes. `path` is the name of the file in error messages.
void write_all(Disk& disk, int fd, ByteView bytes, const std::string& path);

// Fills `out` from `offset` on. Throws Error{FILESYSTEM}, also when fewer bytes are there.
void read_all_at(const Fd& file, std::int64_t offset, MutableBytes out, const std::string& path);

}  // namespace libbcda::files
