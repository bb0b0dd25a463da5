#include "auth/assertion.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/signing.hpp"

namespace libbcda::auth {
namespace {

using crypto::SigningKey;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct Parts {
  std::string header, claims, signed_text;
  Bytes signature;
};

Parts split(const std::string& assertion) {
  const std::size_t first = assertion.find('.'), second = assertion.find('.', first + 1);
  auto decoded = [](std::string_view text) { return from_base64url(text).value(); };
  return {std::string(as_text(decoded(assertion.substr(0, first)))),
          std::string(as_text(decoded(assertion.substr(first + 1, second - first - 1)))), assertion.substr(0, second),
          decoded(assertion.substr(second + 1))};
}

AssertionClaims some_claims() {
  return {"client-1", "https://example.org/auth/token?x=1", "key-1", "jti-1", Instant(seconds(1795593782))};
}

SigningKey rsa_key() { return SigningKey::from_file(test::rsa_pem_path(), Secret()); }
SigningKey ec_key() { return SigningKey::from_file(test::smart_path("es384.sec1.pem"), Secret()); }

TEST(Assertion, HasTheHeaderAndTheClaims) {
  const Parts parts = split(make_assertion(rsa_key(), some_claims()));
  EXPECT_EQ(parts.header, R"({"alg":"RS384","typ":"JWT","kid":"key-1"})");
  EXPECT_EQ(parts.claims,
            R"({"iss":"client-1","sub":"client-1","aud":"https://example.org/auth/token?x=1","jti":"jti-1",)"
            R"("iat":1795593782,"exp":1795594022})");
}

// The example of the SMART guide ("Signature": header and claims before the signature), with its members in our order.
TEST(Assertion, HasTheShapeOfTheGuidesExample) {
  const AssertionClaims claims{"https://bili-monitor.example.com", "https://authorize.smarthealthit.org/token",
                               "eee9f17a3b598fd86417a980b591fbe6", "random-non-reusable-jwt-id-123",
                               Instant(seconds(1422568860 - 240))};
  const Parts parts = split(make_assertion(ec_key(), claims));
  EXPECT_EQ(parts.header, R"({"alg":"ES384","typ":"JWT","kid":"eee9f17a3b598fd86417a980b591fbe6"})");
  EXPECT_EQ(parse_json(parts.claims).value(), parse_json(R"({
      "iss": "https://bili-monitor.example.com",
      "sub": "https://bili-monitor.example.com",
      "aud": "https://authorize.smarthealthit.org/token",
      "exp": 1422568860,
      "iat": 1422568620,
      "jti": "random-non-reusable-jwt-id-123"})")
                                                  .value());
}

TEST(Assertion, LeavesOutAnEmptyKeyId) {
  AssertionClaims claims = some_claims();
  claims.key_id = "";
  EXPECT_EQ(split(make_assertion(ec_key(), claims)).header, R"({"alg":"ES384","typ":"JWT"})");
}

TEST(Assertion, VerifiesWithThePublicKey) {
  const Parts rsa = split(make_assertion(rsa_key(), some_claims()));
  EXPECT_TRUE(test::verifies(test::rsa_public_pem(), rsa.signed_text, rsa.signature));
  EXPECT_FALSE(test::verifies(test::rsa_public_pem(), rsa.signed_text + "x", rsa.signature));

  const Parts ec = split(make_assertion(ec_key(), some_claims()));
  EXPECT_EQ(ec.signature.size(), 96u);
  EXPECT_TRUE(test::verifies(test::smart_text("es384.public.pem"), ec.signed_text, ec.signature));
}

TEST(Assertion, IsBase64urlWithoutPadding) {
  for (int i = 0; i < 20; ++i) {
    AssertionClaims claims = some_claims();
    claims.jti += std::string(static_cast<std::size_t>(i), '~');
    const std::string text = make_assertion(rsa_key(), claims);
    EXPECT_EQ(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."), text.npos);
    EXPECT_EQ(std::count(text.begin(), text.end(), '.'), 2);
  }
}

TEST(Assertion, WithRsaDependsOnTheClaimsOnly) {
  EXPECT_EQ(make_assertion(rsa_key(), some_claims()), make_assertion(rsa_key(), some_claims()));
  AssertionClaims other = some_claims();
  other.jti = "jti-2";
  EXPECT_NE(make_assertion(rsa_key(), some_claims()), make_assertion(rsa_key(), other));
}

TEST(Assertion, RoundsTheTimeDown) {
  AssertionClaims claims = some_claims();
  claims.issued += milliseconds(999);
  EXPECT_EQ(make_assertion(rsa_key(), claims), make_assertion(rsa_key(), some_claims()));
}

TEST(Assertion, EscapesTheClaims) {
  AssertionClaims claims = some_claims();
  claims.client_id = "a\"b\\c\n";
  const auto parsed = parse_json(split(make_assertion(rsa_key(), claims)).claims).value();
  EXPECT_EQ(string_member(parsed.get_object(), "iss"), claims.client_id);
  EXPECT_EQ(string_member(parsed.get_object(), "sub"), claims.client_id);
}

}  // namespace
}  // namespace libbcda::auth
