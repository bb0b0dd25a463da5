// A directory that is held open.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "files/file.hpp"

namespace libbcda::files {

// A directory held open, so that what happens in it does not depend on its path any more.
class Directory {
 public:
  // Made with mode 0700 when it is not there; parents are not made.
  static Directory open_or_create(const std::string& path, Disk& disk = world::system_disk());

  Directory sub(const std::string& name) const;  // opens or makes a directory in it; never follows a link
  bool contains(const std::string& name) const;
  bool has_file(const std::string& name) const;  // a regular file; a link is none
  std::string read(const std::string& name, std::size_t max_bytes) const;
  // Writes a small file under a temporary name and renames it.
  void replace(const std::string& name, std::string_view text, Durability durability) const;
  void remove(const std::string& name) const noexcept;                 // a file; missing is fine
  void remove_empty(const std::string& name) const noexcept;           // a directory; one that holds anything stays
  std::vector<std::string> names() const;                              // of everything in it
  bool has(const Directory& inner, const std::string& name) const;     // `name` in it is still that directory
  bool holds(const std::string& name, const struct stat& file) const;  // `name` in it is that file
  bool in_place() const;         // the path that it was opened by still leads to it
  void remove_if_empty() const;  // itself
  bool make_private() const;     // mode 0700, where the file system has modes; false: it is another user's
  // When a file in it was last written; nullopt when it is not there. By the clock of the file system, as `now` is.
  std::optional<Instant> modified(const std::string& name) const;
  std::optional<Instant> now() const;  // nullopt when no file can be written here
  // Makes names in it survive a loss of power. False: this file system cannot do that. Throws Error{FILESYSTEM} when it
  // can and failed.
  bool sync() const;
  bool sync_own_name() const;  // the same for its own name in the directory above
  Disk& disk() const noexcept { return *disk_; }
  int fd() const noexcept { return fd_.get(); }
  const std::string& path() const noexcept { return path_; }

 private:
  Directory(Disk& disk, Fd fd, std::string path);
  std::optional<struct stat> look_at(const std::string& name) const;
  Disk* disk_;
  Fd fd_;
  std::string path_;
  std::string absolute_;  // the same when the process changes its working directory
};

// An advisory lock on a directory, as flock(2) has them. Not every file system has locks.
class DirectoryLock {
 public:
  enum class Outcome { got, busy, unsupported };

  explicit DirectoryLock(const Directory& directory) : directory_(directory) {}
  Outcome try_alone() const;
  Outcome try_shared() const;
  void release() const noexcept;

 private:
  Outcome attempt(int operation) const;
  const Directory& directory_;
};

}  // namespace libbcda::files
