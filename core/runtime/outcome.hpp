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

  // Remembers the first failure. One after which nothing else can go well cancels the run's tasks.
  void fail(const Error& error);
  void fail_at_a_file(const Error& error);
  // Cancels the run's tasks. It is the caller who says why, by one of the above.
  void stop() { group_->cancel(); }
  bool stopped() const { return group_->canceled(); }

  // How the run has ended, whatever was remembered before.
  void conclude(std::optional<Error> verdict);

  std::optional<Error> failure() const;
  bool failed_at_a_file() const;  // the failure is a file's

 private:
  void remember(const Error& error, bool at_a_file);

  std::shared_ptr<TaskGroup> group_;
  mutable std::mutex mutex_;
  std::optional<Error> failure_;
  bool at_a_file_ = false;
};

// Errors after which nothing else of a run can go well.
bool stops_everything(Status status);

}  // namespace libbcda::runtime
