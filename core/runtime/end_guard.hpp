// Tells the end of a coroutine, also when it is destroyed before its end. Asio does that when a wait could not be started,
// for want of a thread or of memory: no completion handler is called then, and whoever waits would wait for ever.
#pragma once
#include <functional>
#include <utility>

namespace libbcda::runtime {

// Hand a shared_ptr of it to the coroutine as a parameter: it dies with the coroutine's frame.
class EndGuard {
 public:
  // `end` is called once, with true when the coroutine did not come to its end. It must not throw.
  explicit EndGuard(std::function<void(bool broken)> end) : end_(std::move(end)) {}
  ~EndGuard() { end_(!reached_); }
  EndGuard(const EndGuard&) = delete;
  EndGuard& operator=(const EndGuard&) = delete;

  void reached() noexcept { reached_ = true; }  // the coroutine's last act

 private:
  std::function<void(bool broken)> end_;
  bool reached_ = false;
};

}  // namespace libbcda::runtime
