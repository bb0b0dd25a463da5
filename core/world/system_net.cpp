#include "world/system_net.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <optional>

namespace libbcda::world {

using asio::ip::tcp;

namespace {

class SystemStream : public ByteStream {
 public:
  explicit SystemStream(tcp::socket socket) : socket_(std::move(socket)), fd_(socket_->native_handle()) {
    ErrorCode ignored;
    socket_->set_option(tcp::no_delay(true), ignored);
    socket_->non_blocking(true);
    socket_->native_non_blocking(true);
  }
  ~SystemStream() override {
    if (!socket_ && fd_ >= 0) ::close(fd_);
  }
  SystemStream(const SystemStream&) = delete;

  ssize_t read(MutableBytes out) noexcept override { return ::recv(fd_, out.data(), out.size(), 0); }
  ssize_t peek(MutableBytes out) noexcept override {
    return ::recv(fd_, out.data(), out.size(), MSG_PEEK | MSG_DONTWAIT);
  }
  ssize_t write(ByteView bytes) noexcept override { return ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }

  Task<ErrorCode> wait(Ready what) override {
    ErrorCode error;
    co_await socket_->async_wait(what == Ready::read ? tcp::socket::wait_read : tcp::socket::wait_write,
                                 asio::redirect_error(asio::use_awaitable, error));
    co_return error;
  }

  void interrupt() noexcept override {
    ErrorCode ignored;
    if (socket_) socket_->cancel(ignored);
  }

  void detach() noexcept override {
    ErrorCode ignored;
    if (!socket_) return;
    fd_ = socket_->release(ignored);
    socket_.reset();
  }

  void attach(const asio::any_io_executor& executor) override {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    tcp::socket socket(executor);
    socket.assign(address.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), fd_);
    socket.non_blocking(true);
    socket.native_non_blocking(true);
    socket_.emplace(std::move(socket));
  }

 private:
  std::optional<tcp::socket> socket_;  // while attached
  int fd_;
};

// Calls `late` when `limit` has passed, unless this object is destroyed before. `late` must own what it uses, because
// the call may come after the destruction.
class Limit {
 public:
  Limit(const asio::any_io_executor& executor, Milliseconds limit, std::function<void()> late)
      : timer_(executor, limit) {
    timer_.async_wait([passed = passed_, late = std::move(late)](ErrorCode ec) {
      if (ec) return;
      *passed = true;
      late();
    });
  }
  bool passed() const { return *passed_; }

 private:
  asio::steady_timer timer_;
  std::shared_ptr<bool> passed_ = std::make_shared<bool>(false);
};

}  // namespace

Task<std::vector<Net::Endpoint>> SystemNet::resolve(const std::string& host, std::uint16_t port, Milliseconds limit,
                                                    ErrorCode& error) {
  const Resolver::Addresses found = co_await resolver_.resolve(host, limit, error);
  std::vector<Endpoint> endpoints;
  for (const auto& address : found) endpoints.emplace_back(address, port);
  co_return endpoints;
}

Task<std::unique_ptr<ByteStream>> SystemNet::connect(const Endpoint& endpoint, Milliseconds limit, ErrorCode& error) {
  auto executor = co_await asio::this_coro::executor;
  auto socket = std::make_shared<tcp::socket>(executor);
  const Limit timer(executor, limit, [socket] {
    ErrorCode ignored;
    socket->close(ignored);
  });
  co_await socket->async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
  if (timer.passed()) error = asio::error::timed_out;
  if (error) co_return nullptr;
  co_return std::make_unique<SystemStream>(std::move(*socket));
}

}  // namespace libbcda::world
