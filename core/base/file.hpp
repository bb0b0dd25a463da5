// Local files: reading small files, and writing output that appears under its final name only when it is complete.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"

namespace libbcda {

// What a published file survives: only a crash of the process, or also a loss of power.
enum class Durability { process, power };

// A file descriptor that is closed on destruction. It is never 0, 1 or 2. Otherwise, in a process that has closed
// those, printed text would be written to our file.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd);
  Fd(Fd&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  Fd& operator=(Fd&& other) noexcept;
  ~Fd();
  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  int close() noexcept;  // 0 or errno; network file systems report a failed write here

 private:
  int fd_ = -1;
};

// Reads a small file completely. Error messages call it `what` ("private key"). Throws Error{FILESYSTEM}.
std::string read_file(const std::string& path, std::size_t max_bytes, const char* what);
Secret read_secret_file(const std::string& path, std::size_t max_bytes, const char* what);

// Whether users other than the owner may read `path`.
bool readable_by_others(const std::string& path);

// An open directory. Its operations do not depend on its path, which may change.
class Directory {
 public:
  static Directory open_or_create(const std::string& path);  // a new one has mode 0700; parents are not created

  Directory sub(const std::string& name) const;  // opens or creates a subdirectory; never follows a symlink
  bool contains(const std::string& name) const;
  bool has_file(const std::string& name) const;  // a regular file, not a symlink
  std::string read(const std::string& name, std::size_t max_bytes) const;
  // Writes a small file under a temporary name and renames it. An existing file is replaced.
  void replace(const std::string& name, std::string_view text, Durability durability) const;
  void remove(const std::string& name) const noexcept;            // a file; it may be missing
  void remove_directory(const std::string& name) const noexcept;  // and the files directly in it
  std::vector<std::string> names() const;                         // of all entries
  bool is_empty() const { return names().empty(); }
  bool has(const Directory& inner, const std::string& name) const;  // whether `name` in it is still `inner`
  bool in_place() const;                                            // the path still leads to this directory
  void remove_if_empty() const;                                     // removes this directory
  bool make_private() const;  // sets mode 0700 if the file system has modes; false: another user owns it
  // The time of the last write to a file; nullopt if it is missing. This is the clock of the file system, like now().
  std::optional<Instant> modified(const std::string& name) const;
  std::optional<Instant> now() const;  // nullopt if no file can be written here
  // Makes the names in it survive a loss of power. Returns false if the file system does not support this. Throws
  // Error{FILESYSTEM} if the file system supports it but failed.
  bool sync() const;
  bool sync_own_name() const;  // the same for its own name in the parent directory
  int fd() const noexcept { return fd_.get(); }
  const std::string& path() const noexcept { return path_; }

 private:
  Directory(Fd fd, std::string path);
  Fd fd_;
  std::string path_;
  std::string absolute_;  // still correct after the process changes its working directory
};

// A regular file in a directory, open for reading. Symlinks are not followed. Throws Error{FILESYSTEM}.
class InputFile {
 public:
  InputFile(const Directory& dir, const std::string& name);
  std::int64_t size() const noexcept { return size_; }
  std::size_t read(MutableBytes out);  // returns 0 at the end

 private:
  Fd fd_;
  std::string path_;
  std::int64_t size_ = 0;
};

// A file that is being written. Until publish(), it has mode 0600 and the name `partial`, which no other writer may
// use. It is removed on destruction unless it was published.
class OutputFile {
 public:
  OutputFile(const Directory& dir, std::string partial, Durability durability);
  OutputFile(OutputFile&& other) noexcept;
  ~OutputFile();

  void write(ByteView bytes);
  std::int64_t size() const noexcept { return size_; }
  // Makes the bytes durable (see Durability) and moves the file to `name` in `dir`. Fails if `name` exists. The name
  // appears only after every step that can report a failed write (sync, close, link) has succeeded.
  void publish(const Directory& dir, const std::string& name);

 private:
  void seal(const std::string& full);
  const Directory* partial_dir_;  // null after a move
  std::string partial_;
  Durability durability_;
  Fd fd_;
  std::int64_t size_ = 0;
  std::int64_t flushed_ = 0;  // write-back to the disk was started for the bytes before this offset
  bool published_ = false;
};

// An append-only text file. Each line is written with one call. If a full disk truncates a line, later lines are still
// intact.
class LineFile {
 public:
  LineFile(const Directory& dir, const std::string& name, Durability durability = Durability::process);
  void append(std::string_view line);  // adds the line break
  void close();                        // throws if appended lines could not be written

 private:
  Fd fd_;
  std::string path_;
  Durability durability_;
  bool cut_ = false;  // the last line is truncated
};

}  // namespace libbcda
