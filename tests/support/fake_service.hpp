// A session in a world without sockets. A table of answers replaces the service.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/session.hpp"
#include "support/fake_world.hpp"

namespace libbcda::test {

inline const char* const kRecord = "{\"resourceType\":\"Patient\"}\n";

// Answers a request with the first entry whose text is a prefix of the request. If an entry has several answers, they
// are sent one after another, and the last one is repeated. Token requests are answered automatically.
class FakeService {
 public:
  FakeService()
      : world(std::make_shared<FakeWorld>([this](const auto& request, const auto& whole) {
          last_request = whole;
          return next(request);
        })) {
    settings.set("url", "http://localhost");
    settings.set("client_id", "id");
    settings.set("client_secret", "secret");
    settings.set("allow_plaintext", "true");
    settings.set("types", "Patient");
    settings.set("outage_limit", "0");
    settings.set("durability", "process");
    answer("POST /auth/token", {http_answer(200, "", R"({"access_token":"t","expires_in":1200})")});
  }

  void answer(const std::string& request, std::vector<std::string> texts) {
    std::erase_if(answers_, [&](const auto& one) { return one.first == request; });
    answers_.emplace_back(request, std::deque<std::string>(texts.begin(), texts.end()));
  }
  // Adds the answers of a job for Patient: the kick-off is accepted, and each status request gets this manifest.
  void answer_job(const std::string& manifest) {
    answer("GET /api/v1/Patient/$export", {http_answer(202, "Content-Location: /api/v1/jobs/1\r\n")});
    answer("GET /api/v1/jobs/1", {http_answer(200, "", manifest)});
  }
  std::shared_ptr<runtime::Session> session() { return std::make_shared<runtime::Session>(settings, world); }
  std::size_t count(const std::string& request) const {
    return static_cast<std::size_t>(std::count_if(world->net().requests.begin(), world->net().requests.end(),
                                                  [&](const std::string& one) { return one.starts_with(request); }));
  }

  Settings settings;
  std::shared_ptr<FakeWorld> world;
  std::string last_request;  // with its head and its body
  std::function<void(const std::string& request)> before_answer = [](const std::string&) {};

 private:
  std::optional<std::string> next(const std::string& request) {
    before_answer(request);
    for (auto& [begin, texts] : answers_) {
      if (!request.starts_with(begin)) continue;
      std::string text = texts.front();
      if (texts.size() > 1) texts.pop_front();
      if (text.empty()) return std::nullopt;
      return text;
    }
    return http_answer(404);
  }

  std::vector<std::pair<std::string, std::deque<std::string>>> answers_;
};

}  // namespace libbcda::test
