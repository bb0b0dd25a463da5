// The parts of a simulated disk. Only its own sources include this file.
#pragma once
#include <unistd.h>

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "simulation/sim_disk.hpp"

namespace libbcda::simulation {

struct SimDisk::Entry {
  NodePtr node;
  std::uint64_t order = 0;  // entries that were added later have higher numbers
};

// A file or a directory.
struct SimDisk::Node : std::enable_shared_from_this<Node> {
  std::uint64_t number = 0;
  bool is_directory = false;
  mode_t mode = 0;
  Instant modified{};
  std::string data, durable;    // of a file
  Names names, durable_names;   // of a directory
  std::weak_ptr<Node> parent;   // of a directory
  std::map<int, bool> holders;  // the descriptors that lock it, and whether alone

  // Null if there is no such name.
  NodePtr step(const std::string& name) {
    if (!is_directory) return nullptr;
    if (name == "..") return parent.lock();
    const auto found = names.find(name);
    if (found != names.end()) return found->second.node;
    return name.empty() || name == "." ? shared_from_this() : nullptr;
  }

  void describe(struct stat& out) const {
    out = {};
    out.st_dev = 1;
    out.st_ino = number;
    out.st_nlink = 1;
    out.st_uid = ::geteuid();
    out.st_mode = mode | (is_directory ? S_IFDIR : S_IFREG);
    out.st_size = static_cast<off_t>(data.size());
    const auto since = modified.time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
    out.st_mtim.tv_sec = seconds.count();
    out.st_mtim.tv_nsec = std::chrono::duration_cast<std::chrono::nanoseconds>(since - seconds).count();
  }

  // Calls `see` with each node below, and its path.
  template <class See>
  void visit(const std::string& path, const See& see) {
    for (const auto& [name, entry] : names) {
      see(path + "/" + name, *entry.node);
      entry.node->visit(path + "/" + name, see);
    }
  }
};

// One name of a directory gets another file, or none.
struct SimDisk::Edit {
  NodePtr directory;
  std::string name;
  NodePtr node;  // null: the name is removed

  void apply_to(Names& names) const {
    if (node)
      names[name] = {node, node->number};
    else
      names.erase(name);
  }
};

struct SimDisk::Open {
  NodePtr node;
  std::int64_t offset = 0;
  int flags = 0;
};

struct SimDisk::Place {
  NodePtr directory;  // null: it does not exist
  std::string name;
};

}  // namespace libbcda::simulation
