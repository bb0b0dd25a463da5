// A server on loopback that answers with the bytes that a test provides.
#pragma once
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace bcda_test {

// Serves one connection at a time. The handler gets the head of a request and returns the bytes to send. Then the
// connection is closed, unless the bytes contain "keep-alive". A handler may call drip_last() for its answer.
class ScriptedServer {
 public:
  using Handler = std::function<std::string(const std::string& head)>;

  explicit ScriptedServer(Handler handler) : handler_(std::move(handler)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 16) != 0)
      throw std::runtime_error("cannot listen");
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~ScriptedServer() {
    stop_ = true;
    thread_.join();
    close(listener_);
  }

  std::string url(const char* scheme = "http") const {
    return std::string(scheme) + "://127.0.0.1:" + std::to_string(port_);
  }
  int connections() const { return connections_; }
  // Sends the last `count` bytes of the next answer one by one, 50 in a second.
  void drip_last(std::size_t count) { dripped_ = count; }

 private:
  // Waits until `fd` is readable. Returns false if the server must stop.
  bool readable(int fd) const {
    while (!stop_) {
      pollfd waiting{fd, POLLIN, 0};
      if (poll(&waiting, 1, 20) > 0) return true;
    }
    return false;
  }

  // Waits for that long. Returns true if the client closes the connection.
  static bool hangs_up(int connection, int milliseconds) {
    pollfd waiting{connection, POLLIN | POLLRDHUP, 0};
    return poll(&waiting, 1, milliseconds) > 0;
  }

  void serve() {
    while (readable(listener_)) {
      int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection < 0) continue;
      ++connections_;
      while (answer(connection)) {}
      close(connection);
    }
  }

  bool answer(int connection) {
    std::string head;
    char buffer[4096];
    while (head.find("\r\n\r\n") == std::string::npos) {
      if (!readable(connection)) return false;
      ssize_t n = recv(connection, buffer, sizeof buffer, 0);
      if (n <= 0) return false;
      head.append(buffer, static_cast<std::size_t>(n));
      if (head[0] == 22) return false;  // a TLS handshake, so close the connection
    }
    std::string bytes = handler_(head);
    const std::size_t slow = bytes.size() - std::min(bytes.size(), std::exchange(dripped_, 0));
    for (std::size_t sent = 0; sent < bytes.size() && !stop_;) {
      if (sent >= slow && hangs_up(connection, 20)) return false;
      const std::size_t most = sent < slow ? slow - sent : 1;
      ssize_t n = send(connection, bytes.data() + sent, most, MSG_NOSIGNAL);
      if (n <= 0) return false;
      sent += static_cast<std::size_t>(n);
    }
    return bytes.find("keep-alive") != std::string::npos;
  }

  Handler handler_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stop_{false};
  std::atomic<int> connections_{0};
  std::size_t dripped_ = 0;  // bytes at the end of the next answer; used by the thread alone
  std::thread thread_;
};

}  // namespace bcda_test
