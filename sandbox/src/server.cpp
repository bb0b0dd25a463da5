#include "server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <thread>

#include "base/error.hpp"
#include "connection.hpp"
#include "service.hpp"
#include "world/threads.hpp"

namespace libbcda::sandbox {
namespace {

using tcp = asio::ip::tcp;
using boost::system::error_code;

constexpr int kThreads = 2;
constexpr int kPortTries = 20;  // tries to find a port that is free on both loopback addresses

error_code listen_at(tcp::acceptor& acceptor, const asio::ip::address& address, int port) {
  error_code fault;
  tcp::endpoint endpoint(address, static_cast<std::uint16_t>(port));
  acceptor.open(endpoint.protocol(), fault);
  if (!fault && address.is_v6()) acceptor.set_option(asio::ip::v6_only(true), fault);
  if (!fault) acceptor.set_option(tcp::acceptor::reuse_address(true), fault);
  if (!fault) acceptor.bind(endpoint, fault);
  if (!fault) acceptor.listen(asio::socket_base::max_listen_connections, fault);
  if (fault) {
    error_code ignored;
    acceptor.close(ignored);
  }
  return fault;
}

}  // namespace

struct Server::Impl {
  // Both loopback addresses at one port.
  struct Port {
    explicit Port(asio::io_context& io, bool is_storage) : v4(io), v6(io), storage(is_storage) {}
    void listen(int port);
    tcp::acceptor v4, v6;
    const bool storage;
  };

  explicit Impl(Service& s) : service(s) {}

  asio::awaitable<void> accept(tcp::acceptor& acceptor, bool storage);
  void start();
  void stop();

  Service& service;
  std::shared_ptr<SSL_CTX> tls;
  asio::io_context io{kThreads};
  Port main{io, false}, storage{io, true};
  std::vector<std::thread> threads;
};

void Server::Impl::Port::listen(int port) {
  error_code fault;
  for (int i = 0; i < kPortTries; ++i) {
    fault = listen_at(v4, asio::ip::address_v4::loopback(), port);
    if (fault) break;
    // Clients may try ::1 first for "localhost", so no other program may listen there. A machine without IPv6 is
    // allowed.
    error_code v6_fault = listen_at(v6, asio::ip::address_v6::loopback(), v4.local_endpoint().port());
    if (v6_fault != asio::error::address_in_use) return;
    fault = v6_fault;
    if (port != 0) break;
    v4.close();
  }
  throw Error(Status::NETWORK, "the sandbox cannot listen on port " + std::to_string(port) + ": " + fault.message());
}

asio::awaitable<void> Server::Impl::accept(tcp::acceptor& acceptor, bool storage_side) {
  asio::steady_timer pause(io);
  for (;;) {
    bool failed = false;
    try {
      tcp::socket socket = co_await acceptor.async_accept(asio::make_strand(io), asio::use_awaitable);
      auto executor = socket.get_executor();
      auto stream = std::make_unique<SocketStream>(std::move(socket), tls.get());
      asio::co_spawn(executor, serve(std::move(stream), service, storage_side), asio::detached);
    } catch (const std::exception&) {
      failed = true;  // probably out of file descriptors
    }
    if (!failed) continue;
    pause.expires_after(std::chrono::milliseconds(20));
    co_await pause.async_wait(asio::use_awaitable);
  }
}

void Server::Impl::start() {
  for (Port* port : {&main, &storage})
    for (tcp::acceptor* acceptor : {&port->v4, &port->v6})
      if (acceptor->is_open())
        asio::co_spawn(acceptor->get_executor(), accept(*acceptor, port->storage), asio::detached);
  world::SignalsBlocked block;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back([this] { io.run(); });
}

void Server::Impl::stop() {
  io.stop();
  for (std::thread& thread : threads)
    if (thread.joinable()) thread.join();
}

Server::Server(Service& service, const Certificates* certificates, int port) : impl_(std::make_unique<Impl>(service)) {
  if (certificates) impl_->tls = make_tls(certificates->server, certificates->server_key);
  impl_->main.listen(port);
  impl_->storage.listen(0);
}

Server::~Server() { stop(); }
void Server::start() { impl_->start(); }
void Server::stop() { impl_->stop(); }

int Server::port() const { return impl_->main.v4.local_endpoint().port(); }
int Server::storage_port() const { return impl_->storage.v4.local_endpoint().port(); }

}  // namespace libbcda::sandbox
