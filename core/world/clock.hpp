// The clocks of a run, with timers.
#pragma once
#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>

#include "base/task.hpp"
#include "base/time.hpp"

namespace libbcda::world {

// A timer that calls a function once. Not thread-safe: it must be used only on its executor.
class Timer {
 public:
  virtual ~Timer() = default;  // after it, the function is not called any more
  // Calls `expired` on the executor at the time `when`. A second start replaces the first.
  virtual void start(Steady when, std::function<void()> expired) = 0;
  virtual void cancel() noexcept = 0;
};

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Moment now() const = 0;
  virtual std::unique_ptr<Timer> timer(const asio::any_io_executor& executor) const = 0;
  // Suspends the coroutine. Throws Error{CANCELED} on Asio's terminal cancellation.
  virtual Task<> sleep(Milliseconds duration) const = 0;
  // Blocks the thread, so only workers may call it.
  virtual void pause(Milliseconds duration) const = 0;
};

}  // namespace libbcda::world
