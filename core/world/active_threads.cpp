#include "world/active_threads.hpp"

#include "base/error.hpp"

namespace libbcda::world {

ActiveThreads::Guard::Guard(ActiveThreads& threads) : threads_(threads) {
  const std::lock_guard lock(threads_.mutex_);
  if (threads_.closed_) throw Error(Status::CANCELED, "canceled");
  ++threads_.active_;
}

ActiveThreads::Guard::~Guard() {
  const std::lock_guard lock(threads_.mutex_);
  --threads_.active_;
  threads_.left_.notify_all();
}

void ActiveThreads::close(Milliseconds patience) {
  std::unique_lock lock(mutex_);
  closed_ = true;
  left_.wait_for(lock, patience, [&] { return active_ == 0; });
}

}  // namespace libbcda::world
