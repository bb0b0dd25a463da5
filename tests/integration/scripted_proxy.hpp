// An HTTP proxy on loopback. The test says what it answers; after "200" it is a tunnel.
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
#include <utility>
#include <vector>

namespace bcda_test {

class ScriptedProxy {
 public:
  using Handler = std::function<std::string(const std::string& head)>;
  // Reads a request in a tunnel. Its answer goes to the client instead of the server's; "": the server answers.
  using Interceptor = std::function<std::string(const std::string& request)>;

  static constexpr std::uint16_t kAsAsked = 65535;

  // `port`: of the server at the other end, on 127.0.0.1. 0: each tunnel ends with the client's first bytes. kAsAsked: the
  // port that the client asks for.
  explicit ScriptedProxy(std::uint16_t port, Handler handler = established, Interceptor interceptor = {})
      : target_(port), handler_(std::move(handler)), interceptor_(std::move(interceptor)) {
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

  static std::string established(const std::string&) { return "HTTP/1.1 200 Connection established\r\n\r\n"; }

  std::string url(const std::string& userinfo = "") const { return "http://" + userinfo + host(); }
  std::string host() const { return "127.0.0.1:" + std::to_string(port_); }
  std::vector<std::string> heads() const {  // the CONNECT requests
    const std::lock_guard lock(mutex_);
    return heads_;
  }
  std::string answered() const {  // all bytes of all servers, if there is an interceptor
    const std::lock_guard lock(mutex_);
    return answered_;
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
    if (answer.rfind("HTTP/1.1 200", 0) == 0) tunnel(client, target_ == kAsAsked ? asked_port(head) : target_);
    close(client);
  }

  static std::uint16_t asked_port(const std::string& head) {
    const std::size_t end = head.find(" HTTP/");
    return static_cast<std::uint16_t>(std::stoi(head.substr(head.rfind(':', end) + 1)));
  }

  void tunnel(int client, std::uint16_t port) {
    if (port == 0) {
      readable(client);
      return;
    }
    const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port);
    std::string request;  // what is there of one, for the interceptor
    if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
      while (!stop_ && relay(client, server, request)) {}
    close(server);
  }

  bool relay(int client, int server, std::string& request) {
    pollfd both[] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
    if (poll(both, 2, 20) <= 0) return true;
    return (both[0].revents == 0 || ask(client, server, request)) && (both[1].revents == 0 || answer(client, server));
  }

  bool answer(int client, int server) {
    const std::string bytes = receive(server);
    if (interceptor_) {
      const std::lock_guard lock(mutex_);
      answered_ += bytes;
    }
    return send_all(client, bytes);
  }

  // Moves what the client says to the server.
  bool ask(int client, int server, std::string& request) {
    const std::string bytes = receive(client);
    {
      const std::lock_guard lock(mutex_);
      received_ += bytes;
    }
    if (!interceptor_) return send_all(server, bytes);
    request += bytes;
    if (bytes.empty() || !is_whole(request)) return !bytes.empty();
    const std::string whole = std::exchange(request, "");
    const std::string answer = interceptor_(whole);
    return answer.empty() ? send_all(server, whole) : send_all(client, answer);
  }

  static bool is_whole(const std::string& request) {
    const std::size_t end = request.find("\r\n\r\n"), length = request.find("Content-Length: ");
    if (end == std::string::npos) return false;
    return length > end || request.size() - end - 4 >= std::stoul(request.substr(length + 16));
  }

  static std::string receive(int from) {  // "" at the end
    char buffer[16384];
    const ssize_t n = recv(from, buffer, sizeof buffer, 0);
    return {buffer, n < 0 ? 0 : static_cast<std::size_t>(n)};
  }

  static bool send_all(int to, const std::string& bytes) {
    for (std::size_t sent = 0; sent < bytes.size();) {
      const ssize_t more = send(to, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (more <= 0) return false;
      sent += static_cast<std::size_t>(more);
    }
    return !bytes.empty();
  }

  std::uint16_t target_;
  Handler handler_;
  Interceptor interceptor_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stop_{false};
  mutable std::mutex mutex_;
  std::vector<std::string> heads_;
  std::string received_, answered_;
  std::list<std::thread> serving_;  // used by thread_ until it ends
  std::thread thread_;
};

}  // namespace bcda_test
