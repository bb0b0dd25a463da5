// Web pages that arrive instead of the service's own answers.
#include <gtest/gtest.h>

#include "auth/token.hpp"
#include "bulk/answer.hpp"
#include "support/errors.hpp"

namespace libbcda::bulk {
namespace {

using test::error_of;
using test::holds;

const Moment kNow{Steady{}, Instant(std::chrono::seconds(1568990853))};
const std::string kSignIn = "<!DOCTYPE html>\n<html><head><TITLE>Sign in\n to the\x1B network</title></head></html>";

http::Answer answer(int status, std::string body, std::string type = "text/html; charset=utf-8") {
  http::Answer made;
  made.status = status;
  made.headers = {{"Content-Type", std::move(type)}};
  made.body = std::move(body);
  return made;
}

TEST(IsPage, DependsOnTheFirstBytesDespiteContentType) {
  for (const char* body :
       {"<!doctype html>", "<!DOCTYPE HTML PUBLIC>", "<html>", " \r\n<HTML lang=en>", "\xEF\xBB\xBF<html>",
        "<!-- a --><!-- b -->\n<html>", "<?xml version='1.0'?><html>", "<head>", "<body>", "<title>x",
        "<script>location='x'</script>", "<meta http-equiv=refresh>"})
    for (const char* type : {"application/json", "text/plain", "", "text/html"})
      EXPECT_TRUE(is_page(answer(200, body, type))) << body << type;
}

TEST(IsPage, DependsOnContentTypeUnlessTheBodyIsJson) {
  for (const char* type : {"text/html", "Text/HTML; charset=x", "application/xhtml+xml"}) {
    for (const char* body : {"", "Access denied", "<p>no</p>"}) EXPECT_TRUE(is_page(answer(403, body, type))) << body;
    for (const char* body : {"{}", " [1]", "\xEF\xBB\xBF{\"a\":1}"}) EXPECT_FALSE(is_page(answer(200, body, type)));
  }
}

TEST(IsPage, IsNoOtherAnswer) {
  for (const char* body :
       {"", "Unauthorized", "{}", "<Error><Code>NoSuchKey</Code></Error>", "<!--", "<?", "<", "<!doctype x>"})
    for (const char* type : {"application/json", "text/plain", "application/xml", ""})
      EXPECT_FALSE(is_page(answer(404, body, type))) << body << type;
}

TEST(PageText, GivesTheTitleTidied) {
  EXPECT_TRUE(holds(page_text(answer(200, kSignIn)), "a web page titled \"Sign in  to the  network\";"));
  EXPECT_TRUE(holds(page_text(answer(200, "<title lang=x>a</title>")), "titled \"a\";"));
  for (const char* body :
       {"<html>", "<title></title>", "<title>", "<title", "<titles>a</titles>", "<title> \n </title>", ""})
    EXPECT_TRUE(holds(page_text(answer(200, body)), "a web page;")) << body;
  const std::string text = page_text(answer(200, "<title>" + std::string(3000000, 'x')));
  EXPECT_LT(text.size(), 600u);
}

TEST(PageText, NamesWhoMaySendItAndTheRemedy) {
  for (const char* part : {"proxy", "sign-in page", "firewall", "the setting url", "address"})
    EXPECT_TRUE(holds(page_text(answer(200, kSignIn)), part));
}

TEST(Refusal, OfAPageSaysSo) {
  for (int status : {200, 400, 403, 404, 502, 511}) {
    Error error = refusal(answer(status, kSignIn), "the kick-off", kNow.wall);
    EXPECT_TRUE(
        holds(error.message, "the kick-off was answered with HTTP " + std::to_string(status) + " and a web page"));
    EXPECT_EQ(error.outcome, "");
  }
  EXPECT_EQ(refusal(answer(403, kSignIn, "text/plain"), "it", kNow.wall).outcome, "");
}

Error of_token(const http::Answer& answered) {
  return error_of([&] { auth::read_token(answered, kNow, Milliseconds(1)); });
}

TEST(ReadToken, APageInsteadOfATokenIsReported) {
  for (const char* type : {"text/html", "application/json", "text/plain"}) {
    Error error = of_token(answer(200, kSignIn, type));
    EXPECT_EQ(error.status, Status::PROTOCOL);
    EXPECT_TRUE(holds(error.message, "the token request was answered with a web page titled \"Sign in"));
    EXPECT_TRUE(error.retriable);
  }
}

TEST(ReadToken, APageDoesNotRefuseTheCredentials) {
  for (int status : {400, 403, 404, 503}) {
    Error error = of_token(answer(status, kSignIn));
    EXPECT_EQ(error.status, Status::REFUSED) << status;
    EXPECT_TRUE(holds(error.message, "a web page")) << status;
    EXPECT_FALSE(holds(error.message, "client_secret")) << status;
  }
  Error error = of_token(answer(401, kSignIn));  // the credentials may be wrong too
  EXPECT_EQ(error.status, Status::AUTHENTICATION);
  EXPECT_TRUE(holds(error.message, "client_secret"));
  EXPECT_TRUE(holds(error.message, "a web page"));
}

TEST(ReadToken, ATokenWithTheContentTypeOfAPageIsAccepted) {
  EXPECT_EQ(auth::read_token(answer(200, R"({"access_token":"t"})"), kNow, Milliseconds(1)).value.reveal(), "t");
}

TEST(ReadToken, ATokenThatDoesNotFitAHeaderIsReported) {
  Error large = of_token(answer(200, R"({"access_token":")" + std::string(200000, 'x') + "\"}", "application/json"));
  EXPECT_EQ(large.status, Status::PROTOCOL);
  EXPECT_TRUE(holds(large.message, "the access_token"));
  EXPECT_TRUE(holds(large.message, "200000 bytes"));
  EXPECT_LT(large.message.size(), 300u);
  Error odd = of_token(answer(200, R"({"access_token":"hunter2\r\nX: y"})", "application/json"));
  EXPECT_EQ(odd.status, Status::PROTOCOL);
  EXPECT_TRUE(holds(odd.message, "the access_token"));
  EXPECT_FALSE(holds(odd.message, "hunter2"));
}

TEST(ReadToken, AnAnswerThatIsNotJsonIsReported) {
  EXPECT_TRUE(holds(of_token(answer(200, "nope", "application/json")).message, "is not JSON"));
  EXPECT_TRUE(holds(of_token(answer(200, std::string(600, '['), "application/json")).message, "nested deeper"));
  EXPECT_TRUE(holds(of_token(answer(200, "{}", "application/json")).message, "JSON without an access_token"));
}

TEST(ReadToken, AnAnswerThatMayHoldATokenIsNotQuoted) {
  Error error = of_token(answer(201, R"({"access_token":"hunter2"})", "text/plain"));
  EXPECT_EQ(error.outcome, "");
  EXPECT_FALSE(holds(error.message, "hunter2"));
}

TEST(OutcomeText, IsCleanUtf8) {
  EXPECT_EQ(outcome_text(answer(400, "caf\xC3\xA9 \xE2\x80\xAE \xFF", "text/plain")), "caf\xC3\xA9 ? ?");
  EXPECT_EQ(
      outcome_text(answer(400, R"({"resourceType":"OperationOutcome","issue":[{"diagnostics":"a\u202eb\u0085c"}]})",
                          "application/json")),
      "a?b c");
}

}  // namespace
}  // namespace libbcda::bulk
