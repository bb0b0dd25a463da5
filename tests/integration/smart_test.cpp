// An export from a FHIR server with SMART Backend Services: discovery, a signed login, and one job for all types.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <ctime>

#include "integration/scripted_service.hpp"
#include "integration/support.hpp"

namespace bcda_test {
namespace {

// The time in `ahead`, as a header has it.
std::string http_date(std::chrono::hours ahead) {
  const std::time_t time = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now() + ahead);
  char text[64];
  std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", std::gmtime(&time));
  return text;
}

std::string refused(const std::string& date) {
  const std::string body = R"({"error":"invalid_client","error_description":"the assertion has expired"})";
  return "HTTP/1.1 400 Bad Request\r\nDate: " + date +
         "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// Its FHIR base is /fhir.
class SmartServer {
 public:
  std::string url() const { return server_.url() + "/fhir"; }

  std::atomic<int> refusals{0};  // of the next token requests
  std::atomic<int> token_requests{0};
  std::string configuration;                            // more members of the well-known document
  std::string token;                                    // the answer to a token request, if it is not the usual one
  std::string date = http_date(std::chrono::hours(2));  // of a refusal

 private:
  std::string answer(const std::string& head) {
    const std::string target = head.substr(head.find(' ') + 1, head.find(' ', head.find(' ') + 1) - head.find(' ') - 1);
    if (target == "/fhir/.well-known/smart-configuration")
      return sized(R"({"token_endpoint":"/oauth/token")" + configuration + "}");
    if (target == "/oauth/token") {
      ++token_requests;
      if (!token.empty()) return sized(token);
      return refusals-- > 0 ? refused(date)
                            : sized(R"({"access_token":"t0k3n","token_type":"bearer","expires_in":300})");
    }
    if (head.find("Authorization: Bearer t0k3n") == std::string::npos)
      return "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n";
    if (target == "/fhir/Patient/$export?_type=Patient,Claim")
      return "HTTP/1.1 202 Accepted\r\nContent-Location: /fhir/status/1\r\nContent-Length: 0\r\n\r\n";
    if (target == "/fhir/status/1")
      return sized(R"({"transactionTime":"2026-01-01T00:00:00Z","requiresAccessToken":true,"error":[],)"
                   R"("output":[{"type":"Patient","url":"/fhir/files/a.ndjson","count":1}]})");
    if (target == "/fhir/files/a.ndjson") return sized("{\"resourceType\":\"Patient\"}\n");
    return "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n";
  }

  ScriptedServer server_{[this](const std::string& head) { return answer(head); }};
};

bcda::Config config_for(const SmartServer& server) {
  return {{"url", server.url()},
          {"client_id", "client"},
          {"signing_key", std::string(BCDA_TEST_DATA) + "/smart/es384.jwk.json"},
          {"level", "patient"},
          {"types", "Patient,Claim"},
          {"poll_interval", "1ms"},
          {"retries", "0"},
          {"durability", "process"}};
}

TEST(Smart, ExportsFromDiscoveryToFiles) {
  SmartServer server;
  TempDir dir;
  const Outcome outcome = export_to(config_for(server), dir / "out");
  EXPECT_EQ(outcome.status, BCDA_OK) << outcome.message;
  EXPECT_EQ(data_files(dir / "out").size(), 1u);
  EXPECT_EQ(server.token_requests, 1);
}

// When our clock is off, the server's Date is used for a second try.
TEST(Smart, ARefusedAssertionIsMadeAgainWithTheServersClock) {
  SmartServer server;
  server.refusals = 1;
  TempDir dir;
  const Outcome outcome = export_to(config_for(server), dir / "out");
  EXPECT_EQ(outcome.status, BCDA_OK) << outcome.message;
  EXPECT_EQ(server.token_requests, 2);
}

TEST(Smart, ARefusalShowsTheServersWords) {
  SmartServer server;
  server.refusals = 9;
  TempDir dir;
  const Outcome outcome = export_to(config_for(server), dir / "out");
  EXPECT_EQ(outcome.status, BCDA_AUTHENTICATION);
  EXPECT_NE(outcome.message.find("invalid_client"), std::string::npos) << outcome.message;
  EXPECT_NE(outcome.message.find("signing_key"), std::string::npos) << outcome.message;
  EXPECT_EQ(outcome.outcome, "invalid_client: the assertion has expired");
  EXPECT_EQ(server.token_requests, 2);
}

TEST(Smart, ANarrowerScopeIsAWarningThatNamesTheTypes) {
  SmartServer server;
  server.configuration = R"(,"scopes_supported":["system/Patient.rs","system/Claim.rs"])";
  server.token = R"({"access_token":"t0k3n","token_type":"bearer","expires_in":300,"scope":"system/Patient.rs"})";
  TempDir dir;
  const Outcome outcome = export_to(config_for(server), dir / "out");
  EXPECT_EQ(outcome.status, BCDA_OK) << outcome.message;
  EXPECT_TRUE(outcome.said(BCDA_EVENT_WARNING, "does not cover Claim"));
}

TEST(Smart, APlainTextErrorWithStatus200IsARefusal) {
  SmartServer server;
  server.token = "Error: \"expiresIn\" should be a number of seconds";
  TempDir dir;
  const Outcome outcome = export_to(config_for(server), dir / "out");
  EXPECT_EQ(outcome.status, BCDA_AUTHENTICATION);
  EXPECT_EQ(outcome.outcome, server.token);
}

TEST(Smart, TheCredentialsAreCheckedWithoutAnExport) {
  SmartServer server;
  server.token = R"({"access_token":"t0k3n","token_type":"bearer","expires_in":300,"scope":"system/*.rs"})";
  bcda::Run run = bcda::Client(config_for(server)).start_inquiry(BCDA_RUN_AUTH);
  ASSERT_TRUE(run.wait());
  const std::string origin = server.url().substr(0, server.url().size() - 5);
  EXPECT_EQ(run.result().answer(), R"({"service":")" + origin +
                                       R"(","profile":"generic","method":"smart","tokenOrigin":")" + origin +
                                       R"(","lifetime":300,"scope":"system/*.rs","checked":false,"answer":null})");
  EXPECT_EQ(server.token_requests, 1);
}

// Otherwise a server could get an assertion that is valid for decades.
TEST(Smart, AClockThatIsDaysOffIsNotFollowed) {
  SmartServer server;
  server.refusals = 1;
  server.date = "Fri, 01 Jan 2100 00:00:00 GMT";
  TempDir dir;
  const Outcome outcome = export_to(config_for(server), dir / "out");
  EXPECT_EQ(outcome.status, BCDA_AUTHENTICATION);
  EXPECT_NE(outcome.message.find("the clocks of this machine and of the service differ by "), std::string::npos)
      << outcome.message;
  EXPECT_NE(outcome.message.find(" days"), std::string::npos) << outcome.message;
  EXPECT_EQ(server.token_requests, 1);
}

}  // namespace
}  // namespace bcda_test
