// How a session gets its token, in a world without sockets and real time.
#include "auth/token_source.hpp"

#include <gtest/gtest.h>

#include "support/errors.hpp"
#include "support/fake_service.hpp"
#include "support/files.hpp"
#include "support/signing.hpp"

namespace libbcda::auth {
namespace {

using test::error_of;
using test::FakeService;
using test::holds;
using test::http_answer;

const char* const kConfiguration = "GET /fhir/.well-known/smart-configuration";
const char* const kCapabilities = "GET /fhir/metadata";

// A FHIR server at /fhir, with SMART Backend Services.
class TokenSources : public testing::Test {
 protected:
  TokenSources() {
    service_.settings = Settings();
    service_.settings.set("url", "http://localhost/fhir");
    service_.settings.set("client_id", "id");
    service_.settings.set("signing_key", test::smart_path("es384.jwk.json"));
    service_.answer(kConfiguration, {http_answer(200, "", R"({"token_endpoint":"/token"})")});
    service_.answer("POST /token", {http_answer(200, "", R"({"access_token":"t0k3n","expires_in":300})")});
  }

  // The Authorization header of one request. Throws what the token source throws.
  std::string authorized() {
    if (!session_) session_ = service_.session();
    request_ = {};
    request_.url = session_->service().at("/Patient");
    service_.world->run([&]() -> Task<> { co_await session_->tokens().authorize(request_); });
    return request_.headers.back().second;
  }

  FakeService service_;
  std::shared_ptr<runtime::Session> session_;
  http::Request request_;
};

TEST_F(TokenSources, FindTheTokenEndpoint) {
  EXPECT_EQ(authorized(), "Bearer t0k3n");
  EXPECT_EQ(service_.count("POST /token"), 1u);
  EXPECT_EQ(service_.count(kCapabilities), 0u);
}

// ---- Discovery

TEST_F(TokenSources, AnOutageOfTheDiscoveryMayBeRetried) {
  for (const char* out : {kConfiguration, kCapabilities}) {
    service_.answer(kConfiguration, {http_answer(404)});
    service_.answer(kCapabilities, {http_answer(404)});
    service_.answer(out, {http_answer(503, "Retry-After: 7\r\n")});
    const Error error = error_of([&] { authorized(); });
    EXPECT_EQ(error.status, Status::REFUSED) << out;
    EXPECT_TRUE(error.retriable) << out;
    EXPECT_EQ(error.retry_after, std::chrono::seconds(7)) << out;
    EXPECT_TRUE(holds(error.message, "token_url")) << error.message;
  }
}

TEST_F(TokenSources, AServiceWithoutATokenEndpointIsFinal) {
  service_.answer(kConfiguration, {http_answer(404)});
  service_.answer(kCapabilities, {http_answer(200, "", "{}")});
  const Error error = error_of([&] { authorized(); });
  EXPECT_EQ(error.status, Status::PROTOCOL);
  EXPECT_FALSE(error.retriable);
}

TEST_F(TokenSources, ALongPageInsteadOfTheConfigurationIsNotRead) {
  const std::string statement =
      R"({"rest":[{"security":{"extension":[{"url":"oauth-uris","extension":[{"url":"token","valueUri":"/token"}]}]}}]})";
  service_.answer(kConfiguration, {http_answer(404, "", "<html>" + std::string(300 << 10, 'x'))});
  service_.answer(kCapabilities, {http_answer(200, "", statement)});
  EXPECT_EQ(authorized(), "Bearer t0k3n");
}

}  // namespace
}  // namespace libbcda::auth
