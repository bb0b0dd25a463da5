// Local files: small ones read whole, and output that appears under its name only when it is whole.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"

namespace libbcda {

// How much a published file survives: a crash of the process, or a loss of power.
enum class Durability { process, power };

// A file descriptor that closes itself.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  Fd& operator=(Fd&& other) noexcept;
  ~Fd();
  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  void close() noexcept;

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
  std::string read(const std::string& name, std::size_t max_bytes) const;
  // Writes a small file under a temporary name and renames it.
  void replace(const std::string& name, std::string_view text, Durability durability) const;
  void remove(const std::string& name) const noexcept;            // a file; missing is fine
  void remove_directory(const std::string& name) const noexcept;  // and the files in it, one level
  std::vector<std::string> names() const;                         // of everything in it
  bool is_empty() const { return names().empty(); }
  bool removed() const;  // somebody has removed it meanwhile
  void sync() const;     // makes renames in it survive a loss of power
  int fd() const noexcept { return fd_.get(); }
  const std::string& path() const noexcept { return path_; }

 private:
  Directory(Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  Fd fd_;
  std::string path_;
};

// A file being written: private (0600) under `partial`, which must be nobody else's, until publish() gives it its name.
// Gone when not published.
class OutputFile {
 public:
  OutputFile(const Directory& dir, std::string partial, Durability durability);
  OutputFile(OutputFile&&) = default;
  ~OutputFile();

  void write(ByteView bytes);
  std::int64_t size() const noexcept { return size_; }
  // Makes the bytes durable as asked and renames the file into `dir` as `name`; fails if that exists.
  void publish(const Directory& dir, const std::string& name);

 private:
  const Directory* partial_dir_;
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

 private:
  Fd fd_;
  std::string path_;
  Durability durability_;
  bool cut_ = false;  // the last line was
};

}  // namespace libbcda
