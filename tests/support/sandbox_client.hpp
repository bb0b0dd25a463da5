// A client of a sandbox that shows every byte of its answers: header names in their order, framing, resets.
#pragma once
#include <arpa/inet.h>
#include <bcda/bcda_sandbox.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"

namespace sandbox_test {

namespace json = boost::json;
using Headers = std::vector<std::pair<std::string, std::string>>;

struct Answer {
  int status = 0;
  Headers headers;
  std::string body;    // without chunk framing
  std::string raw;     // all received bytes
  bool reset = false;  // the connection broke instead of ending

  std::string header(const std::string& name) const {
    for (const auto& [key, value] : headers)
      if (key == name) return value;
    return "";
  }
  std::string names() const {
    std::string all;
    for (const auto& header : headers) all += (all.empty() ? "" : " ") + header.first;
    return all;
  }
};

class Connection {
 public:
  explicit Connection(int port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~Connection() { ::close(fd_); }
  void send(const std::string& text) {
    EXPECT_EQ(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  ssize_t receive(char* data, std::size_t size) { return ::recv(fd_, data, size, 0); }

 private:
  int fd_;
};

inline std::string without_chunks(const std::string& body) {
  std::string plain;
  for (std::size_t at = 0; at < body.size();) {
    std::size_t line = body.find("\r\n", at);
    std::size_t size = std::stoul(body.substr(at, line - at), nullptr, 16);
    if (size == 0) break;
    plain += body.substr(line + 2, size);
    at = line + 2 + size + 2;
  }
  return plain;
}

inline Answer parse(std::string raw, bool reset) {
  Answer answer;
  answer.reset = reset;
  std::size_t end = raw.find("\r\n\r\n");
  if (end != std::string::npos) {
    answer.status = std::stoi(raw.substr(9, 3));
    for (std::size_t at = raw.find("\r\n") + 2; at < end + 2;) {
      std::size_t stop = raw.find("\r\n", at), colon = raw.find(": ", at);
      answer.headers.emplace_back(raw.substr(at, colon - at), raw.substr(colon + 2, stop - colon - 2));
      at = stop + 2;
    }
    answer.body = raw.substr(end + 4);
    if (answer.header("Transfer-Encoding") == "chunked") answer.body = without_chunks(answer.body);
  }
  answer.raw = std::move(raw);
  return answer;
}

// Sends one request and reads the answer to its end.
inline Answer converse(int port, const std::string& request) {
  Connection connection(port);
  connection.send(request);
  std::string raw;
  char buffer[65536];
  ssize_t got = 0;
  while ((got = connection.receive(buffer, sizeof buffer)) > 0) raw.append(buffer, static_cast<std::size_t>(got));
  return parse(std::move(raw), got < 0);
}

// "METHOD TARGET" with headers and a body. A Host header is added unless there is one.
inline std::string request_text(int port, const std::string& line, const Headers& headers, const std::string& body = "",
                                const std::string& version = "HTTP/1.1") {
  std::string text = line + " " + version + "\r\n";
  bool has_host = false;
  for (const auto& [name, value] : headers) {
    has_host |= name == "Host";
    text += name + ": " + value + "\r\n";
  }
  if (!has_host) text += "Host: 127.0.0.1:" + std::to_string(port) + "\r\n";
  if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return text + "\r\n" + body;
}

// A sandbox without TLS whose jobs are done at once.
class RunningSandbox {
 public:
  struct Option {
    const char *name, *value;
  };

  explicit RunningSandbox(const std::vector<Option>& options) {
    bcda_sandbox_options* made = nullptr;
    EXPECT_EQ(bcda_sandbox_options_create(&made, nullptr), BCDA_OK);
    std::vector<Option> all{{"tls", "false"},        {"host", "127.0.0.1"},
                            {"beneficiaries", "30"}, {"beneficiaries_per_file", "10"},
                            {"pending_time", "0"},   {"job_time", "0"}};
    all.insert(all.end(), options.begin(), options.end());
    for (const auto& [name, value] : all)
      EXPECT_EQ(bcda_sandbox_options_set(made, name, value, nullptr), BCDA_OK) << name;
    EXPECT_EQ(bcda_sandbox_start(made, &sandbox_, nullptr), BCDA_OK);
    bcda_sandbox_options_destroy(made);
    url_ = bcda_sandbox_url(sandbox_);
    const std::size_t colon = url_.rfind(':');
    port_ = std::stoi(url_.substr(colon + 1));
    origin_ = url_.substr(0, std::min(url_.find('/', colon), url_.size()));
  }
  ~RunningSandbox() { stop(); }
  RunningSandbox(const RunningSandbox&) = delete;
  RunningSandbox& operator=(const RunningSandbox&) = delete;
  void stop() {
    bcda_sandbox_destroy(sandbox_);
    sandbox_ = nullptr;
  }

  Answer ask(const std::string& method, const std::string& target, const Headers& headers = {},
             const std::string& version = "HTTP/1.1") const {
    return converse(port_, request(method, target, headers, version));
  }
  std::string request(const std::string& method, const std::string& target, const Headers& headers,
                      const std::string& version = "HTTP/1.1") const {
    return request_text(port_, method + " " + target, headers, "", version);
  }
  static std::string encoded(const std::string& id, const std::string& secret) {
    return libbcda::to_base64(libbcda::as_bytes(id + ":" + secret));
  }
  std::string basic() const {
    return "Basic " + encoded(bcda_sandbox_client_id(sandbox_), bcda_sandbox_client_secret(sandbox_));
  }
  std::string setting(const std::string& name) const {
    for (int i = 0; i < bcda_sandbox_setting_count(sandbox_); ++i)
      if (name == bcda_sandbox_setting_name(sandbox_, i)) return bcda_sandbox_setting_value(sandbox_, i);
    return "";
  }
  void control(const char* name, const std::string& value) {
    EXPECT_EQ(bcda_sandbox_control(sandbox_, name, value.c_str(), nullptr), BCDA_OK) << name << "=" << value;
  }
  std::int64_t count(const char* prefix) const { return bcda_sandbox_request_count(sandbox_, prefix); }

  bcda_sandbox* native() const { return sandbox_; }
  const std::string& url() const { return url_; }  // with the FHIR base of its profile
  const std::string& origin() const { return origin_; }
  int port() const { return port_; }

 private:
  bcda_sandbox* sandbox_ = nullptr;
  std::string url_, origin_;
  int port_ = 0;
};

// The path and query of a URL.
inline std::string target_of(const std::string& url) { return url.substr(url.find('/', url.find("://") + 3)); }

}  // namespace sandbox_test
