#include "auth/login.hpp"

#include <gtest/gtest.h>

#include "auth/discovery.hpp"
#include "support/errors.hpp"
#include "support/files.hpp"
#include "support/signing.hpp"

namespace libbcda::auth {
namespace {

using test::error_of;
using test::holds;

using Values = std::initializer_list<std::pair<const char*, std::string>>;

Login login_of(Values values) {
  Settings settings;
  for (const auto& [name, value] : values) settings.set(name, value);
  return read_login(settings, find_service(settings));
}

const std::string kKey = test::smart_path("es384.jwk.json");

TEST(Logins, TheProfileOrTheCredentialsChooseTheMethod) {
  EXPECT_EQ(login_of({{"url", "https://api.bcda.cms.gov"}}).method, Method::basic);
  EXPECT_EQ(login_of({{"url", "https://sandbox.ab2d.cms.gov"}}).method, Method::form);
  EXPECT_EQ(login_of({{"url", "https://h/fhir"}}).method, Method::none);
  EXPECT_EQ(login_of({{"url", "https://h/fhir"}, {"client_id", "a"}, {"client_secret", "b"}}).method, Method::form);
  EXPECT_EQ(login_of({{"url", "https://h/fhir"}, {"client_id", "a"}, {"signing_key", kKey}}).method, Method::smart);
  EXPECT_EQ(login_of({{"url", "https://api.bcda.cms.gov"}, {"access_token", "t"}}).method, Method::token);
  EXPECT_EQ(login_of({{"url", "https://api.bcda.cms.gov"}, {"auth", "none"}}).method, Method::none);
}

TEST(Logins, TheTokenUrlIsTheProfilesUnlessItIsGiven) {
  EXPECT_EQ(login_of({{"url", "https://h/api/v3"}}).token_url->url.text(), "https://h/auth/token");
  EXPECT_EQ(login_of({{"url", "https://sandbox.dpc.cms.gov"}}).token_url->url.text(),
            "https://sandbox.dpc.cms.gov/api/v1/Token/auth");
  EXPECT_EQ(login_of({{"url", "https://api.ab2d.cms.gov"}}).token_url->url.host, "idm.cms.gov");
  EXPECT_EQ(login_of({{"url", "https://sandbox.ab2d.cms.gov"}}).token_url->url.host, "test.idp.idm.cms.gov");
  EXPECT_FALSE(login_of({{"url", "https://h/fhir"}}).token_url);
  EXPECT_EQ(login_of({{"url", "https://h/fhir"}, {"token_url", "https://idp/t"}}).token_url->url.text(),
            "https://idp/t");
  EXPECT_EQ(error_of([] {
              login_of({{"url", "https://h"}, {"token_url", "http://idp/t"}});
            }).status,
            Status::INVALID_ARGUMENT);
}

// Otherwise the secret of another service would go to the production login of CMS.
TEST(Logins, ATokenUrlOfTheTableIsForTheHostsOfItsRow) {
  const auto login = [](Values more) {
    Settings settings;
    settings.set("client_id", "a");
    settings.set("client_secret", "b");
    for (const auto& [name, value] : more) settings.set(name, value);
    return read_login(settings, find_service(settings));
  };
  const Login other = login({{"url", "https://ab2d.test"}, {"profile", "ab2d"}});
  EXPECT_FALSE(other.token_url);
  EXPECT_EQ(missing_credential(other), "token_url");
  const Login given = login({{"url", "https://ab2d.test"}, {"profile", "ab2d"}, {"token_url", "https://idp.test/t"}});
  EXPECT_EQ(given.token_url->url.host, "idp.test");
  EXPECT_EQ(missing_credential(given), "");
  EXPECT_EQ(missing_credential(login({{"url", "https://sandbox.ab2d.cms.gov."}})), "");
  test::TempDir dir;
  const std::string file = dir / "profile.json";
  test::spill(file, R"({"token_url": "https://idp.test/t"})");  // the user's own
  EXPECT_EQ(login({{"url", "https://h"}, {"profile", "ab2d"}, {"profile_file", file}}).token_url->url.host, "idp.test");
  test::spill(file, R"({"hosts": ["h"]})");
  EXPECT_EQ(login({{"url", "https://h"}, {"profile", "ab2d"}, {"profile_file", file}}).token_url->url.host,
            "idm.cms.gov");
}

TEST(Logins, WithoutALoginNoCredentialIsRead) {
  EXPECT_NO_THROW(login_of({{"url", "https://h"},
                            {"auth", "none"},
                            {"client_id", "a b"},
                            {"signing_key", "/no/such/key"},
                            {"client_secret_file", "/no/such/secret"},
                            {"token_url", "nonsense"}}));
}

TEST(Logins, WhatIsMissingIsNamed) {
  const auto missing = [](Values values) { return missing_credential(login_of(values)); };
  EXPECT_EQ(missing({{"url", "https://api.bcda.cms.gov"}}), "client_id");
  EXPECT_EQ(missing({{"url", "https://api.bcda.cms.gov"}, {"client_id", "a"}}),
            "client_secret (or client_secret_file)");
  EXPECT_EQ(missing({{"url", "https://sandbox.dpc.cms.gov"}, {"client_id", "a"}}), "signing_key");
  EXPECT_EQ(missing({{"url", "https://h"}, {"auth", "token"}}), "access_token (or access_token_file)");
  EXPECT_EQ(missing({{"url", "https://h/fhir"}, {"auth", "basic"}, {"client_id", "a"}, {"client_secret", "b"}}),
            "token_url");
  EXPECT_EQ(missing({{"url", "https://h/fhir"}}), "");
}

http::Request requested(const Login& login) {
  return token_request(login, *login.token_url, "jti-1", Instant(std::chrono::seconds(1000)));
}

TEST(Logins, AFormHasBasicCredentialsToo) {
  const http::Request request =
      requested(login_of({{"url", "https://sandbox.ab2d.cms.gov"}, {"client_id", "id"}, {"client_secret", "secret"}}));
  EXPECT_EQ(request.body, "grant_type=client_credentials&scope=clientCreds");
  EXPECT_EQ(request.headers[0].second, "Basic aWQ6c2VjcmV0");
  EXPECT_EQ(request.headers.back().second, "application/x-www-form-urlencoded");
}

TEST(Logins, ASecretCanBeInTheForm) {
  Login login = login_of({{"url", "https://sandbox.ab2d.cms.gov"}, {"client_id", "id"}, {"client_secret", "s&t"}});
  login.secret_in_form = true;
  const http::Request request = requested(login);
  EXPECT_EQ(request.body, "grant_type=client_credentials&scope=clientCreds&client_id=id&client_secret=s%26t");
  for (const auto& [name, value] : request.headers) EXPECT_NE(name, "Authorization");
}

TEST(Logins, SmartSendsAnAssertionAndNoCredentials) {
  const http::Request request = requested(login_of(
      {{"url", "https://h/fhir"}, {"token_url", "https://h/token"}, {"client_id", "id"}, {"signing_key", kKey}}));
  EXPECT_TRUE(
      request.body.starts_with("grant_type=client_credentials&scope=system%2F%2A.rs&client_assertion_type="
                               "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&"
                               "client_assertion=ey"))
      << request.body;
  for (const auto& [name, value] : request.headers) EXPECT_NE(name, "Authorization");
  ASSERT_EQ(request.secrets.size(), 1u);  // the assertion, so that an answer that repeats it is cleaned
  EXPECT_TRUE(request.body.ends_with("&client_assertion=" + std::string(request.secrets[0].reveal())));
}

TEST(Logins, ATokenAtHandComesFromItsFileEachTime) {
  test::TempDir dir;
  const std::string path = std::string(dir.path()) + "/token";
  test::spill(path, "first\n");
  const Login login = login_of({{"url", "https://h"}, {"access_token_file", path}});
  EXPECT_EQ(token_at_hand(login).reveal(), "first");
  test::spill(path, "second\r\n");
  EXPECT_EQ(token_at_hand(login).reveal(), "second");
  test::spill(path, " \n");
  EXPECT_EQ(error_of([&] { token_at_hand(login); }).status, Status::AUTHENTICATION);
}

TEST(Logins, ATokenInsteadOfItsPathIsNotShown) {
  const Login login = login_of({{"url", "https://h"}, {"access_token_file", "eyJhbGciOi.hunter2.c2ln"}});
  const Error error = error_of([&] { token_at_hand(login); });
  EXPECT_TRUE(holds(error.message, "access_token_file")) << error.message;
  EXPECT_FALSE(holds(error.message, "hunter2")) << error.message;
}

// ---- Discovery

http::Answer answer(int status, std::string body) {
  http::Answer made;
  made.status = status;
  made.body = std::move(body);
  return made;
}

const http::Url kBase = http::parse_url("https://h/fhir", "url");

TEST(Discovery, FindsTheTokenEndpoint) {
  EXPECT_EQ(configuration_request(kBase).url.text(), "https://h/fhir/.well-known/smart-configuration");
  EXPECT_EQ(token_endpoint(answer(200, R"({"token_endpoint":"https://idp/t"})"), kBase)->url.text(), "https://idp/t");
  EXPECT_EQ(token_endpoint(answer(200, R"({"token_endpoint":"auth/t"})"), kBase)->url.text(), "https://h/fhir/auth/t");
  EXPECT_FALSE(token_endpoint(answer(200, "{}"), kBase));
  EXPECT_FALSE(token_endpoint(answer(200, "<html>"), kBase));
  EXPECT_FALSE(token_endpoint(answer(404, R"({"token_endpoint":"https://idp/t"})"), kBase));
}

TEST(Discovery, ReadsHowTheSecretIsSentAndWhichScopesThereAre) {
  const auto in_form = [](const std::string& methods) {
    return token_offer(answer(200, R"({"token_endpoint_auth_methods_supported":)" + methods + "}")).secret_in_form_only;
  };
  EXPECT_TRUE(in_form(R"(["client_secret_post"])"));
  EXPECT_TRUE(in_form(R"(["private_key_jwt","client_secret_post"])"));
  EXPECT_FALSE(in_form(R"(["client_secret_basic","client_secret_post"])"));
  EXPECT_FALSE(in_form(R"(["private_key_jwt"])"));
  EXPECT_FALSE(in_form("[]"));
  EXPECT_FALSE(in_form(R"("client_secret_post")"));
  const std::string scopes = R"({"scopes_supported":["system/*.rs",7,"a b","","q\"","x\\y","system/A.read"]})";
  EXPECT_EQ(token_offer(answer(200, scopes)).scopes, (std::vector<std::string>{"system/*.rs", "system/A.read"}));
  EXPECT_TRUE(token_offer(answer(404, scopes)).scopes.empty());
}

// Servers compare `aud` with the URL that they publish, so it is not normalized.
TEST(Discovery, TheAudienceIsTheTextThatWasGiven) {
  const std::string text = "https://IdP.test:443/t";
  EXPECT_EQ(token_endpoint(answer(200, R"({"token_endpoint":")" + text + "\"}"), kBase)->audience, text);
  EXPECT_EQ(token_endpoint(answer(200, R"({"token_endpoint":"t"})"), kBase)->audience, "https://h/fhir/t");
  const Login login =
      login_of({{"url", "https://h/fhir"}, {"client_id", "id"}, {"signing_key", kKey}, {"token_url", text}});
  const http::Request request = requested(login);
  EXPECT_EQ(request.url.text(), "https://idp.test/t");
  const std::string assertion(request.secrets.at(0).reveal());
  const std::size_t first = assertion.find('.') + 1;
  const auto claims = from_base64url(assertion.substr(first, assertion.rfind('.') - first));
  EXPECT_TRUE(holds(as_text(*claims), "\"aud\":\"" + text + "\"")) << as_text(*claims);
}

TEST(Discovery, SendsNoCredentialsUnencrypted) {
  EXPECT_EQ(error_of([] { token_endpoint(answer(200, R"({"token_endpoint":"http://idp/t"})"), kBase); }).status,
            Status::PROTOCOL);
  EXPECT_EQ(error_of([] { token_endpoint(answer(200, R"({"token_endpoint":"http://localhost/t"})"), kBase); }).status,
            Status::PROTOCOL);
}

TEST(Discovery, FallsBackToTheCapabilityStatement) {
  const std::string statement =
      R"({"rest":[{"security":{"extension":[{"url":"http://x/oauth-uris","extension":[)"
      R"({"url":"authorize","valueUri":"https://h/a"},{"url":"token","valueUri":"https://h/t"}]}]}}]})";
  EXPECT_EQ(token_endpoint_of_capabilities(answer(200, statement), kBase)->url.text(), "https://h/t");
  for (const char* text : {"[]", "{}", R"({"rest":1})", R"({"rest":[1]})", R"({"rest":[{"security":[]}]})",
                           R"({"rest":[{"security":{"extension":[{"url":"oauth-uris"}]}}]})"})
    EXPECT_FALSE(token_endpoint_of_capabilities(answer(200, text), kBase)) << text;
}

}  // namespace
}  // namespace libbcda::auth
