// Waiting without the GIL, so that other threads run, Ctrl-C works at once, and the interpreter can end meanwhile.
#pragma once
#include <pybind11/pybind11.h>

#include <algorithm>
#include <bcda/bcda.hpp>
#include <chrono>

namespace bcda_python {

namespace py = pybind11;

inline constexpr bcda::Milliseconds slice{50};  // how late a Ctrl-C may be noticed

// A thread that is in the library without the GIL. The interpreter's end waits for it: a thread that asks for the GIL
// later is ended by Python in a way that no C++ frame survives. Throws once the end has begun.
class Outside {
 public:
  Outside();
  ~Outside();
  Outside(const Outside&) = delete;
  Outside& operator=(const Outside&) = delete;
};

bool ending();                                // the interpreter ends: no call may leave the GIL any more
void begin_ending();                          // with the GIL
bool all_inside(bcda::Milliseconds timeout);  // without the GIL: waits until no thread is Outside

// Runs `call` without the GIL.
template <class Call>
auto outside(Call&& call) {
  const Outside counted;
  const py::gil_scoped_release released;
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
