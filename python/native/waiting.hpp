// Waits without the GIL, so that other threads run, Ctrl-C works at once, and the interpreter can exit during a wait.
#pragma once
#include <pybind11/pybind11.h>

#include <algorithm>
#include <bcda/bcda.hpp>
#include <chrono>
#include <future>
#include <optional>
#include <utility>

namespace bcda_python {

namespace py = pybind11;

inline constexpr bcda::Milliseconds slice{50};  // the longest delay before a Ctrl-C is noticed

// Releases the GIL, and takes it again in the destructor. Python terminates a thread that takes the GIL while the
// interpreter exits, and this unwinding aborts the process in C++ frames. So such a thread sleeps here until the
// process ends.
class Outside {
 public:
  Outside();
  ~Outside();
  Outside(const Outside&) = delete;
  Outside& operator=(const Outside&) = delete;

 private:
  PyThreadState* state_;
};

// Takes the GIL on a thread that does not hold it. After refuse_gil(), the thread sleeps here until the process
// ends.
class Inside {
 public:
  Inside();

 private:
  std::optional<py::gil_scoped_acquire> acquired_;
};

// Whether the interpreter is exiting on another thread, so that this thread cannot take the GIL.
bool exiting_elsewhere();

// Records that the interpreter is exiting on this thread. From now on, other threads that release the GIL cannot take
// it again.
void begin_exit();

// From now on no other thread can take the GIL, not even for a sink. Waits for the threads that are about to take it.
// The caller must not hold the GIL.
void refuse_gil();
bool gil_refused();

// Runs `call` without the GIL.
template <class Call>
auto outside(Call&& call) {
  const Outside left;
  return call();
}

// Calls `step(time)` until it returns true or `timeout` has passed (negative: no limit). A step waits at most `time`
// and returns whether the wait is over. Between two steps Python handles signals, so KeyboardInterrupt is thrown here.
template <class Step>
bool wait_for(bcda::Milliseconds timeout, Step&& step) {
  using Clock = std::chrono::steady_clock;
  const bool limited = timeout.count() >= 0;
  const auto end = Clock::now() + std::min<bcda::Milliseconds>(timeout, std::chrono::hours(24 * 365));
  for (;;) {
    auto left = slice;
    if (limited)
      left = std::clamp(std::chrono::ceil<bcda::Milliseconds>(end - Clock::now()), bcda::Milliseconds(0), slice);
    if (outside([&] { return step(left); })) return true;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    if (limited && Clock::now() >= end) return false;
  }
}

// Runs `call` on a thread of its own, because it may take long and has no timeout. Ctrl-C calls `cancel`, which makes it
// end soon, and throws KeyboardInterrupt.
template <class Call, class Cancel>
auto interruptible(Call&& call, Cancel&& cancel) {
  auto result = std::async(std::launch::async, std::forward<Call>(call));
  const auto is_done = [&](bcda::Milliseconds time) { return result.wait_for(time) == std::future_status::ready; };
  try {
    wait_for(bcda::Milliseconds(-1), is_done);
  } catch (...) {
    cancel();
    outside([&] { result.wait(); });
    throw;
  }
  return result.get();
}

}  // namespace bcda_python
