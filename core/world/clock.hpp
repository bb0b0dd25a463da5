// The clocks that a run reads, and waiting by them.
#pragma once
#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>

#include "base/task.hpp"
#include "base/time.hpp"

namespace libbcda::world {

// One wait that ends in a call. Not thread-safe: it is used on its executor only.
class Timer {
 public:
  virtual ~Timer() = default;  // no call comes afterward
  // Calls `expired` on the executor when `when` has come. A second start replaces the first.
  virtual void start(Steady when, std::function<void()> expired) = 0;
  virtual void cancel() noexcept = 0;
};

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Moment now() const = 0;
  virtual std::unique_ptr<Timer> timer(const asio::any_io_executor& executor) const = 0;
  // Throws Error{CANCELED} on Asio's terminal cancellation.
  virtual Task<> sleep(Milliseconds duration) const = 0;
  // Blocks the thread, so it is for workers only.
  virtual void pause(Milliseconds duration) const = 0;
};

}  // namespace libbcda::world
