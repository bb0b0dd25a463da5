// How a run ends: its first failure, if any.
#pragma once
#include <memory>
#include <mutex>
#include <optional>

#include "base/error.hpp"
#include "runtime/task_group.hpp"

namespace libbcda::runtime {

// Thread-safe.
class Outcome {
 public:
  explicit Outcome(std::shared_ptr<TaskGroup> group) : group_(std::move(group)) {}

  // Keeps the first failure. A failure that makes all other work pointless cancels the tasks of the run.
  void fail(const Error& error);
  void fail_at_a_file(const Error& error);
  // Cancels the tasks of the run. The caller reports the reason with one of the functions above.
  void stop() { group_->cancel(); }
  bool stopped() const { return group_->canceled(); }

  // Sets how the run has ended. This replaces an earlier failure.
  void conclude(std::optional<Error> verdict);

  std::optional<Error> failure() const;
  bool failed_at_a_file() const;  // the failure is of a file

 private:
  void remember(const Error& error, bool at_a_file);

  std::shared_ptr<TaskGroup> group_;
  mutable std::mutex mutex_;
  std::optional<Error> failure_;
  bool at_a_file_ = false;
};

// Errors that make all other work of a run pointless, such as a full disk.
bool stops_everything(Status status);

}  // namespace libbcda::runtime
