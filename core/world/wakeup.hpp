// Waking a coroutine that waits for another one.
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

// Posts `handler`, and tries again while there is no memory for it: a wake-up that is lost would leave its waiter waiting
// for ever, and an exception here would come out of a destructor.
template <class Executor, class Handler>
void post_surely(const Executor& executor, const Handler& handler) noexcept {
  for (;;) {
    try {
      asio::post(executor, handler);
      return;
    } catch (const std::bad_alloc&) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));  // memory has no event to wait for
    }
  }
}

// One coroutine waits, on the executor of this object; any thread wakes it. Hold it by shared_ptr.
class Wakeup : public std::enable_shared_from_this<Wakeup> {
 public:
  explicit Wakeup(const asio::any_io_executor& executor) : timer_(executor, asio::steady_timer::time_point::max()) {}

  // Ends a wait that is under way. A wait that begins afterward is not ended: the waiter looks at its condition first, on
  // the same executor, or under the lock that the waking thread takes.
  void wake() noexcept;
  // Returns when it was woken, and on Asio's terminal cancellation too.
  Task<> wait();

 private:
  asio::steady_timer timer_;  // never expires: Asio has no event, so canceling a timer stands for one
};

}  // namespace libbcda::world
