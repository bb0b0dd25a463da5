// Wakes a coroutine that waits for an event.
#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <new>
#include <thread>

#include "base/task.hpp"

namespace libbcda::world {

// Posts `handler`, and retries while there is not enough memory for it. It must not fail, because after a lost wake-up
// a coroutine would wait forever, and because destructors call it.
template <class Executor, class Handler>
void post_surely(const Executor& executor, const Handler& handler) noexcept {
  for (;;) {
    try {
      asio::post(executor, handler);
      return;
    } catch (const std::bad_alloc&) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));  // no event reports that memory is available again
    }
  }
}

// One coroutine waits on the executor of this object, and any thread wakes it. Must be held by std::shared_ptr.
class Wakeup : public std::enable_shared_from_this<Wakeup> {
 public:
  explicit Wakeup(const asio::any_io_executor& executor) : timer_(executor, asio::steady_timer::time_point::max()) {}

  // Ends the current wait, but not one that starts later. So a coroutine must check its condition before it waits, on
  // this executor or under the lock of the waking thread.
  void wake() noexcept;
  // Returns after wake(), and also on Asio's terminal cancellation.
  Task<> wait();

 private:
  asio::steady_timer timer_;  // never expires; canceling it is the wake-up, because Asio has no event object
};

}  // namespace libbcda::world
