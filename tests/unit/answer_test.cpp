#include "bulk/answer.hpp"

#include <gtest/gtest.h>

#include "support/errors.hpp"

namespace libbcda::bulk {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::holds;

const Instant kNow = Instant(seconds(1568990853));

http::Answer answer(int status, std::string body, std::string type = "application/json") {
  http::Answer made;
  made.status = status;
  made.headers = {{"Content-Type", std::move(type)}};
  made.body = std::move(body);
  return made;
}

std::string outcome(const std::string& issues) {
  return R"({"resourceType":"OperationOutcome","issue":)" + issues + "}";
}

bool valid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    auto lead = static_cast<unsigned char>(text[i]);
    std::size_t more = lead < 0x80 ? 0 : lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 9;
    if (i + more >= text.size()) return false;
    for (std::size_t j = 1; j <= more; ++j)
      if ((static_cast<unsigned char>(text[i + j]) & 0xC0) != 0x80) return false;
    i += more + 1;
  }
  return true;
}

TEST(OutcomeText, TakesDiagnosticsThenDetailsThenCode) {
  struct {
    const char *issues, *text;
  } const cases[] = {
      {R"([{"code":"Exception","details":{"text":"d"},"diagnostics":"why"}])", "why"},
      {R"([{"code":"Exception","details":{"text":"Invalid Token"}}])", "Invalid Token"},
      {R"([{"code":"Exception","details":{}}])", "Exception"},
      {R"([{"code":"Exception","details":"odd","diagnostics":7}])", "Exception"},
      {R"([{"code":"a","diagnostics":""},{"diagnostics":"b"}])", "a; b"},
      {R"([7,null,{"diagnostics":"b"}])", "b"},
      {R"([])", ""},
      {R"([{}])", ""},
      {R"(null)", ""},
      {R"({"diagnostics":"b"})", ""},
      {R"([{"diagnostics":"two\nlines\tand\u0000more"}])", "two lines and more"},
      {R"([{"diagnostics":"end \u007f\n"}])", "end"},
  };
  for (const auto& c : cases) EXPECT_EQ(outcome_text(answer(400, outcome(c.issues))), c.text) << c.issues;
}

TEST(OutcomeText, LeavesAnIssueWithoutTextOut) {
  EXPECT_EQ(outcome_text(answer(400, outcome(R"([{"diagnostics":"a"},{},{"diagnostics":"b"}])"))), "a; b");
  EXPECT_EQ(outcome_text(answer(400, outcome(R"([{"diagnostics":"a"},{}])"))), "a");
}

TEST(OutcomeText, ToleratesAnOutcomeWithoutIssueAndASecondValueBehindIt) {
  EXPECT_EQ(outcome_text(answer(500, R"({"resourceType":"OperationOutcome"})")), "");
  EXPECT_EQ(outcome_text(answer(500, outcome(R"([{"diagnostics":"a"}])") + outcome(R"([{"diagnostics":"b"}])"))), "a");
}

TEST(OutcomeText, TakesThePlainTextOfATextBodyOnly) {
  EXPECT_EQ(outcome_text(answer(401, "Unauthorized\n", "text/plain; charset=utf-8")), "Unauthorized");
  EXPECT_EQ(outcome_text(answer(500, "<html>", "text/html")), "");
  EXPECT_EQ(outcome_text(answer(500, R"({"resourceType":"Patient"})")), "");
  EXPECT_EQ(outcome_text(answer(500, "Unauthorized", "application/json")), "");
  EXPECT_EQ(outcome_text(answer(500, "", "text/plain")), "");
}

TEST(OutcomeText, ReadsTheMediaTypeInAnyCase) {
  EXPECT_EQ(outcome_text(answer(401, "Unauthorized", "Text/Plain")), "Unauthorized");
}

TEST(OutcomeText, IsBounded) {
  EXPECT_EQ(outcome_text(answer(500, std::string(100000, 'x'), "text/plain")), std::string(500, 'x'));
  EXPECT_EQ(outcome_text(answer(500, std::string(500, 'x'), "text/plain")), std::string(500, 'x'));
}

TEST(OutcomeText, IsNotCutInsideACharacter) {
  for (const char* character : {"\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"}) {
    for (int before = 490; before <= 500; ++before) {
      std::string body(before, 'x');
      for (int i = 0; i < 20; ++i) body += character;
      std::string text = outcome_text(answer(500, body, "text/plain"));
      EXPECT_TRUE(valid_utf8(text)) << before << " " << character;
      EXPECT_LE(text.size(), 500u);
      EXPECT_GT(text.size(), 495u);
    }
  }
}

TEST(IsOperationOutcome, WantsTheResourceType) {
  EXPECT_TRUE(is_operation_outcome(answer(500, R"({"resourceType":"OperationOutcome"})", "text/plain")));
  for (const char* body : {"", "[]", "{}", "\"OperationOutcome\"", R"({"resourceType":"Patient"})", "OperationOutcome",
                           R"({"resourceType":["OperationOutcome"]})"})
    EXPECT_FALSE(is_operation_outcome(answer(500, body))) << body;
}

TEST(Transient, IsWhatMaySucceedLater) {
  for (int status : {408, 425, 429, 500, 502, 503, 504}) EXPECT_TRUE(transient(status)) << status;
  for (int status : {0, 200, 202, 301, 400, 401, 403, 404, 406, 410, 413, 422, 501, 505})
    EXPECT_FALSE(transient(status)) << status;
}

TEST(Refusal, SaysWhatWasAnsweredAndWhetherToTryAgain) {
  http::Answer busy = answer(503, outcome(R"([{"diagnostics":"busy"}])"));
  busy.headers.push_back({"Retry-After", "7"});
  Error error = refusal(busy, "the thing", kNow);
  EXPECT_EQ(error.status, Status::REFUSED);
  EXPECT_TRUE(holds(error.message, "the thing was answered with HTTP 503"));
  EXPECT_FALSE(holds(error.message, "busy"));
  EXPECT_EQ(error.outcome, "busy");
  EXPECT_EQ(error.http_status, 503);
  EXPECT_TRUE(error.retriable);
  EXPECT_EQ(error.retry_after, seconds(7));
}

TEST(Refusal, OfARedirectNamesTheSetting) {
  Error error = refusal(answer(301, ""), "the thing", kNow);
  EXPECT_TRUE(holds(error.message, "redirect"));
  EXPECT_TRUE(holds(error.message, "url"));
  EXPECT_FALSE(error.retriable);
  EXPECT_FALSE(error.retry_after);
}

TEST(Percent, IsTheNumberBeforeThePercentSign) {
  struct {
    const char* text;
    std::optional<double> percent;
  } const cases[] = {{"In Progress (80%)", 80},
                     {"In Progress (0%)", 0},
                     {"80% complete", 80},
                     {"RUNNING: 12.34%", 12.34},
                     {"100%", 100},
                     {"250%", 100},
                     {"7%", 7},
                     {"In Progress, 80%", 80},
                     {"% done (80%), then 90%", 80},
                     {".%, 5.5%", 5.5},
                     {"In Progress", {}},
                     {"Pending", {}},
                     {"in-progress", {}},
                     {"", {}},
                     {"%", {}},
                     {"many %", {}},
                     {"80", {}},
                     {"2 of 5", {}}};
  for (const auto& c : cases) EXPECT_EQ(percent(c.text), c.percent) << c.text;
}

TEST(FaultOf, TellsWhatTheCodesSay) {
  struct {
    const char* issues;
    Fault fault;
  } const cases[] = {
      {R"([{"code":"transient"}])", Fault::passing},
      {R"([{"code":"Throttled"}])", Fault::passing},
      {R"([{"code":"exception"}])", Fault::exception},
      {R"([{"code":"Exception"}])", Fault::exception},
      {R"([{"code":"processing"}])", Fault::lasting},
      {R"([{"code":"transients"}])", Fault::lasting},
      {R"([{"code":"processing"},{"code":"timeout"}])", Fault::passing},
      {R"([{"code":"processing"},{"code":"exception"}])", Fault::exception},
      {R"([{"diagnostics":"x"},{"code":""},{"code":7},8])", Fault::unknown},
      {R"([])", Fault::unknown},
      {R"(null)", Fault::unknown},
  };
  for (const auto& c : cases) EXPECT_EQ(fault_of(answer(500, outcome(c.issues))), c.fault) << c.issues;
  EXPECT_EQ(fault_of(answer(500, "oops")), Fault::unknown);
  EXPECT_EQ(fault_of(answer(500, R"({"issue":[{"code":"transient"}]})")), Fault::unknown);
}

TEST(MayPass, GoesByStatusAndCodes) {
  for (int status : {408, 425, 429, 500, 502, 503, 504}) {
    EXPECT_TRUE(may_pass(answer(status, "")));
    EXPECT_TRUE(may_pass(answer(status, outcome(R"([{"code":"exception"}])"))));
    EXPECT_EQ(may_pass(answer(status, outcome(R"([{"code":"invalid"}])"))), status == 429 || status == 503) << status;
  }
  for (int status : {400, 403, 404, 410, 413, 501}) {
    EXPECT_FALSE(may_pass(answer(status, "")));
    EXPECT_FALSE(may_pass(answer(status, outcome(R"([{"code":"exception"}])"))));
    EXPECT_TRUE(may_pass(answer(status, outcome(R"([{"code":"lock-error"}])"))));
  }
}

TEST(ExportStatus, IsTheStartOfTheHeader) {
  struct {
    int status;
    const char* text;
    int expected;
  } const cases[] = {{200, "202 Accepted", 202}, {200, " 500", 500},   {200, "404 Not Found", 404}, {200, "", 200},
                     {200, "2020", 200},         {200, "20", 200},     {200, "-02 x", 200},         {200, "abc", 200},
                     {200, "099 x", 200},        {202, "500 No", 202}, {503, "200 OK", 503}};
  for (const auto& c : cases) {
    http::Answer made = answer(c.status, "");
    if (*c.text) made.headers.emplace_back("x-export-status", c.text);
    EXPECT_EQ(export_status(made), c.expected) << c.text;
  }
}

TEST(ExpiresIn, IsComparedWithTheServersDate) {
  http::Answer made = answer(200, "");
  EXPECT_EQ(expires_in(made, kNow), std::nullopt);
  made.headers.emplace_back("Expires", "2019-09-21 14:47:33.5 +0000 UTC m=+1.5");
  EXPECT_EQ(expires_in(made, kNow), std::chrono::hours(24) + milliseconds(500));
  EXPECT_EQ(expires_in(made, kNow + std::chrono::hours(25)), milliseconds(500) - std::chrono::hours(1));
  made.headers.emplace_back("Date", "Fri, 20 Sep 2019 15:47:33 GMT");
  EXPECT_EQ(expires_in(made, kNow), std::chrono::hours(23) + milliseconds(500));
}

}  // namespace
}  // namespace libbcda::bulk
