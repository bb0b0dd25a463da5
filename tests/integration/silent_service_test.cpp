// A canceled run ends at once while the service keeps silent, and so do its handles.
#include <memory>
#include <mutex>

#include "integration/leftovers.hpp"
#include "integration/scripted_service.hpp"

namespace bcda_test {
namespace {

using std::chrono::milliseconds;

// Answers until a request comes that begins with `where`. "GET /data half" is answered in part.
class SilentService {
 public:
  explicit SilentService(std::string where) : where_(std::move(where)) {}
  ~SilentService() {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
    changed_.notify_all();
  }
  std::string url() const { return server_.url(); }
  int reached() {
    const std::lock_guard lock(mutex_);
    return reached_;
  }

 private:
  std::string answer(const std::string& head) {
    if (head.rfind(where_, 0) == 0) return keep_silent();
    if (head.rfind("POST /auth/token", 0) == 0) return sized(R"({"access_token":"t"})");
    if (head.find("$export") != std::string::npos)
      return "HTTP/1.1 202 Accepted\r\nContent-Location: /api/v1/jobs/1\r\nContent-Length: 0\r\n\r\n";
    if (head.rfind("GET /api/v1/jobs", 0) == 0)
      return sized(R"({"transactionTime":"2026-01-01T00:00:00Z","request":"r","requiresAccessToken":true,)"
                   R"("output":[{"type":"Patient","url":"/data/1.ndjson"}],"error":[]})");
    keep_count();
    return ok("Connection: keep-alive\r\nContent-Length: 1000000\r\n", "{\"resourceType\":\"Patient\"}\n");
  }
  void keep_count() {
    const std::lock_guard lock(mutex_);
    ++reached_;
  }
  std::string keep_silent() {
    std::unique_lock lock(mutex_);
    const int mine = ++reached_;
    changed_.wait(lock, [&] { return is_over_ || reached_ > mine; });
    return "";
  }

  std::string where_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_over_ = false;
  int reached_ = 0;
  ScriptedServer server_{[this](const std::string& head) { return answer(head); }};
};

class SilentServices : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(SilentServices, DoNotDelayTheEndOfACanceledRun) {
  TempDir dir;
  auto best = steady_clock::duration::max();
  for (int round = 0; round < 5 && best >= milliseconds(100); ++round) {  // a busy machine may delay any single try
    SilentService service(GetParam().second);
    auto client = std::make_unique<bcda::Client>(bcda::Config{{"url", service.url()},
                                                              {"client_id", "id"},
                                                              {"client_secret", "secret"},
                                                              {"allow_plaintext", "true"},
                                                              {"types", "Patient"},
                                                              {"poll_interval", "1ms"}});
    auto run = std::make_unique<bcda::Run>(client->start_export({{"out", dir / std::to_string(round)}}));
    ASSERT_TRUE(until([&] { return service.reached() > 0; }));
    const auto begun = steady_clock::now();
    run->cancel();
    EXPECT_EQ(follow(*run).status, BCDA_CANCELED);
    run.reset();
    client.reset();
    best = std::min(best, steady_clock::now() - begun);
  }
  EXPECT_LT(best, milliseconds(100));
}

INSTANTIATE_TEST_SUITE_P(Each, SilentServices,
                         testing::Values(std::pair("Token", "POST /auth/token"), std::pair("KickOff", "GET /api/v1/P"),
                                         std::pair("Status", "GET /api/v1/jobs"), std::pair("File", "GET /data"),
                                         std::pair("InMidFile", "none")),
                         [](const auto& place) { return std::string(place.param.first); });

}  // namespace
}  // namespace bcda_test
