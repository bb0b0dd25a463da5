#include "auth/token.hpp"

#include "auth/login.hpp"

#include <gtest/gtest.h>

#include "support/errors.hpp"

namespace libbcda::auth {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using test::error_of;
using test::holds;

constexpr std::int64_t kNowSeconds = 1568990853;
const Moment kNow{Steady(std::chrono::hours(100)), Instant(seconds(kNowSeconds))};
const Milliseconds kAssumed = minutes(20);

http::Answer answer(int status, std::string body, std::string type = "application/json") {
  http::Answer made;
  made.status = status;
  made.headers = {{"Content-Type", std::move(type)}};
  made.body = std::move(body);
  return made;
}

std::string jwt(const std::string& claims) {
  return to_base64url(as_bytes(R"({"alg":"RS512","typ":"JWT"})")) + "." + to_base64url(as_bytes(claims)) + ".c2ln";
}

http::Request basic_request(const char* token_url, const char* id, const char* secret) {
  Login login;
  login.method = Method::basic;
  login.client_id = id;
  login.client_secret = Secret(secret);
  return token_request(login, {http::parse_url(token_url, "url"), token_url}, "", kNow.wall);
}

std::string body(const std::string& token, const std::string& more = "") {
  return R"({"access_token":")" + token + R"(","token_type":"bearer")" + more + "}";
}

Milliseconds lifetime(const std::string& text) {
  return std::chrono::duration_cast<Milliseconds>(read_token(answer(200, text), kNow, kAssumed).expires_at -
                                                  kNow.steady);
}

TEST(TokenRequest, IsAPostWithBasicCredentialsAndNoBody) {
  const http::Request request = basic_request("https://api.bcda.cms.gov:8443/auth/token",
                                              "3841c594-a8c0-41e5-98cc-38bb45360d3c", "d89810016460e6924a1c");
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url.text(), "https://api.bcda.cms.gov:8443/auth/token");
  EXPECT_EQ(request.body, "");
  EXPECT_EQ(request.headers,
            (http::Headers{{"Authorization",
                            "Basic Mzg0MWM1OTQtYThjMC00MWU1LTk4Y2MtMzhiYjQ1MzYwZDNjOmQ4OTgxMDAxNjQ2MGU2"
                            "OTI0YTFj"},
                           {"Accept", "application/json"}}));
}

TEST(TokenRequest, KeepsEveryByteOfTheSecret) {
  const http::Request request = basic_request("https://h", "id", "p:a%2B+\xC3\xA9");
  EXPECT_EQ(from_base64(request.headers[0].second.substr(6)),
            (Bytes{'i', 'd', ':', 'p', ':', 'a', '%', '2', 'B', '+', 0xC3, 0xA9}));
}

TEST(ReadToken, TakesTheTokenByteForByte) {
  for (const char* text : {"opaque", "a.b.c", "x~+/==", "!"})
    EXPECT_EQ(read_token(answer(200, body(text)), kNow, kAssumed).value.reveal(), text);
}

TEST(ReadToken, TakesExpiresInAsNumberOrText) {
  EXPECT_EQ(lifetime(body("t", R"(,"expires_in":3600)")), hours(1));
  EXPECT_EQ(lifetime(body("t", R"(,"expires_in":"3600")")), hours(1));
  EXPECT_EQ(lifetime(body("t", R"(,"expires_in":1200.0)")), minutes(20));
  EXPECT_EQ(lifetime(body("t", R"(,"expires_in":1.2e3)")), minutes(20));
}

TEST(ReadToken, ClampsAnAbsurdLifetimeToAWeek) {
  for (const char* value : {"604801", "9223372036854775807", "1e300", "\"99999999\""})
    EXPECT_EQ(lifetime(body("t", std::string(",\"expires_in\":") + value)), hours(24 * 7)) << value;
}

TEST(ReadToken, AnUnusableExpiresInIsAsNone) {
  for (const char* value : {"0", "-5", "null", "true", "[]", "{}", "\"\"", "\"soon\"", "\"12h\"", "\"3600 s\"",
                            "\"-1\"", "-1e300", "0e400", "\"99999999999999999999\""})
    EXPECT_EQ(lifetime(body("t", std::string(",\"expires_in\":") + value)), kAssumed) << value;
}

TEST(ReadToken, ReadsAJwtsLifetimeAsAHint) {
  std::string iat = std::to_string(kNowSeconds - 500), exp = std::to_string(kNowSeconds + 1000);
  EXPECT_EQ(lifetime(body(jwt("{\"exp\":" + exp + "}"))), seconds(1000));
  // With iat, a difference between the two clocks does not matter.
  EXPECT_EQ(lifetime(body(jwt("{\"exp\":" + exp + ",\"iat\":" + iat + "}"))), seconds(1500));
  EXPECT_EQ(lifetime(body(jwt(R"({"iat":1000.5,"exp":1900.5,"aco":"x","id":"y"})"))), seconds(900));
  EXPECT_EQ(lifetime(body(jwt(R"({"iat":0,"exp":1e18})"))), hours(24 * 7));
}

TEST(ReadToken, ExpiresInGoesBeforeTheJwt) {
  EXPECT_EQ(lifetime(body(jwt(R"({"iat":0,"exp":900})"), R"(,"expires_in":"60")")), seconds(60));
  EXPECT_EQ(lifetime(body(jwt(R"({"iat":0,"exp":900})"), R"(,"expires_in":null)")), seconds(900));
}

TEST(ReadToken, AnOpaqueOrOddTokenLifecyclesAsLongAsAssumed) {
  std::string past = std::to_string(kNowSeconds - 10);
  for (const std::string& token :
       {std::string("opaque"), std::string("a.b.c"), std::string("..."), std::string("."), std::string("a.b"),
        jwt("{\"exp\":" + past + "}"), jwt(R"({"iat":5,"exp":5})"), jwt(R"({"exp":"9999999999"})"), jwt("{}"),
        jwt("[]"), jwt("nonsense"), jwt(""), jwt(std::string(100, '['))})
    EXPECT_EQ(lifetime(body(token)), kAssumed) << token;
}

TEST(ReadToken, RenewsAMinuteEarlyOrAtNineTenthsOfAShortLife) {
  Token lasting = read_token(answer(200, body("t", R"(,"expires_in":3600)")), kNow, kAssumed);
  EXPECT_EQ(lasting.expires_at, kNow.steady + hours(1));
  EXPECT_EQ(lasting.renew_at, kNow.steady + minutes(59));
  Token brief = read_token(answer(200, body("t", R"(,"expires_in":100)")), kNow, kAssumed);
  EXPECT_EQ(brief.expires_at, kNow.steady + seconds(100));
  EXPECT_EQ(brief.renew_at, kNow.steady + seconds(90));
}

TEST(ReadToken, RefusedCredentialsAreFinal) {
  for (int status : {400, 401, 403}) {
    Error error = error_of([&] { read_token(answer(status, "Unauthorized", "text/plain"), kNow, kAssumed); });
    EXPECT_EQ(error.status, Status::AUTHENTICATION);
    EXPECT_EQ(error.http_status, status);
    EXPECT_FALSE(error.retriable);
    EXPECT_TRUE(holds(error.message, "client_id"));
  }
}

TEST(ReadToken, AFaultOfTheServiceMayBeRetried) {
  for (int status : {429, 500, 502, 503, 504}) {
    http::Answer fault = answer(status, "try later", "text/plain");
    fault.headers.push_back({"Retry-After", "9"});
    Error error = error_of([&] { read_token(fault, kNow, kAssumed); });
    EXPECT_EQ(error.status, Status::REFUSED);
    EXPECT_EQ(error.http_status, status);
    EXPECT_TRUE(error.retriable);
    EXPECT_EQ(error.retry_after, seconds(9));
    EXPECT_EQ(error.outcome, "try later");
  }
}

TEST(ReadToken, AnyOtherAnswerIsFinal) {
  for (int status : {201, 204, 301, 302, 404, 405, 410}) {
    Error error = error_of([&] { read_token(answer(status, body("t")), kNow, kAssumed); });
    EXPECT_EQ(error.status, Status::REFUSED) << status;
    EXPECT_FALSE(error.retriable) << status;
  }
}

TEST(ReadToken, AnAnswerWithoutATokenBreaksTheProtocol) {
  for (const char* text :
       {"", "<html>log in</html>", "[]", "null", "\"t\"", "{}", R"({"access_token":""})", R"({"access_token":null})",
        R"({"access_token":5})", R"({"Access_Token":"t"})", R"({"access_token":“t”})"}) {
    Error error = error_of([&] { read_token(answer(200, text), kNow, kAssumed); });
    EXPECT_EQ(error.status, Status::PROTOCOL) << text;
  }
}

// SMART's reference server answers an assertion without exp like this.
TEST(ReadToken, APlainTextErrorWithStatus200IsSaidToBeThat) {
  http::Answer given;
  given.status = 200;
  given.body = R"(Error: "expiresIn" should be a number of seconds or string representing a timespan)";
  const Error error = error_of([&] { read_token(given, kNow, kAssumed, "signing_key"); });
  EXPECT_EQ(error.status, Status::AUTHENTICATION);
  EXPECT_FALSE(error.retriable);
  EXPECT_NE(error.message.find("plain text of an error"), std::string::npos) << error.message;
  EXPECT_NE(error.message.find("signing_key"), std::string::npos) << error.message;
  EXPECT_EQ(error.message.find("expiresIn"), std::string::npos);
  EXPECT_EQ(error.outcome, given.body);
}

TEST(ReadToken, KeepsTheScopeAndTheStatedLifetime) {
  http::Answer given;
  given.status = 200;
  given.body = R"({"access_token":"t","expires_in":"240","scope":"system/*.rs"})";
  EXPECT_EQ(read_token(given, kNow, kAssumed).scope, "system/*.rs");
  EXPECT_EQ(read_token(given, kNow, kAssumed).lifetime, Milliseconds(seconds(240)));
  given.body = R"({"access_token":"t","scope":["system/*.rs"]})";
  EXPECT_EQ(read_token(given, kNow, kAssumed).scope, "");
  EXPECT_EQ(read_token(given, kNow, kAssumed).lifetime, std::nullopt);
}

TEST(ReadToken, ATokenThatWouldBreakAHeaderIsRefusedAndNotEchoed) {
  for (const char* token : {"hunter2\\r\\nX: y", "hunter2\\n", "hunter2 x", " hunter2", "hunter2\\u0000", "hunter2\\t",
                            "hunter2\\u007f", "hunter2\\u00e9"}) {
    Error error = error_of([&] { read_token(answer(200, body(token)), kNow, kAssumed); });
    EXPECT_EQ(error.status, Status::PROTOCOL) << token;
    EXPECT_FALSE(holds(error.message, "hunter2"));
    EXPECT_FALSE(holds(error.outcome, "hunter2"));
  }
}

// An old token lives until `exp`, however long it was valid when it was issued.
TEST(HeldToken, LivesUntilItsOwnEnd) {
  const auto left = [](const std::string& claims) {
    const Token token = held_token(Secret(jwt(claims)), kNow, kAssumed);
    return std::chrono::duration_cast<Milliseconds>(token.expires_at - kNow.steady);
  };
  const std::string soon = std::to_string(kNowSeconds + 100), past = std::to_string(kNowSeconds - 1);
  EXPECT_EQ(left("{\"iat\":" + std::to_string(kNowSeconds - 5000) + ",\"exp\":" + soon + "}"), seconds(100));
  EXPECT_EQ(left("{\"exp\":" + soon + "}"), seconds(100));
  EXPECT_EQ(left("{}"), kAssumed);
  const Error error = error_of([&] { left("{\"iat\":1,\"exp\":" + past + "}"); });
  EXPECT_EQ(error.status, Status::AUTHENTICATION);
  EXPECT_TRUE(holds(error.message, "has expired")) << error.message;
}

// A code of OAuth has letters and '_' only. Another text may be anything, so it is not shown in the message.
TEST(ReadToken, OnlyACodeOfOauthIsInTheMessage) {
  const auto refused = [](const char* text) {
    return error_of([&] { read_token(answer(400, text), kNow, kAssumed); });
  };
  EXPECT_TRUE(holds(refused(R"({"error":"invalid_client","error_description":"Jane"})").message, "invalid_client"));
  EXPECT_EQ(refused(R"({"error":"invalid_client","error_description":"Jane"})").outcome, "invalid_client: Jane");
  EXPECT_TRUE(holds(refused(R"({"error":"invalid_scope"})").message, "check the setting scope"));
  for (const char* text : {R"({"error":"Jane Doe"})", R"({"error_description":"Jane"})", R"({"error":"x: Jane"})",
                           R"({"error":"eyJane.x.y"})"}) {
    EXPECT_FALSE(holds(refused(text).message, "Jane")) << text;
    EXPECT_TRUE(holds(refused(text).outcome, "Jane")) << text;
  }
}

// ---- Renewals

Token token_of(const char* value, Steady renew_at, Steady expires_at) { return {Secret(value), renew_at, expires_at}; }

class TokenLifecycles : public testing::Test {
 protected:
  using Advice = TokenLifecycle::Advice;
  using Phase = TokenLifecycle::Phase;

  void hold(const char* value = "one") {
    EXPECT_EQ(lifecycle_.ask(begin_), Advice::fetch);
    lifecycle_.received(token_of(value, begin_ + seconds(9), begin_ + seconds(10)));
  }

  const Steady begin_{};
  TokenLifecycle lifecycle_;
};

TEST_F(TokenLifecycles, OneCallerFetchesAndTheOthersWait) {
  EXPECT_EQ(lifecycle_.phase(), Phase::absent);
  EXPECT_EQ(lifecycle_.ask(begin_), Advice::fetch);
  EXPECT_EQ(lifecycle_.phase(), Phase::fetching);
  EXPECT_EQ(lifecycle_.ask(begin_), Advice::wait);
  lifecycle_.received(token_of("one", begin_ + seconds(9), begin_ + seconds(10)));
  EXPECT_EQ(lifecycle_.ask(begin_), Advice::use);
  EXPECT_EQ(lifecycle_.value(begin_)->reveal(), "one");
}

TEST_F(TokenLifecycles, IsRenewedAheadOfTimeWhileItIsUsed) {
  hold();
  EXPECT_EQ(lifecycle_.ask(begin_ + seconds(8)), Advice::use);
  EXPECT_EQ(lifecycle_.ask(begin_ + seconds(9)), Advice::fetch);
  EXPECT_EQ(lifecycle_.phase(), Phase::renewing);
  EXPECT_EQ(lifecycle_.ask(begin_ + seconds(9)), Advice::use);
  EXPECT_EQ(lifecycle_.ask(begin_ + seconds(10)), Advice::wait);
  lifecycle_.received(token_of("two", begin_ + seconds(19), begin_ + seconds(20)));
  EXPECT_EQ(lifecycle_.value(begin_ + seconds(10))->reveal(), "two");
}

TEST_F(TokenLifecycles, AFailedRenewalLeavesTheTokenAsLongAsItIsGood) {
  hold();
  EXPECT_EQ(lifecycle_.ask(begin_ + seconds(9)), Advice::fetch);
  lifecycle_.failed(begin_ + seconds(9));
  EXPECT_EQ(lifecycle_.phase(), Phase::held);
  EXPECT_TRUE(lifecycle_.value(begin_ + seconds(9)));
  EXPECT_FALSE(lifecycle_.value(begin_ + seconds(10)));
  EXPECT_EQ(lifecycle_.ask(begin_ + seconds(9)), Advice::use);  // not asked for again at once
  EXPECT_EQ(lifecycle_.ask(begin_ + seconds(10)), Advice::fetch);
}

TEST_F(TokenLifecycles, AFailedRenewalIsTriedAgainAfterAPause) {
  EXPECT_EQ(lifecycle_.ask(begin_), Advice::fetch);
  lifecycle_.received(token_of("one", begin_ + seconds(60), begin_ + seconds(120)));
  EXPECT_EQ(lifecycle_.ask(begin_ + seconds(60)), Advice::fetch);
  lifecycle_.failed(begin_ + seconds(61));
  EXPECT_EQ(lifecycle_.ask(begin_ + seconds(70)), Advice::use);
  EXPECT_EQ(lifecycle_.ask(begin_ + seconds(71)), Advice::fetch);
}

TEST_F(TokenLifecycles, ARefusedTokenIsNotUsedAgain) {
  hold();
  lifecycle_.reject("another");
  EXPECT_EQ(lifecycle_.ask(begin_), Advice::use);
  lifecycle_.reject("one");
  EXPECT_EQ(lifecycle_.phase(), Phase::absent);
  EXPECT_FALSE(lifecycle_.value(begin_));
  EXPECT_EQ(lifecycle_.ask(begin_), Advice::fetch);
  lifecycle_.failed(begin_);
  EXPECT_EQ(lifecycle_.phase(), Phase::absent);
}

TEST_F(TokenLifecycles, ATokenRefusedDuringItsRenewalIsWaitedFor) {
  hold();
  EXPECT_EQ(lifecycle_.ask(begin_ + seconds(9)), Advice::fetch);
  lifecycle_.reject("one");
  EXPECT_EQ(lifecycle_.phase(), Phase::fetching);
  EXPECT_EQ(lifecycle_.ask(begin_ + seconds(9)), Advice::wait);
}

}  // namespace
}  // namespace libbcda::auth
