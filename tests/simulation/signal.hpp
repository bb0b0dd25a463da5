// One coroutine waits for another one, or for a moment in virtual time.
#pragma once
#include <boost/asio/this_coro.hpp>

#include <memory>

#include "world/clock.hpp"
#include "world/wakeup.hpp"

namespace libbcda::simulation {

class Signal {
 public:
  enum class Why { notified, expired, canceled };

  Task<Why> wait(const world::Clock& clock, Steady until) {
    const auto executor = co_await asio::this_coro::executor;
    const auto sleeper = std::make_shared<world::Wakeup>(executor);
    const auto timer = clock.timer(executor);
    bool expired = false;
    if (until != Steady::max())
      timer->start(until, [&expired, sleeper] {
        expired = true;
        sleeper->wake();
      });
    notified_ = false;
    sleeper_ = sleeper;
    co_await sleeper->wait();
    sleeper_.reset();
    co_return notified_ ? Why::notified : expired ? Why::expired : Why::canceled;
  }

  void notify() noexcept {
    notified_ = true;
    if (sleeper_) sleeper_->wake();
  }

 private:
  std::shared_ptr<world::Wakeup> sleeper_;
  bool notified_ = false;
};

}  // namespace libbcda::simulation
