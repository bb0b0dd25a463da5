#include "files/shared_sync.hpp"

#include <utility>

namespace libbcda::files {

std::shared_ptr<SharedSync::Round> SharedSync::join() {
  const std::lock_guard lock(mutex_);
  if (!next_) next_ = std::make_shared<Round>();
  return next_;
}

bool SharedSync::wait(const std::shared_ptr<Round>& round, const std::function<bool()>& sync) {
  std::unique_lock lock(mutex_);
  over_.wait(lock, [&] { return round->is_over || (round == next_ && !is_under_way_); });
  if (!round->is_over) perform(lock, sync);
  if (round->failure) throw Error(*round->failure);  // a copy, because two threads must not share an exception
  return round->can_sync;
}

// Those who join meanwhile wait for another round.
void SharedSync::perform(std::unique_lock<std::mutex>& lock, const std::function<bool()>& sync) {
  const std::shared_ptr<Round> round = std::exchange(next_, nullptr);
  is_under_way_ = true;
  lock.unlock();
  try {
    round->can_sync = sync();
  } catch (...) {
    round->failure = current_error();
  }
  lock.lock();
  is_under_way_ = false;
  round->is_over = true;
  if (round->failure && next_) {
    next_->failure = round->failure;
    std::exchange(next_, nullptr)->is_over = true;
  }
  over_.notify_all();
}

}  // namespace libbcda::files
