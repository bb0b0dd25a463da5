#include "runtime/outcome.hpp"

namespace libbcda::runtime {

bool stops_everything(Status status) {
  return status == Status::FILESYSTEM || status == Status::AUTHENTICATION || status == Status::CANCELED ||
         status == Status::INTERNAL || status == Status::NO_MEMORY;
}

void Outcome::fail(const Error& error) { remember(error, false); }

void Outcome::fail_at_a_file(const Error& error) { remember(error, error.status != Status::CANCELED); }

void Outcome::remember(const Error& error, bool at_a_file) {
  {
    const std::lock_guard lock(mutex_);
    if (!failure_ || failure_->status == Status::CANCELED) {
      failure_ = error;
      at_a_file_ = at_a_file;
    }
  }
  // Last, so that whoever sees the tasks canceled sees the reason too. Else the run would seem to be canceled by its owner.
  if (stops_everything(error.status)) group_->cancel();
}

void Outcome::conclude(std::optional<Error> verdict) {
  const std::lock_guard lock(mutex_);
  failure_ = std::move(verdict);
}

std::optional<Error> Outcome::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

bool Outcome::failed_at_a_file() const {
  const std::lock_guard lock(mutex_);
  return failure_ && at_a_file_;
}

}  // namespace libbcda::runtime
