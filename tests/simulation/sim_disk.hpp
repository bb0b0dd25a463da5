// A file system in memory. It keeps what was written apart from what would survive a loss of power.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "simulation/dice.hpp"
#include "world/clock.hpp"
#include "world/disk.hpp"

namespace libbcda::simulation {

// How a run ends without its own doing.
enum class Crash {
  kill,   // the process ends; the system goes on, with all that was written
  power,  // the system ends; what was not synced is lost, torn or kept
};

// The calls that fail, by chance.
struct DiskFaults {
  double sync = 0;  // EIO
  double open = 0;  // EMFILE
  double lost = 0;  // the answer of a link, a rename or a new directory, as on NFS: it is done, and says it is not
  std::int64_t room = -1;  // the bytes that can still be written, then ENOSPC; -1: no limit
  bool any() const { return sync > 0 || open > 0 || lost > 0 || room >= 0; }
};

// What not every file system has: the errno of a call that it lacks; 0: it has it.
struct DiskLacks {
  int links = 0;        // hard ones
  int noreplace = 0;    // rename_if_new
  int tmpfile = 0;      // files without a name
  int locks = 0;        // flock
  int directories = 0;  // fsync of a directory
};

// Follows POSIX where the engine relies on it. Where POSIX leaves open what survives, everything is possible: names and
// bytes that were not synced survive independently of each other. A file's sync says nothing about its name. Not
// thread-safe.
class SimDisk : public world::Disk {
 public:
  SimDisk();
  ~SimDisk() override;

  // The disk after a crash at this moment. It has no open files and no locks.
  std::unique_ptr<SimDisk> after(Crash crash, Dice& dice) const;

  void use(const world::Clock& clock) { clock_ = &clock; }
  void use(Trace& trace) { trace_ = &trace; }
  void fail(const DiskFaults& faults, Dice dice) {
    faults_ = faults;
    dice_ = dice;
  }
  void limit(const DiskLacks& lacks) { lacks_ = lacks; }
  const DiskLacks& lacks() const { return lacks_; }
  void use(const world::Checkpoints& checkpoints) { checkpoints_ = checkpoints; }
  // Called before each call that changes the disk.
  void before_change(std::function<void()> call) { before_change_ = std::move(call); }

  std::map<std::string, std::string> files() const;              // all files with their contents, by path
  const std::string* content(std::string_view path) const;       // of one file; null: there is none
  std::int64_t largest_write() const { return largest_write_; }  // to a file, with one call
  std::int64_t written() const { return written_; }              // bytes, to all files
  std::vector<std::string> directories() const;                  // all directories below the root
  std::size_t open_files() const { return open_.size(); }

  int open(int dir, const char* path, int flags, mode_t mode) noexcept override;
  int open_nameless(int dir, mode_t mode) noexcept override;
  int close(int fd) noexcept override;
  void discard(int fd) noexcept override { close(fd); }
  ssize_t read(int fd, MutableBytes out) noexcept override;
  ssize_t read_at(int fd, MutableBytes out, std::int64_t offset) noexcept override;
  ssize_t write(int fd, ByteView bytes) noexcept override;
  int sync(int fd, world::Sync how, std::int64_t offset, std::int64_t length) noexcept override;
  int status(int fd, struct stat& out) noexcept override;
  int status_at(int dir, const char* path, int flags, struct stat& out) noexcept override;
  int make_directory(int dir, const char* path) noexcept override;
  int link(int from, const char* path, int to, const char* name) noexcept override;
  int rename(int from, const char* path, int to, const char* name) noexcept override;
  int rename_if_new(int from, const char* path, int to, const char* name) noexcept override;
  int unlink(int dir, const char* path, int flags) noexcept override;
  int protect(int fd, mode_t mode) noexcept override;
  int lock(int fd, world::Lock how) noexcept override;
  int list(int dir, std::vector<std::string>& names) override;
  world::Checkpoints checkpoints() const noexcept override { return checkpoints_; }

 private:
  struct Node;
  using NodePtr = std::shared_ptr<Node>;
  struct Entry;
  struct Edit;
  struct Open;
  struct Place;
  class Copy;
  using Change = std::vector<Edit>;  // of names, all at once
  using Names = std::map<std::string, Entry>;

  // The names of a directory, oldest first. Names themselves have parts that differ between two runs of one seed, such
  // as process ids.
  static std::set<std::pair<std::uint64_t, std::string>> by_age(const Names& names);
  NodePtr make_node(bool directory, mode_t mode);
  Open* find(int fd);                             // null: EBADF
  NodePtr start(int dir, std::string_view path);  // where a path begins
  Place place(int dir, std::string_view path);    // the directory that holds the last name, and that name
  NodePtr look_up(int dir, std::string_view path);
  int open_node(NodePtr node, int flags);
  void change(Change edits);
  void sync_names(const Node* directory);  // null: of all directories
  void touch(Node& node) const;
  bool strikes(double probability);
  void note(int call, std::int64_t result) const;
  int changing();
  static int failed(int code);

  world::Checkpoints checkpoints_;
  std::int64_t largest_write_ = 0, written_ = 0;
  std::map<int, std::unique_ptr<Open>> open_;
  std::vector<Change> pending_;  // changes of names that are not durable
  std::uint64_t last_number_ = 0;
  int next_fd_ = 1000;
  const world::Clock* clock_ = nullptr;
  Trace* trace_ = nullptr;
  DiskFaults faults_;
  DiskLacks lacks_;
  Dice dice_{0};
  std::function<void()> before_change_;
  NodePtr root_;
};

}  // namespace libbcda::simulation
