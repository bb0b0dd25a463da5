// Posting what must not be lost, such as waking somebody who waits.
#pragma once
#include <boost/asio/post.hpp>

#include <chrono>
#include <new>
#include <thread>

namespace libbcda::http {

// Posts `handler`, and tries again while there is no memory for it: a wake-up that is lost would leave its waiter waiting
// for ever, and an exception here would come out of a destructor.
template <class Executor, class Handler>
void post_surely(const Executor& executor, const Handler& handler) noexcept {
  for (;;) {
    try {
      boost::asio::post(executor, handler);
      return;
    } catch (const std::bad_alloc&) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));  // memory has no event to wait for
    }
  }
}

}  // namespace libbcda::http
