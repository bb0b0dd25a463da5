#include "files/shared_sync.hpp"

#include <utility>

#include "base/failure_of.hpp"

namespace libbcda::files {

std::uint64_t SharedSync::join() {
  const std::lock_guard lock(mutex_);
  return begun_ + 1;
}

bool SharedSync::wait(std::uint64_t number, const std::function<bool()>& sync) {
  std::unique_lock lock(mutex_);
  over_.wait(lock, [&] { return failure_ || ended_ >= number || ended_ == begun_; });
  if (!failure_ && ended_ < number) perform(lock, sync);
  if (failure_) throw Error(*failure_);  // a copy, because two threads must not share an exception
  return can_sync_;
}

void SharedSync::perform(std::unique_lock<std::mutex>& lock, const std::function<bool()>& sync) {
  ++begun_;
  lock.unlock();
  bool can_sync = false;
  std::optional<Error> failure = failure_of([&] { can_sync = sync(); });
  lock.lock();
  can_sync_ = can_sync;
  failure_ = std::move(failure);
  ended_ = begun_;
  over_.notify_all();
}

}  // namespace libbcda::files
