// Where the files of a run go: a directory or a caller's sink. And the threads that write there.
#pragma once
#include <cstdint>
#include <memory>

#include "runtime/issue_collector.hpp"
#include "runtime/session.hpp"
#include "runtime/table_parts.hpp"
#include "transfer/workspace.hpp"

namespace libbcda::runtime {

struct RunRequest;

struct Output {
  static constexpr std::int64_t kSmall = 1 << 20;

  std::unique_ptr<transfer::Workspace> workspace;  // null: no directory is written to
  std::unique_ptr<TableParts> tables;              // null: none are made
  std::unique_ptr<world::Workers> sink_workers;    // null: the files go to a directory
  std::shared_ptr<transfer::Destination> destination;
  std::shared_ptr<IssueCollector> issues = std::make_shared<IssueCollector>();  // of the committed error files

  world::Workers& write_workers(world::World& world) const { return sink_workers ? *sink_workers : world.workers(); }
  // The workers that publish a file. A publication may wait for the disk: to make the file durable, or, on a network file
  // system, to send what was written. So the workers that decode other files publish only small files that need not be
  // durable.
  world::Workers& commit_workers(world::World& world, std::int64_t bytes) const {
    const bool may_wait = workspace && (workspace->durability() == files::Durability::power || bytes > kSmall);
    return may_wait ? world.disk_workers() : write_workers(world);
  }
  // The path of a published file, as results and events show it.
  std::string shown_path(const std::string& path) const { return workspace ? workspace->path() + "/" + path : path; }
};

// Checks what the request says about its output, and opens it. Throws Error{INVALID_ARGUMENT, PRIVATE_KEY, FILESYSTEM}.
Output open_output(Session& session, const RunRequest& request);

}  // namespace libbcda::runtime
