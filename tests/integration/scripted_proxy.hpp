// An HTTP proxy on loopback. The test says what it answers; after "200" it is a tunnel to one server.
#pragma once
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace bcda_test {

class ScriptedProxy {
 public:
  using Handler = std::function<std::string(const std::string& head)>;

  // `port`: of the server at the other end, on 127.0.0.1. 0: each tunnel ends with the client's first bytes.
  explicit ScriptedProxy(
      std::uint16_t port,
      Handler handler = [](const std::string&) { return "HTTP/1.1 200 Connection established\r\n\r\n"; })
      : target_(port), handler_(std::move(handler)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 16) != 0)
      throw std::runtime_error("cannot listen");
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { accept_all(); });
  }
  ~ScriptedProxy() {
    stop_ = true;
    thread_.join();
    for (std::thread& one : serving_) one.join();
    close(listener_);
  }

  std::string url(const std::string& userinfo = "") const { return "http://" + userinfo + host(); }
  std::string host() const { return "127.0.0.1:" + std::to_string(port_); }
  std::vector<std::string> heads() const {  // the CONNECT requests
    const std::lock_guard lock(mutex_);
    return heads_;
  }
  std::string received() const {  // all bytes of all clients, also those in tunnels
    const std::lock_guard lock(mutex_);
    return received_;
  }

 private:
  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
  }

  bool readable(int fd) const {
    while (!stop_) {
      pollfd waiting{fd, POLLIN, 0};
      if (poll(&waiting, 1, 20) > 0) return true;
    }
    return false;
  }

  void accept_all() {
    while (readable(listener_)) {
      const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client >= 0) serving_.emplace_back([this, client] { serve(client); });
    }
  }

  void serve(int client) {
    std::string head;
    char byte;
    while (head.find("\r\n\r\n") == std::string::npos && readable(client) && recv(client, &byte, 1, 0) == 1)
      head += byte;
    {
      const std::lock_guard lock(mutex_);
      heads_.push_back(head);
      received_ += head;
    }
    const std::string answer = handler_(head);
    send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
    if (answer.rfind("HTTP/1.1 200", 0) == 0) tunnel(client);
    close(client);
  }

  void tunnel(int client) {
    if (target_ == 0) {
      readable(client);
      return;
    }
    const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(target_);
    if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
      while (!stop_ && relay(client, server)) {}
    close(server);
  }

  bool relay(int client, int server) {
    pollfd both[] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
    if (poll(both, 2, 20) <= 0) return true;
    return (both[0].revents == 0 || move(client, server, true)) &&
           (both[1].revents == 0 || move(server, client, false));
  }

  bool move(int from, int to, bool is_client) {
    char buffer[16384];
    const ssize_t n = recv(from, buffer, sizeof buffer, 0);
    if (n <= 0) return false;
    if (is_client) {
      const std::lock_guard lock(mutex_);
      received_.append(buffer, static_cast<std::size_t>(n));
    }
    for (ssize_t sent = 0; sent < n;) {
      const ssize_t more = send(to, buffer + sent, static_cast<std::size_t>(n - sent), MSG_NOSIGNAL);
      if (more <= 0) return false;
      sent += more;
    }
    return true;
  }

  std::uint16_t target_;
  Handler handler_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stop_{false};
  mutable std::mutex mutex_;
  std::vector<std::string> heads_;
  std::string received_;
  std::list<std::thread> serving_;  // used by thread_ until it ends
  std::thread thread_;
};

}  // namespace bcda_test
