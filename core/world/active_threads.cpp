#include "world/active_threads.hpp"

#include "base/error.hpp"

namespace libbcda::world {

ActiveThreads::Scope::Scope(ActiveThreads& active_threads) : active_threads_(active_threads) {
  const std::lock_guard lock(active_threads_.mutex_);
  if (active_threads_.closed_) throw Error(Status::CANCELED, "canceled");
  ++active_threads_.count_;
}

ActiveThreads::Scope::~Scope() {
  const std::lock_guard lock(active_threads_.mutex_);
  --active_threads_.count_;
  active_threads_.changed_.notify_all();
}

void ActiveThreads::close(Milliseconds timeout) {
  std::unique_lock lock(mutex_);
  closed_ = true;
  changed_.wait_for(lock, timeout, [&] { return count_ == 0; });
}

}  // namespace libbcda::world
