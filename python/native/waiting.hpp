// Waiting without the GIL, so that other threads run, Ctrl-C works at once, and the interpreter can end meanwhile.
#pragma once
#include <pybind11/pybind11.h>

#include <algorithm>
#include <bcda/bcda.hpp>
#include <chrono>
#include <optional>

namespace bcda_python {

namespace py = pybind11;

inline constexpr bcda::Milliseconds slice{50};  // how late a Ctrl-C may be noticed

// Leaves the GIL, and takes it again at the end. A thread that would take it while the interpreter ends is ended by Python
// in a way that no C++ frame survives: such a thread stays here instead, until the process ends.
class Outside {
 public:
  Outside();
  ~Outside();
  Outside(const Outside&) = delete;
  Outside& operator=(const Outside&) = delete;

 private:
  PyThreadState* state_;
};

// Takes the GIL on a thread that is without it. Too late, the thread stays here.
class Inside {
 public:
  Inside();

 private:
  std::optional<py::gil_scoped_acquire> acquired_;
};

// The interpreter ends, and this is not the thread that ends it: the GIL is out of reach.
bool too_late();

// From now on it ends, on this thread: others that leave the GIL do not get it back.
void begin_ending();

// No thread comes in any more, sinks included. Waits, without the GIL, for those that are about to.
void shut_the_door();
bool shut();

// Runs `call` without the GIL.
template <class Call>
auto outside(Call&& call) {
  const Outside left;
  return call();
}

// Runs `step(time)`, which waits at most that long and tells whether what is waited for has come, until it has or until
// `timeout` (negative: none) has passed. Between the steps Python handles signals: KeyboardInterrupt comes from here.
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

}  // namespace bcda_python
