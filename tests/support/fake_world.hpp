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

#include "support/disk_over.hpp"
#include "support/virtual_world.hpp"

namespace libbcda::test {

namespace asio = boost::asio;

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
  bool keeps_open = false;                               // a connection takes several requests
  int connections = 0;
  std::vector<int> used;             // the connection of each request
  std::vector<std::string> stopped;  // addresses whose connection was canceled

 private:
  class FakeStream : public world::ByteStream {
   public:
    explicit FakeStream(FakeNet& net) : net_(net), number_(++net.connections) {}
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
      net_.used.push_back(number_);
      const auto made = net_.serve_(request, head);
      answer_ = made.value_or("");
      closed_ = !net_.keeps_open || !made;
    }

    FakeNet& net_;
    const int number_;
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

class FakeWorld : public VirtualWorld {
 public:
  explicit FakeWorld(FakeNet::Serve serve) : net_(std::move(serve), clock_) {}

  world::Random& random() override { return random_; }
  FakeNet& net() override { return net_; }
  world::Disk& disk() override { return disk_; }

  world::Checkpoints steps;

 private:
  class FakeDisk : public DiskOver {
   public:
    explicit FakeDisk(const world::Checkpoints& steps) : DiskOver(world::system_disk()), steps_(steps) {}
    world::Checkpoints checkpoints() const noexcept override { return steps_; }

   private:
    const world::Checkpoints& steps_;
  };
  class FakeRandom : public world::Random {
   public:
    void fill(MutableBytes out) override {
      for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(next_ = next_ * 1664525 + 1013904223) >> 0;
    }

   private:
    std::uint32_t next_ = 1;
  };

  FakeDisk disk_{steps};
  FakeRandom random_;
  FakeNet net_;
};

}  // namespace libbcda::test
