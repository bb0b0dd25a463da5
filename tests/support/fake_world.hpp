// A world without threads, sockets and real time. Coroutines run on the calling thread, waits take no time, and a
// function answers every HTTP request.
#pragma once
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cerrno>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "world/wakeup.hpp"
#include "world/world.hpp"

namespace libbcda::test {

namespace asio = boost::asio;

// A clock that moves only when no other work is left.
class FakeClock : public world::Clock {
 public:
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
  void set_wall_clock(std::chrono::hours by) { now_.wall += by; }

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

// The bytes of an HTTP answer with this body.
inline std::string http_answer(int status, const std::string& headers = "", const std::string& body = "") {
  return "HTTP/1.1 " + std::to_string(status) + " x\r\n" + headers + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

// A network that passes every request to one function. The function gets "GET /path" and the whole request. It returns
// the bytes of the answer, or nullopt to close the connection. Every host has the address 127.0.0.1, and every address
// takes connections at once, unless a test says otherwise.
class FakeNet : public world::Net {
 public:
  using Serve = std::function<std::optional<std::string>(const std::string& request, const std::string& head)>;

  // How an address takes a connection.
  struct Host {
    Milliseconds after{0};
    world::ErrorCode error;
  };

  FakeNet(Serve serve, const world::Clock& clock) : serve_(std::move(serve)), clock_(clock) {}

  Task<std::vector<Endpoint>> resolve(const std::string& host, std::uint16_t port, Milliseconds,
                                      world::ErrorCode& error) override {
    lookups.push_back(host);
    error = {};
    const auto known = addresses.find(host);
    std::vector<Endpoint> endpoints;
    if (known == addresses.end()) endpoints.emplace_back(asio::ip::address_v4::loopback(), port);
    if (known != addresses.end())
      for (const std::string& address : known->second) endpoints.emplace_back(asio::ip::make_address(address), port);
    if (endpoints.empty()) error = asio::error::host_not_found;
    co_return endpoints;
  }

  Task<std::unique_ptr<world::ByteStream>> connect(const Endpoint& endpoint, Milliseconds limit,
                                                   world::ErrorCode& error) override {
    const std::string address = endpoint.address().to_string();
    const Host host = hosts[address];
    attempts.emplace_back(address, clock_.now().steady);
    error = {};
    if (host.after.count() > 0 && !co_await pause(std::min(host.after, limit))) {
      stopped.push_back(address);
      error = asio::error::operation_aborted;
      co_return nullptr;
    }
    error = host.after > limit ? world::ErrorCode(asio::error::timed_out) : host.error;
    if (error) co_return nullptr;
    co_return std::make_unique<FakeStream>(*this);
  }

  std::vector<std::string> requests;                          // the received requests, such as "GET /path"
  std::vector<std::string> heads;                             // the same, with all their headers
  std::map<std::string, std::vector<std::string>> addresses;  // of a host
  std::map<std::string, Host> hosts;                          // by address
  std::vector<std::string> lookups;
  std::vector<std::pair<std::string, Steady>> attempts;  // addresses, and when they were tried
  std::vector<std::string> stopped;                      // addresses whose connection was canceled

 private:
  class FakeStream : public world::ByteStream {
   public:
    explicit FakeStream(FakeNet& net) : net_(net) {}
    ssize_t read(MutableBytes out) noexcept override { return take(out, true); }
    ssize_t peek(MutableBytes out) noexcept override { return take(out, false); }
    ssize_t write(ByteView bytes) noexcept override {
      request_ += as_text(bytes);
      if (is_whole(request_)) answer(std::exchange(request_, ""));
      return static_cast<ssize_t>(bytes.size());
    }
    // Never called during an answer, because all its bytes are ready at once.
    Task<world::ErrorCode> wait(world::Ready) override { co_return asio::error::operation_aborted; }
    void interrupt() noexcept override {}
    void detach() noexcept override {}
    void attach(const asio::any_io_executor&) override {}

   private:
    static bool is_whole(const std::string& request) {
      const std::string field = "\r\nContent-Length: ";
      const std::size_t end = request.find("\r\n\r\n"), length = request.find(field);
      if (end == std::string::npos) return false;
      return request.size() - end - 4 >= (length < end ? std::stoul(request.substr(length + field.size())) : 0);
    }
    ssize_t take(MutableBytes out, bool remove) {
      if (answer_.empty() && closed_) return 0;
      if (answer_.empty()) {
        errno = EAGAIN;
        return -1;
      }
      const std::size_t n = std::min(out.size(), answer_.size());
      std::copy_n(answer_.begin(), n, out.begin());
      if (remove) answer_.erase(0, n);
      return static_cast<ssize_t>(n);
    }
    void answer(const std::string& head) {
      const std::string request = head.substr(0, head.find(" HTTP/"));
      net_.requests.push_back(request);
      net_.heads.push_back(head);
      const auto made = net_.serve_(request, head);
      answer_ = made.value_or("");
      closed_ = true;  // like a server without persistent connections
    }

    FakeNet& net_;
    std::string request_, answer_;
    bool closed_ = false;
  };

  Task<bool> pause(Milliseconds duration) {  // false: canceled
    bool passed = true;
    try {
      co_await clock_.sleep(duration);
    } catch (const Error&) {
      passed = false;
    }
    co_return passed;
  }

  Serve serve_;
  const world::Clock& clock_;
};

class FakeWorld : public world::World {
 public:
  explicit FakeWorld(FakeNet::Serve serve) : net_(std::move(serve), clock_) {}

  asio::any_io_executor executor() override { return io_.get_executor(); }
  const world::Clock& clock() const override { return clock_; }
  FakeClock& fake_clock() { return clock_; }
  world::Random& random() override { return random_; }
  FakeNet& net() override { return net_; }
  world::Disk& disk() override { return world::system_disk(); }
  world::Workers& workers() override { return workers_; }
  world::Workers& disk_workers() override { return workers_; }
  std::unique_ptr<world::Workers> make_workers(std::size_t, const std::string&) override {
    return std::make_unique<FakeWorkers>(io_);
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
  class FakeRandom : public world::Random {
   public:
    void fill(MutableBytes out) override {
      for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(next_ = next_ * 1664525 + 1013904223) >> 0;
    }

   private:
    std::uint32_t next_ = 1;
  };
  class FakeWorkers : public world::Workers {
   public:
    explicit FakeWorkers(asio::io_context& io) : io_(io) {}
    asio::any_io_executor executor() override { return io_.get_executor(); }

   private:
    asio::io_context& io_;
  };

  asio::io_context io_;
  FakeClock clock_;
  FakeRandom random_;
  FakeNet net_;
  FakeWorkers workers_{io_};
};

}  // namespace libbcda::test
