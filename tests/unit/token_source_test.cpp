// How a session gets its token, in a world without sockets and real time.
#include "auth/token_source.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

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

TEST_F(TokenSources, AnAssertionThatIsRepeatedIsNotShown) {
  std::string assertion;
  service_.before_answer = [&](const std::string& request) {
    if (!request.starts_with("POST /token")) return;
    const std::string field = "client_assertion=";
    assertion = service_.last_request.substr(service_.last_request.find(field) + field.size());
    service_.answer("POST /token",
                    {http_answer(401, "Content-Type: application/json\r\n",
                                 R"({"error":")" + assertion + R"(","error_description":"bad )" + assertion + "\"}")});
  };
  const Error error = error_of([&] { authorized(); });
  ASSERT_GT(assertion.size(), 100u);
  EXPECT_EQ(error.status, Status::AUTHENTICATION);
  EXPECT_FALSE(holds(error.message, assertion.substr(0, 20))) << error.message;
  EXPECT_EQ(error.outcome, "[credentials removed]: bad [credentials removed]");
}

// The time stands still here, so only the id (jti) can differ.
TEST_F(TokenSources, EachTryHasAnAssertionOfItsOwn) {
  std::vector<std::string> claims;
  service_.before_answer = [&](const std::string& request) {
    if (!request.starts_with("POST /token")) return;
    const std::string field = "client_assertion=";
    const std::string assertion = service_.last_request.substr(service_.last_request.find(field) + field.size());
    const std::size_t first = assertion.find('.');
    claims.push_back(assertion.substr(first, assertion.find('.', first + 1) - first));
  };
  service_.answer("POST /token", {http_answer(503)});
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(error_of([&] { authorized(); }).retriable);
  ASSERT_EQ(claims.size(), 2u);
  EXPECT_GT(claims[0].size(), 50u);
  EXPECT_NE(claims[0], claims[1]);
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

// The usual reason is a wrong path in the URL.
TEST_F(TokenSources, AUrlThatIsNoFhirServersIsSaidToBeThat) {
  service_.answer(kConfiguration, {http_answer(404)});
  service_.answer(kCapabilities, {http_answer(406)});
  const Error error = error_of([&] { authorized(); });
  EXPECT_EQ(error.status, Status::PROTOCOL);
  EXPECT_TRUE(holds(error.message, "is no FHIR server")) << error.message;
  EXPECT_TRUE(holds(error.message, "HTTP 404") && holds(error.message, "HTTP 406")) << error.message;
  EXPECT_TRUE(holds(error.message, "check the setting url")) << error.message;
}

TEST_F(TokenSources, ALongPageInsteadOfTheConfigurationIsNotRead) {
  const std::string statement =
      R"({"rest":[{"security":{"extension":[{"url":"oauth-uris","extension":[{"url":"token","valueUri":"/token"}]}]}}]})";
  service_.answer(kConfiguration, {http_answer(404, "", "<html>" + std::string(300 << 10, 'x'))});
  service_.answer(kCapabilities, {http_answer(200, "", statement)});
  EXPECT_EQ(authorized(), "Bearer t0k3n");
}

// ---- Tokens in a file

class TokenFiles : public TokenSources {
 protected:
  TokenFiles() {
    service_.settings.unset("signing_key");
    service_.settings.set("access_token_file", path_);
  }
  // A token that expires in `left`.
  std::string jwt(std::chrono::seconds left) const {
    const auto end = service_.world->clock().now().wall.time_since_epoch() + left;
    const std::string claims =
        "{\"exp\":" + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(end).count()) + "}";
    return "e30." + to_base64url(as_bytes(claims)) + ".c2ln";
  }
  void pass(std::chrono::seconds time) {
    service_.world->run([&]() -> Task<> { co_await service_.world->clock().sleep(time); });
  }

  test::TempDir dir_;
  const std::string path_ = dir_ / "token";
};

TEST_F(TokenFiles, AnEmptyFileIsReadAgainLater) {
  test::spill(path_, "");
  EXPECT_TRUE(error_of([&] { authorized(); }).retriable);
  test::spill(path_, "first");
  EXPECT_EQ(authorized(), "Bearer first");
}

// Another program may be writing the file at the moment of the renewal.
TEST_F(TokenFiles, ATokenThatIsStillValidOutlivesAnEmptyFile) {
  const std::string first = jwt(std::chrono::seconds(300));
  test::spill(path_, first);
  EXPECT_EQ(authorized(), "Bearer " + first);
  test::spill(path_, "");
  pass(std::chrono::seconds(270));
  EXPECT_EQ(authorized(), "Bearer " + first);
  test::spill(path_, "second");
  pass(std::chrono::seconds(20));
  EXPECT_EQ(authorized(), "Bearer second");
}

TEST_F(TokenFiles, AnExpiredTokenMayBeReplaced) {
  test::spill(path_, jwt(std::chrono::seconds(-5)));
  const Error error = error_of([&] { authorized(); });
  EXPECT_EQ(error.status, Status::AUTHENTICATION);
  EXPECT_TRUE(error.retriable);
  EXPECT_TRUE(holds(error.message, "expired")) << error.message;
}

TEST_F(TokenFiles, AFailedReadAfterARefusalNamesTheRefusal) {
  test::spill(path_, "first");
  authorized();
  session_->tokens().reject(request_);
  EXPECT_TRUE(holds(error_of([&] { authorized(); }).message, "refused the access token"));
  ASSERT_EQ(::unlink(path_.c_str()), 0);
  const Error error = error_of([&] { authorized(); });
  EXPECT_TRUE(holds(error.message, "refused the access token, and there is no other one")) << error.message;
  EXPECT_TRUE(holds(error.message, path_)) << error.message;
}

}  // namespace
}  // namespace libbcda::auth
