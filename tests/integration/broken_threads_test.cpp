// No failure on a library thread may be lost, because a run that waits for its result would never end.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <boost/asio/post.hpp>

#include "integration/scripted_service.hpp"
#include "runtime/run.hpp"
#include "runtime/session.hpp"
#include "support/errors.hpp"

namespace bcda_test {
namespace {

using libbcda::runtime::Run;
using libbcda::runtime::Session;

libbcda::Settings settings_for(const std::string& url) {
  libbcda::Settings settings;
  settings.set("url", url);
  settings.set("client_id", "id");
  settings.set("client_secret", "secret");
  settings.set("idle_timeout", "1h");
  settings.set("request_timeout", "1h");
  return settings;
}

// A service that accepts the job and then does not answer.
std::string silent_service(const std::string& head) {
  if (head.rfind("POST", 0) == 0) return sized(R"({"access_token":"t"})");
  return ok("Connection: keep-alive\r\nContent-Length: 5\r\n", "");
}

TEST(BrokenThreads, AnExceptionInAHandlerEndsEveryRunOfTheClient) {
  ScriptedServer server(silent_service);
  auto session = std::make_shared<Session>(settings_for(server.url()));
  libbcda::runtime::RunRequest request;
  request.kind = libbcda::runtime::RunKind::manifest;
  request.settings = session->settings();
  request.settings.set("types", "Patient");
  auto run = Run::start(session, request);
  boost::asio::post(session->world()->executor(), [] { throw std::runtime_error("no memory for a timer"); });
  ASSERT_TRUE(run->mailbox().wait_finished(libbcda::Milliseconds(-1)));
  const auto failure = run->mailbox().failure();
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->status, libbcda::Status::INTERNAL);
  EXPECT_EQ(failure->message, "no memory for a timer");
  run.reset();
  auto again = Run::start(session, request);  // the threads continue
  again->cancel();
  ASSERT_TRUE(again->mailbox().wait_finished(libbcda::Milliseconds(-1)));
  EXPECT_EQ(again->mailbox().failure()->status, libbcda::Status::CANCELED);
}

}  // namespace
}  // namespace bcda_test
