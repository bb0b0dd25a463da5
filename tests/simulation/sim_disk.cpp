#include "simulation/sim_disk.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <set>
#include <utility>

#include "simulation/sim_disk_nodes.hpp"

namespace libbcda::simulation {

using world::Sync;

namespace {

enum Call { kOpen = 1, kClose, kRead, kWrite, kSync, kStatus, kMakeDirectory, kLink, kRename, kUnlink, kLock, kList };

bool is_write(int flags) { return (flags & O_ACCMODE) != O_RDONLY; }

}  // namespace

SimDisk::SimDisk() : root_(make_node(true, 0755)) {}
SimDisk::~SimDisk() = default;

int SimDisk::failed(int code) {
  errno = code;
  return -1;
}

void SimDisk::note(int call, std::int64_t result) const {
  if (!trace_) return;
  const int code = errno;
  trace_->add(static_cast<std::uint64_t>(call), static_cast<std::uint64_t>(result < 0 ? -code : result));
  errno = code;
}

// Returns an errno if the disk is full.
int SimDisk::changing() {
  if (before_change_) before_change_();
  return faults_.room == 0 ? ENOSPC : 0;
}

bool SimDisk::strikes(double probability) { return probability > 0 && dice_.chance(probability); }

SimDisk::NodePtr SimDisk::make_node(bool directory, mode_t mode) {
  auto node = std::make_shared<Node>();
  node->number = ++last_number_;
  node->is_directory = directory;
  node->mode = mode;
  touch(*node);
  return node;
}

void SimDisk::touch(Node& node) const {
  if (clock_) node.modified = clock_->now().wall;
}

// ---- Paths -----------------------------------------------------------------------------------------------------------

SimDisk::Open* SimDisk::find(int fd) {
  const auto found = open_.find(fd);
  if (found != open_.end()) return found->second.get();
  errno = EBADF;
  return nullptr;
}

SimDisk::NodePtr SimDisk::start(int dir, std::string_view path) {
  if (path.starts_with('/') || dir == AT_FDCWD) return root_;
  Open* const at = find(dir);
  return at ? at->node : nullptr;
}

SimDisk::Place SimDisk::place(int dir, std::string_view path) {
  NodePtr at = start(dir, path);
  while (path.starts_with('/')) path.remove_prefix(1);
  while (at) {
    const std::size_t slash = path.find('/');
    if (slash == std::string_view::npos) return {at, std::string(path)};
    at = at->step(std::string(path.substr(0, slash)));
    path.remove_prefix(slash + 1);
  }
  return {};
}

SimDisk::NodePtr SimDisk::look_up(int dir, std::string_view path) {
  const Place found = place(dir, path);
  return found.directory ? found.directory->step(found.name) : nullptr;
}

// ---- Files -----------------------------------------------------------------------------------------------------------

int SimDisk::open_node(NodePtr node, int flags) {
  if (is_write(flags) && node->is_directory) return failed(EISDIR);
  if ((flags & O_DIRECTORY) && !node->is_directory) return failed(ENOTDIR);
  if (flags & O_TRUNC) node->data.clear();
  const int fd = next_fd_++;
  open_[fd] = std::make_unique<Open>(Open{std::move(node), 0, flags});
  return fd;
}

int SimDisk::open(int dir, const char* path, int flags, mode_t mode) noexcept {
  const auto opened = [&]() -> int {
    if (strikes(faults_.open)) return failed(EMFILE);
    const Place at = place(dir, path);
    if (!at.directory) return failed(ENOENT);
    const NodePtr there = at.directory->step(at.name);
    if (there && (flags & O_CREAT) && (flags & O_EXCL)) return failed(EEXIST);
    if (there) return open_node(there, flags);
    if (!(flags & O_CREAT)) return failed(ENOENT);
    if (const int code = changing()) return failed(code);
    const NodePtr made = make_node(false, mode);
    change({{at.directory, at.name, made}});
    return open_node(made, flags);
  };
  const int fd = opened();
  note(kOpen, fd < 0 ? fd : 0);
  return fd;
}

int SimDisk::open_nameless(int, mode_t mode) noexcept {
  const auto opened = [&]() -> int {
    if (strikes(faults_.open)) return failed(EMFILE);
    if (lacks_.tmpfile) return failed(lacks_.tmpfile);
    if (const int code = changing()) return failed(code);
    return open_node(make_node(false, mode), O_RDWR);
  };
  const int fd = opened();
  note(kOpen, fd < 0 ? fd : 0);
  return fd;
}

int SimDisk::close(int fd) noexcept {
  const Open* const file = find(fd);
  if (!file) return -1;
  file->node->holders.erase(fd);
  open_.erase(fd);
  note(kClose, 0);
  return 0;
}

ssize_t SimDisk::read_at(int fd, MutableBytes out, std::int64_t offset) noexcept {
  const Open* const file = find(fd);
  if (!file) return -1;
  const std::string& data = file->node->data;
  const auto from = std::min(static_cast<std::size_t>(offset), data.size());
  const std::size_t n = std::min(out.size(), data.size() - from);
  std::copy_n(data.begin() + static_cast<std::ptrdiff_t>(from), n, out.begin());
  note(kRead, static_cast<std::int64_t>(n));
  return static_cast<ssize_t>(n);
}

ssize_t SimDisk::read(int fd, MutableBytes out) noexcept {
  Open* const file = find(fd);
  if (!file) return -1;
  const ssize_t n = read_at(fd, out, file->offset);
  if (n > 0) file->offset += n;
  return n;
}

ssize_t SimDisk::write(int fd, ByteView bytes) noexcept {
  Open* const file = find(fd);
  if (!file || !is_write(file->flags)) return failed(EBADF);
  if (changing() != 0) {
    note(kWrite, failed(ENOSPC));
    return failed(ENOSPC);
  }
  std::size_t n = bytes.size();
  if (faults_.room > 0) {  // a disk that becomes full takes a part of the bytes
    n = std::min(n, static_cast<std::size_t>(faults_.room));
    faults_.room -= static_cast<std::int64_t>(n);
  }
  written_ += static_cast<std::int64_t>(n);
  largest_write_ = std::max(largest_write_, static_cast<std::int64_t>(n));
  std::string& data = file->node->data;
  if (file->flags & O_APPEND) file->offset = static_cast<std::int64_t>(data.size());
  const auto at = static_cast<std::size_t>(file->offset);
  if (data.size() < at + n) data.resize(at + n);
  std::copy_n(bytes.begin(), n, data.begin() + static_cast<std::ptrdiff_t>(at));
  file->offset += static_cast<std::int64_t>(n);
  touch(*file->node);
  note(kWrite, static_cast<std::int64_t>(n));
  return static_cast<ssize_t>(n);
}

// ---- Names -----------------------------------------------------------------------------------------------------------

// Edits of names take effect at once, and are durable once one of their directories is synced.
void SimDisk::change(Change edits) {
  for (const Edit& edit : edits) {
    Node& directory = *edit.directory;
    if (edit.node) {
      directory.names[edit.name] = {edit.node, ++last_number_};
      if (edit.node->is_directory) edit.node->parent = edit.directory;
    } else {
      directory.names.erase(edit.name);
    }
    touch(directory);
  }
  pending_.push_back(std::move(edits));
}

void SimDisk::sync_names(const Node* directory) {
  std::erase_if(pending_, [&](const Change& edits) {
    const bool concerns = !directory || std::any_of(edits.begin(), edits.end(), [&](const Edit& edit) {
      return edit.directory.get() == directory;
    });
    if (concerns)
      for (const Edit& edit : edits) edit.apply_to(edit.directory->durable_names);
    return concerns;
  });
}

int SimDisk::sync(int fd, Sync how, std::int64_t, std::int64_t) noexcept {
  const Open* const file = find(fd);
  if (!file) return -1;
  if (how == Sync::start) return 0;
  if (lacks_.directories && file->node->is_directory && how != Sync::file_system) return failed(lacks_.directories);
  if (before_change_) before_change_();
  if (strikes(faults_.sync)) {
    note(kSync, failed(EIO));
    return failed(EIO);
  }
  Node& node = *file->node;
  if (how == Sync::file_system) {
    sync_names(nullptr);
    root_->visit("", [](const std::string&, Node& each) { each.durable = each.data; });
  } else if (node.is_directory) {
    sync_names(&node);
  } else {
    node.durable = node.data;
  }
  note(kSync, 0);
  return 0;
}

int SimDisk::make_directory(int dir, const char* path) noexcept {
  const Place at = place(dir, path);
  if (!at.directory) return failed(ENOENT);
  if (at.directory->step(at.name)) return failed(EEXIST);
  if (const int code = changing()) return failed(code);
  change({{at.directory, at.name, make_node(true, 0700)}});
  note(kMakeDirectory, 0);
  return strikes(faults_.lost) ? failed(EEXIST) : 0;
}

int SimDisk::link(int from, const char* path, int to, const char* name) noexcept {
  if (lacks_.links) return failed(lacks_.links);
  const NodePtr node = look_up(from, path);
  const Place at = place(to, name);
  if (!node || !at.directory) return failed(ENOENT);
  if (at.directory->step(at.name)) return failed(EEXIST);
  if (const int code = changing()) return failed(code);
  change({{at.directory, at.name, node}});
  note(kLink, 0);
  return strikes(faults_.lost) ? failed(EEXIST) : 0;
}

int SimDisk::rename_if_new(int from, const char* path, int to, const char* name) noexcept {
  if (lacks_.noreplace) return failed(lacks_.noreplace);
  const Place at = place(to, name);
  if (at.directory && at.directory->step(at.name)) return failed(EEXIST);
  return rename(from, path, to, name);
}

int SimDisk::rename(int from, const char* path, int to, const char* name) noexcept {
  const Place old = place(from, path), at = place(to, name);
  const NodePtr node = old.directory ? old.directory->step(old.name) : nullptr;
  if (!node || !at.directory) return failed(ENOENT);
  if (const int code = changing()) return failed(code);
  change({{old.directory, old.name, nullptr}, {at.directory, at.name, node}});
  note(kRename, 0);
  return strikes(faults_.lost) ? failed(ENOENT) : 0;
}

int SimDisk::unlink(int dir, const char* path, int flags) noexcept {
  const Place at = place(dir, path);
  const NodePtr node = at.directory ? at.directory->step(at.name) : nullptr;
  if (!node) return failed(ENOENT);
  const bool removes_directory = (flags & AT_REMOVEDIR) != 0;
  if (node->is_directory != removes_directory) return failed(node->is_directory ? EISDIR : ENOTDIR);
  if (!node->names.empty()) return failed(ENOTEMPTY);
  if (before_change_) before_change_();
  change({{at.directory, at.name, nullptr}});
  note(kUnlink, 0);
  return 0;
}

// ---- What is there -----------------------------------------------------------------------------------------------------

int SimDisk::status(int fd, struct stat& out) noexcept {
  const Open* const file = find(fd);
  if (!file) return -1;
  file->node->describe(out);
  return 0;
}

int SimDisk::status_at(int dir, const char* path, int, struct stat& out) noexcept {
  const NodePtr node = look_up(dir, path);
  note(kStatus, node ? 1 : 0);
  if (!node) return failed(ENOENT);
  node->describe(out);
  return 0;
}

int SimDisk::protect(int fd, mode_t mode) noexcept {
  Open* const file = find(fd);
  if (!file) return -1;
  file->node->mode = mode;
  return 0;
}

int SimDisk::lock(int fd, world::Lock how) noexcept {
  Open* const file = find(fd);
  if (!file) return -1;
  if (lacks_.locks) return failed(lacks_.locks);
  Node& node = *file->node;
  const bool alone = how == world::Lock::alone;
  node.holders.erase(fd);
  if (how == world::Lock::none) return 0;
  if (!node.holders.empty() && (alone || node.holders.begin()->second)) {
    note(kLock, failed(EWOULDBLOCK));
    return failed(EWOULDBLOCK);
  }
  node.holders[fd] = alone;
  note(kLock, 0);
  return 0;
}

int SimDisk::list(int dir, std::vector<std::string>& names) {
  const Open* const at = find(dir);
  if (!at) return -1;
  if (!at->node->is_directory) return failed(ENOTDIR);
  const auto sorted = by_age(at->node->names);
  for (const auto& [order, name] : sorted) names.push_back(name);
  note(kList, static_cast<std::int64_t>(sorted.size()));
  return 0;
}

std::set<std::pair<std::uint64_t, std::string>> SimDisk::by_age(const Names& names) {
  std::set<std::pair<std::uint64_t, std::string>> sorted;
  for (const auto& [name, entry] : names) sorted.emplace(entry.order, name);
  return sorted;
}

const std::string* SimDisk::content(std::string_view path) const {
  NodePtr at = root_;
  while (at && !path.empty()) {
    path.remove_prefix(path.starts_with('/') ? 1 : 0);
    const std::string_view name = path.substr(0, path.find('/'));
    at = at->step(std::string(name));
    path.remove_prefix(name.size());
  }
  return at && !at->is_directory ? &at->data : nullptr;
}

std::map<std::string, std::string> SimDisk::files() const {
  std::map<std::string, std::string> found;
  root_->visit("", [&](const std::string& path, Node& node) {
    if (!node.is_directory) found[path] = node.data;
  });
  return found;
}

std::vector<std::string> SimDisk::directories() const {
  std::vector<std::string> found;
  root_->visit("", [&](const std::string& path, Node& node) {
    if (node.is_directory) found.push_back(path);
  });
  return found;
}

}  // namespace libbcda::simulation
