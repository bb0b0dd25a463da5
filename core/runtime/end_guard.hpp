// Reports the end of a coroutine, also if it is destroyed before its end. Asio destroys a coroutine if a wait cannot be
// started because no thread or memory is left. It then calls no completion handler, so a waiter would wait for ever.
#pragma once
#include <functional>
#include <utility>

namespace libbcda::runtime {

// Pass a shared_ptr to it to the coroutine as a parameter. It is destroyed with the frame of the coroutine.
class EndGuard {
 public:
  // `end` is called once, with true if the coroutine did not reach its end. It must not throw.
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
