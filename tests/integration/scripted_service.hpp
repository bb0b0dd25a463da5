// A scripted service. The test provides the text of the manifest, and every file has one line.
#pragma once
#include <atomic>
#include <functional>
#include <string>
#include <utility>

#include "integration/scripted_server.hpp"
#include "integration/support.hpp"

namespace bcda_test {

inline std::string ok(const std::string& headers, const std::string& body) {
  return "HTTP/1.1 200 OK\r\n" + headers + "\r\n" + body;
}

inline std::string sized(const std::string& body, const std::string& headers = "") {
  return ok(headers + "Content-Length: " + std::to_string(body.size()) + "\r\n", body);
}

class ScriptedService {
 public:
  using Manifest = std::function<std::string(int poll)>;               // `poll` counts from 1
  using File = std::function<std::string(const std::string& target)>;  // the whole answer

  explicit ScriptedService(Manifest manifest, File file = {})
      : manifest_(std::move(manifest)), file_(std::move(file)) {}

  std::string url() const { return server_.url(); }
  int downloads() const { return downloads_; }

  std::string progress;                       // more headers of a status answer
  std::string status_url = "/api/v1/jobs/1";  // the prefix of the status URL

 private:
  std::string answer(const std::string& head) {
    const std::string target = head.substr(head.find(' ') + 1, head.find(' ', head.find(' ') + 1) - head.find(' ') - 1);
    if (target == "/auth/token") return sized(R"({"access_token":"t","token_type":"bearer"})");
    if (target.find("$export") != std::string::npos)
      return "HTTP/1.1 202 Accepted\r\nContent-Location: " + status_url + "\r\nContent-Length: 0\r\n\r\n";
    if (target.rfind("/api/v1/jobs", 0) == 0) return sized(manifest_(++polls_), progress);
    ++downloads_;
    return file_ ? file_(target) : sized("{\"resourceType\":\"Patient\",\"id\":\"1\"}\n");
  }

  Manifest manifest_;
  File file_;
  std::atomic<int> polls_{0}, downloads_{0};
  ScriptedServer server_{[this](const std::string& head) { return answer(head); }};
};

inline bcda::Config config_for(const ScriptedService& service) {
  return {{"url", service.url()},    {"client_id", "id"},      {"client_secret", "secret"}, {"allow_plaintext", "true"},
          {"types", "Patient"},      {"poll_interval", "1ms"}, {"retry_delay", "1ms"},      {"retry_max_delay", "5ms"},
          {"durability", "process"}, {"outage_limit", "0"}};
}

// For a server of the Bulk Data IG without a login.
inline bcda::Config open_config(const ScriptedServer& server) {
  return {{"url", server.url()},    {"profile", "generic"}, {"level", "system"},      {"auth", "none"},
          {"poll_interval", "1ms"}, {"retry_delay", "1ms"}, {"durability", "process"}};
}

inline Outcome export_from(const ScriptedService& service, const std::string& out) {
  return export_to(config_for(service), out);
}

}  // namespace bcda_test
