// An open directory, and its lock.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "files/file.hpp"
#include "files/shared_sync.hpp"

namespace libbcda::files {

// An open directory. Its operations do not depend on its path, which may change.
class Directory {
 public:
  // Creates the directory with mode 0700 if it is missing. Does not create parents.
  static Directory open_or_create(const std::string& path, Disk& disk = world::system_disk());

  Directory sub(const std::string& name) const;  // opens or creates a subdirectory; never follows a symlink
  bool contains(const std::string& name) const;
  std::string read(const std::string& name, std::size_t max_bytes) const;
  // Writes a file under a temporary name and renames it. An existing file is replaced. `write` gets a function that
  // takes the text in pieces. A crash may leave the temporary file. It is in `work`, a directory of the same file
  // system, or else in this one.
  using Append = std::function<void(std::string_view piece)>;
  void replace(const std::string& name, const std::function<void(const Append&)>& write, Durability durability,
               const Directory* work = nullptr) const;
  void remove(const std::string& name) const noexcept;              // a file; it may be missing
  void remove_empty(const std::string& name) const noexcept;        // a directory; one that is not empty stays
  std::vector<std::string> names() const;                           // of all entries
  bool has(const Directory& inner, const std::string& name) const;  // whether `name` in it is still `inner`
  bool in_place() const;         // whether the original path still leads to this directory
  void remove_if_empty() const;  // removes this directory
  bool make_private() const;     // sets mode 0700 if the file system has modes; false: another user owns it
  // The time of the last write to a file; nullopt if it is missing. This is the clock of the file system, like now().
  std::optional<Instant> modified(const std::string& name) const;
  std::optional<Instant> now() const;  // nullopt if no file can be written here
  // Makes the names in it survive a loss of power. Returns false if the file system does not support this. Throws
  // Error{FILESYSTEM} if the file system supports it but failed.
  bool sync() const;
  bool sync_own_name() const;  // the same for its own name in the parent directory
  Disk& disk() const noexcept { return *disk_; }
  int fd() const noexcept { return fd_.get(); }
  const std::string& path() const noexcept { return path_; }

 private:
  Directory(Disk& disk, Fd fd, std::string path);
  std::optional<uid_t> owner_of_new_files() const;
  Disk* disk_;
  Fd fd_;
  std::unique_ptr<SharedSync> sync_ = std::make_unique<SharedSync>();
  std::string path_;
  std::string absolute_;  // still correct after the process changes its working directory
};

// Directory::replace for a short text.
void replace_file(const Directory& directory, const std::string& name, std::string_view text, Durability durability);

// Creates a file with this text. Returns false if the name is there already: of two processes only one gets it. Where
// the file system has links or a rename that replaces nothing, nobody sees a part of the file, also if this process is
// killed.
bool create_file(const Directory& directory, const std::string& name, std::string_view text);

// An empty file for reading and writing in the directory, which disappears when it is closed.
Fd nameless_file(const Directory& directory);

// The same in a directory of the system; "": the one for temporary files (TMPDIR). Throws Error{FILESYSTEM}.
Fd temporary_file(const std::string& directory = "");

// Whether `name` in the directory is a regular file, not a symlink.
bool is_file(const Directory& directory, const std::string& name);

// An advisory lock on a directory, with flock(2). Not every file system has locks.
class DirectoryLock {
 public:
  enum class Outcome { got, busy, unsupported };

  explicit DirectoryLock(const Directory& directory) : directory_(directory) {}
  Outcome try_alone() const;
  Outcome try_shared() const;
  void release() const noexcept;

 private:
  Outcome attempt(world::Lock how) const;
  const Directory& directory_;
};

}  // namespace libbcda::files
