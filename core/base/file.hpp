// Local files: small ones read whole, and output that appears under its name only when it is whole.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"

namespace libbcda {

// How much a published file survives: a crash of the process, or a loss of power.
enum class Durability { process, power };

// A file descriptor that closes itself. It is never 0, 1 or 2: where a host process has closed those, what somebody prints
// would otherwise end up in our file.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd);
  Fd(Fd&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  Fd& operator=(Fd&& other) noexcept;
  ~Fd();
  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  int close() noexcept;  // 0, or errno: network file systems report a failed write here

 private:
  int fd_ = -1;
};

// Reads a whole small file. `what` is what errors call it ("private key"). Throws Error{FILESYSTEM}.
std::string read_file(const std::string& path, std::size_t max_bytes, const char* what);
Secret read_secret_file(const std::string& path, std::size_t max_bytes, const char* what);

// True when others than the owner may read `path`.
bool readable_by_others(const std::string& path);

// A directory held open, so that what happens in it does not depend on its path any more.
class Directory {
 public:
  static Directory open_or_create(const std::string& path);  // mode 0700 when made; parents are not made

  Directory sub(const std::string& name) const;  // opens or makes a directory in it; never follows a link
  bool contains(const std::string& name) const;
  bool has_file(const std::string& name) const;  // a regular file; a link is none
  std::string read(const std::string& name, std::size_t max_bytes) const;
  // Writes a small file under a temporary name and renames it.
  void replace(const std::string& name, std::string_view text, Durability durability) const;
  void remove(const std::string& name) const noexcept;            // a file; missing is fine
  void remove_directory(const std::string& name) const noexcept;  // and the files in it, one level
  std::vector<std::string> names() const;                         // of everything in it
  bool is_empty() const { return names().empty(); }
  bool has(const Directory& inner, const std::string& name) const;  // `name` in it is still that directory
  bool in_place() const;                                            // the path that it was opened by still leads to it
  void remove_if_empty() const;                                     // itself
  bool make_private() const;  // mode 0700, where the file system has modes; false: it is another user's
  // When a file in it was last written; nullopt when it is not there. By the clock of the file system, as `now` is.
  std::optional<Instant> modified(const std::string& name) const;
  std::optional<Instant> now() const;  // nullopt when no file can be written here
  // Makes names in it survive a loss of power. False: this file system cannot do that. Throws Error{FILESYSTEM} when it
  // can and failed.
  bool sync() const;
  bool sync_own_name() const;  // the same for its own name in the directory above
  int fd() const noexcept { return fd_.get(); }
  const std::string& path() const noexcept { return path_; }

 private:
  Directory(Fd fd, std::string path);
  Fd fd_;
  std::string path_;
  std::string absolute_;  // the same when the process changes its working directory
};

// A regular file in a directory, to be read; a link is not followed. Throws Error{FILESYSTEM}.
class InputFile {
 public:
  InputFile(const Directory& dir, const std::string& name);
  std::int64_t size() const noexcept { return size_; }
  std::size_t read(MutableBytes out);  // 0 at the end

 private:
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
  Fd fd_;
  std::string path_;
  Durability durability_;
  bool cut_ = false;  // the last line was
};

}  // namespace libbcda
