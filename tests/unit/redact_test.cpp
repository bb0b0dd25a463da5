#include "http/redact.hpp"

#include <gtest/gtest.h>

namespace libbcda::http {
namespace {

const std::string kToken = "eyJhbGci.abc+/=.sig";
const std::string kBasic = "Basic YWJjOmh1bnRlcjItaHVudGVyMg==";  // abc:hunter2-hunter2

Request with(Headers headers) {
  Request request;
  request.headers = std::move(headers);
  return request;
}

std::string cleaned(std::string text, const std::string& authorization = "Bearer " + kToken) {
  Redactor(with({{"Accept", "application/json"}, {"Authorization", authorization}})).clean(text);
  return text;
}

TEST(Redactor, RemovesATokenWhereverItOccurs) {
  for (const std::string& text :
       {kToken, "bad token " + kToken, kToken + " is bad", "a " + kToken + " b " + kToken + " c", "Bearer " + kToken,
        "bearer " + kToken, kToken + kToken, "eyJhbGci" + kToken})
    EXPECT_EQ(cleaned(text).find("abc+"), std::string::npos) << text;
  EXPECT_EQ(cleaned("say " + kToken + "!"), "say [credentials removed]!");
}

TEST(Redactor, RemovesSecretsOfTheUrlButNotFromLocation) {
  Request request;
  request.url_secrets.emplace_back("k1I4cQkjJ46i/60tt641");
  const Redactor redactor(request);
  std::string text = "<SignatureProvided>k1I4cQkjJ46i/60tt641</SignatureProvided>, k1I4cQkjJ46i%2F60tt641";
  redactor.clean(text);
  EXPECT_EQ(text, "<SignatureProvided>[credentials removed]</SignatureProvided>, [credentials removed]");
  const std::string target = "/f?s=k1I4cQkjJ46i%2F60tt641";
  Headers headers{{"location", target}, {"Link", target}};
  redactor.clean(headers);
  EXPECT_EQ(headers, (Headers{{"location", target}, {"Link", "/f?s=[credentials removed]"}}));
}

TEST(Redactor, FindsItBehindEscapes) {
  for (const char* text : {R"({"diagnostics":"eyJhbGci.abc+\/=.sig"})", R"("eyJhbGci.abc\u002b\u002F\u003d.sig")",
                           "t=eyJhbGci.abc%2B%2f%3D.sig", R"("\u0065yJhbGci.abc+/=.sig")",
                           "%65%79%4A%68%62%47%63%69%2E%61%62%63%2B%2F%3D%2E%73%69%67"})
    EXPECT_EQ(cleaned(text).find("sig"), std::string::npos) << text;
  EXPECT_EQ(cleaned("%\\%4\\u00\\"), "%\\%4\\u00\\");
}

TEST(Redactor, RemovesDecodedBasicCredentials) {
  for (const char* text :
       {"YWJjOmh1bnRlcjItaHVudGVyMg==", "abc:hunter2-hunter2", "the secret hunter2-hunter2 is wrong"})
    EXPECT_EQ(cleaned(text, kBasic).find(text[0] == 'Y' ? "YWJj" : "hunter2"), std::string::npos) << text;
  // A secret with the characters that start escapes.
  EXPECT_EQ(cleaned("a%41b\\u0041c", "Basic eDphJTQxYlx1MDA0MWM="), "[credentials removed]");
}

TEST(Redactor, RemovesTheStartOfASecretAtTheEnd) {
  EXPECT_EQ(cleaned("cut: " + kToken.substr(0, kToken.size() - 1)), "cut: [credentials removed]");
  EXPECT_EQ(cleaned("cut: " + kToken.substr(0, 8)), "cut: [credentials removed]");
  EXPECT_EQ(cleaned("cut: " + kToken.substr(0, 7)), "cut: " + kToken.substr(0, 7));
  for (const char* end : {"\\", "\\u", "\\u0", "\\u00", "\\u002", "%", "%2"})  // the text ends inside an escape
    EXPECT_EQ(cleaned("cut: eyJhbGci.abc" + std::string(end)), "cut: [credentials removed]") << end;
}

TEST(Redactor, KeepsAllOtherText) {
  for (const char* text : {"", "x", "In Progress (5%)", "eyJhbGci.abc.sig", "abc"}) {
    EXPECT_EQ(cleaned(text), text);
    EXPECT_EQ(cleaned(text, kBasic), text);
  }
  EXPECT_EQ(cleaned("a short token: t", "Bearer t"), "a short token: t");
  EXPECT_EQ(cleaned("a short token: Bearer t", "Bearer t"), "a short token: [credentials removed]");
  std::string text = kToken;
  Redactor(with({{"Accept", kToken}})).clean(text);
  EXPECT_EQ(text, kToken);
}

TEST(Redactor, CleansHeaders) {
  Headers headers = {{"X-Progress", kToken}, {"Date", "today"}};
  Redactor(with({{"Authorization", "Bearer " + kToken}})).clean(headers);
  EXPECT_EQ(headers, (Headers{{"X-Progress", "[credentials removed]"}, {"Date", "today"}}));
}

TEST(Redactor, RemovesTheSecretsOfTheBody) {
  Request request;
  request.body = "client_assertion=" + kToken;
  request.secrets = {Secret(kToken), Secret("short")};
  std::string text = R"({"error_description":"bad: eyJhbGci.abc%2B\/=.sig", "short": 1})";
  Redactor(request).clean(text);
  EXPECT_EQ(text, R"({"error_description":"bad: [credentials removed]", "short": 1})");
}

TEST(TextRedactor, FindsCredentialsAcrossPieces) {
  const Redactor redactor(with({{"Authorization", "Bearer " + kToken}}));
  const std::string text = "{\"a\":\"" + kToken + "\",\"b\":\"eyJhbGci.abc\\u002b\\/=.sig\",\"c\":\"" +
                           std::string(500, 'x') + "%65yJhbGci.abc+/=.sig\"}" + kToken.substr(0, 12);
  for (std::size_t size = 1; size < text.size(); ++size) {
    TextRedactor pieces(redactor);
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += size) out += pieces.feed(std::string_view(text).substr(at, size));
    out += pieces.finish();
    EXPECT_EQ(out, cleaned(text)) << size;
  }
}

TEST(TextRedactor, HoldsBackLittle) {
  const Redactor redactor(with({{"Authorization", "Bearer " + kToken}}));
  TextRedactor pieces(redactor);
  EXPECT_GT(pieces.feed(std::string(1000, 'x')).size(), 800u);
}

// With quadratic time this test would run for minutes. A hostile server could cause that, because it chooses both the
// token and the answer.
TEST(Redactor, RunsInLinearTime) {
  const std::string token = std::string(30000, 'a') + "b", text(4 << 20, 'a');
  EXPECT_LT(cleaned(text, "Bearer " + token).size(), text.size());
}

}  // namespace
}  // namespace libbcda::http
