#include "world/system_clock.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <thread>

#include "base/error.hpp"

namespace libbcda::world {
namespace {

class SystemTimer : public Timer {
 public:
  explicit SystemTimer(const asio::any_io_executor& executor) : timer_(executor) {}
  ~SystemTimer() override { cancel(); }

  void start(Steady when, std::function<void()> expired) override {
    cancel();
    timer_.expires_at(when);
    timer_.async_wait(
        [current = started_, own = *started_, expired = std::move(expired)](boost::system::error_code ec) {
          // This handler also runs for a wait that ended just before it was canceled. Then the counts differ.
          if (!ec && own == *current) expired();
        });
  }

  void cancel() noexcept override {
    ++*started_;
    timer_.cancel();
  }

 private:
  asio::steady_timer timer_;
  std::shared_ptr<unsigned> started_ = std::make_shared<unsigned>(0);  // counts starts and cancels; outlives this timer
};

}  // namespace

Moment SystemClock::now() const { return {std::chrono::steady_clock::now(), std::chrono::system_clock::now()}; }

std::unique_ptr<Timer> SystemClock::timer(const asio::any_io_executor& executor) const {
  return std::make_unique<SystemTimer>(executor);
}

Task<> SystemClock::sleep(Milliseconds duration) const {
  asio::steady_timer timer(co_await asio::this_coro::executor, duration);
  boost::system::error_code ec;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
  if (ec) throw Error(Status::CANCELED, "canceled");
}

void SystemClock::pause(Milliseconds duration) const { std::this_thread::sleep_for(duration); }

const Clock& system_clock() {
  static const auto* const clock = new SystemClock;  // leaked, because threads may use it until the process ends
  return *clock;
}

}  // namespace libbcda::world
