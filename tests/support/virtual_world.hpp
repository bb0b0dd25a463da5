// A world in virtual time: coroutines and workers run on the calling thread, and waits take no time.
#pragma once
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "world/wakeup.hpp"
#include "world/world.hpp"

namespace libbcda::test {

namespace asio = boost::asio;

// A clock that moves only when no other work is left.
class FakeClock : public world::Clock {
 public:
  FakeClock() = default;
  explicit FakeClock(Moment start) : now_(start) {}
  Moment now() const override { return now_; }

  std::unique_ptr<world::Timer> timer(const asio::any_io_executor&) const override {
    return std::make_unique<FakeTimer>(*this);
  }

  Task<> sleep(Milliseconds duration) const override {
    auto wakeup = std::make_shared<world::Wakeup>(co_await asio::this_coro::executor);
    bool expired = false;
    FakeTimer timer(*this);
    timer.start(now_.steady + duration, [&expired, wakeup] {
      expired = true;
      wakeup->wake();
    });
    co_await wakeup->wait();
    if (!expired) throw Error(Status::CANCELED, "canceled");
  }

  void pause(Milliseconds duration) const override { now_ += duration; }

  // Somebody sets the wall clock. The steady clock goes on.
  void set_wall_clock(Milliseconds by) { now_.wall += by; }

  // Moves the time to the next timer and lets it expire. Returns false if there is no timer.
  bool advance() {
    if (timers_.empty()) return false;
    auto next = timers_.extract(timers_.begin());
    if (next.key() > now_.steady) now_ += std::chrono::ceil<Milliseconds>(next.key() - now_.steady);
    next.mapped().second();
    return true;
  }

 private:
  class FakeTimer : public world::Timer {
   public:
    explicit FakeTimer(const FakeClock& clock) : clock_(clock) {}
    ~FakeTimer() override { cancel(); }
    void start(Steady when, std::function<void()> expired) override {
      cancel();
      clock_.timers_.emplace(when, std::pair(this, std::move(expired)));
    }
    void cancel() noexcept override {
      std::erase_if(clock_.timers_, [this](const auto& timer) { return timer.second.first == this; });
    }

   private:
    const FakeClock& clock_;
  };

  mutable Moment now_{Steady{} + std::chrono::hours(1), Instant(std::chrono::seconds(1568990853))};
  mutable std::multimap<Steady, std::pair<const FakeTimer*, std::function<void()>>> timers_;
};

// Its network, disk and random numbers are those of a derived class.
class VirtualWorld : public world::World {
 public:
  VirtualWorld() = default;
  explicit VirtualWorld(Moment start) : clock_(start) {}

  asio::any_io_executor executor() override { return io_.get_executor(); }
  const FakeClock& clock() const override { return clock_; }
  FakeClock& fake_clock() { return clock_; }
  world::Workers& workers() override { return workers_; }
  world::Workers& disk_workers() override { return workers_; }
  std::unique_ptr<world::Workers> make_workers(std::size_t, const std::string&) override {
    return std::make_unique<SameThread>(io_);
  }

  // Does one piece of work, or moves the clock to the next timer. Returns false if nothing is left to do.
  bool step() {
    io_.restart();
    return io_.poll_one() > 0 || clock_.advance();
  }
  // The same with all work that can be done at this moment, which is faster.
  bool stride() {
    io_.restart();
    return io_.poll() > 0 || clock_.advance();
  }

  // Runs all coroutines, and moves the clock if needed, until `done` returns true.
  void run_until(const std::function<bool()>& done) {
    for (int step = 0; !done(); ++step) {
      ASSERT_LT(step, 100000) << "it does not end";
      io_.restart();
      if (io_.poll() > 0) continue;
      if (done()) return;
      ASSERT_TRUE(clock_.advance()) << "nothing is left to do, and it is not done";
    }
  }

  // Runs one coroutine to its end. Throws what it throws.
  void run(std::function<Task<>()> body) {
    bool ended = false;
    std::exception_ptr failure;
    asio::co_spawn(executor(), std::move(body), [&](std::exception_ptr thrown) {
      failure = std::move(thrown);
      ended = true;
    });
    run_until([&] { return ended; });
    io_.restart();
    io_.poll();  // what was canceled ends now, while the clock is there
    if (failure) std::rethrow_exception(failure);
  }

 private:
  class SameThread : public world::Workers {
   public:
    explicit SameThread(asio::io_context& io) : io_(io) {}
    asio::any_io_executor executor() override { return io_.get_executor(); }

   private:
    asio::io_context& io_;
  };

 protected:
  FakeClock clock_;  // destroyed last, because suspended coroutines have timers of it

 private:
  asio::io_context io_;
  SameThread workers_{io_};
};

}  // namespace libbcda::test
