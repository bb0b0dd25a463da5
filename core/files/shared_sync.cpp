#include "files/shared_sync.hpp"

#include <new>

namespace libbcda::files {

std::uint64_t SharedSync::join() {
  const std::lock_guard lock(mutex_);
  return begun_ + 1;
}

bool SharedSync::wait(std::uint64_t number, const std::function<bool()>& sync) {
  std::unique_lock lock(mutex_);
  over_.wait(lock, [&] { return has_failed_ || ended_ >= number || ended_ == begun_; });
  if (!has_failed_ && ended_ < number) perform(lock, sync);
  if (failure_) throw Error(*failure_);     // a copy, because two threads must not share an exception
  if (has_failed_) throw std::bad_alloc();  // there was no memory for the failure
  return can_sync_;
}

void SharedSync::perform(std::unique_lock<std::mutex>& lock, const std::function<bool()>& sync) {
  ++begun_;
  lock.unlock();
  bool can_sync = false, has_failed = true;
  std::optional<Error> failure;
  try {
    can_sync = sync();
    has_failed = false;
  } catch (const std::bad_alloc&) {
  } catch (const std::exception&) {
    try {
      failure = current_error();
    } catch (const std::bad_alloc&) {}
  }
  lock.lock();
  can_sync_ = can_sync, has_failed_ = has_failed, failure_ = std::move(failure);
  ended_ = begun_;
  over_.notify_all();
}

}  // namespace libbcda::files
