#include "base/time.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace libbcda {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

// 2019-09-20T14:47:33Z
constexpr std::int64_t kWhole = 1568990853;
Instant at(std::int64_t ms) { return Instant(milliseconds(ms)); }
const Instant kNow = at(kWhole * 1000);

struct TimeCase {
  const char* text;
  std::int64_t ms;
};

TEST(ParseTime, Rfc3339WithAnyFractionAndOffset) {
  constexpr TimeCase cases[] = {
      {"2019-09-20T14:47:33Z", kWhole * 1000},
      {"2019-09-20T14:47:33.9Z", kWhole * 1000 + 900},
      {"2019-09-20T14:47:33.97Z", kWhole * 1000 + 970},
      {"2019-09-20T14:47:33.975Z", kWhole * 1000 + 975},
      {"2019-09-20T14:47:33.9750Z", kWhole * 1000 + 975},
      {"2019-09-20T14:47:33.97502Z", kWhole * 1000 + 975},
      {"2019-09-20T14:47:33.975024Z", kWhole * 1000 + 975},
      {"2019-09-20T14:47:33.000999Z", kWhole * 1000},
      {"2019-09-20t14:47:33z", kWhole * 1000},
      {"2019-09-20T14:47:33+00:00", kWhole * 1000},
      {"2019-09-20T16:47:33+02:00", kWhole * 1000},
      {"2019-09-20T10:47:33-04:00", kWhole * 1000},
      {"2019-09-20T20:17:33.5+05:30", kWhole * 1000 + 500},
      {"2019-09-21T00:47:33+1000", kWhole * 1000},
      {"2019-09-20T04:47:33-10", kWhole * 1000},
      {" 2019-09-20T14:47:33Z\t", kWhole * 1000},
      {"1970-01-01T00:00:00Z", 0},
      {"2000-02-29T00:00:00Z", 951782400000},
      {"2038-01-19T03:14:08Z", 2147483648000},
  };
  for (const auto& c : cases) EXPECT_EQ(parse_time(c.text), at(c.ms)) << c.text;
}

TEST(ParseTime, GosOwnTextWithAndWithoutItsMonotonicTail) {
  constexpr TimeCase cases[] = {
      {"2019-09-20 14:47:33.975024 +0000 UTC", kWhole * 1000 + 975},
      {"2019-09-20 14:47:33 +0000 UTC", kWhole * 1000},
      {"2019-09-20 14:47:33.975024 +0000 UTC m=+86471.103412536", kWhole * 1000 + 975},
      {"2019-09-20 10:47:33.5 -0400 EDT m=+0.000000001", kWhole * 1000 + 500},
  };
  for (const auto& c : cases) EXPECT_EQ(parse_time(c.text), at(c.ms)) << c.text;
}

// RFC 9110 section 5.6.7: a recipient must accept all three forms of a date.
TEST(ParseTime, HttpDateAsItIsWrittenToday) {
  EXPECT_EQ(parse_time("Fri, 20 Sep 2019 14:47:33 GMT"), kNow);
  EXPECT_EQ(parse_time("Sun, 06 Nov 1994 08:49:37 GMT"), at(784111777000));
}
TEST(ParseTime, HttpDateOfRfc850) { EXPECT_EQ(parse_time("Sunday, 06-Nov-94 08:49:37 GMT"), at(784111777000)); }
TEST(ParseTime, HttpDateOfAsctime) { EXPECT_EQ(parse_time("Sun Nov  6 08:49:37 1994"), at(784111777000)); }

TEST(ParseTime, KnowsEveryMonthOfAnHttpDate) {
  const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  for (int i = 0; i < 12; ++i) {
    char iso[32];
    std::snprintf(iso, sizeof iso, "2021-%02d-09T01:02:03Z", i + 1);
    auto parsed = parse_time(std::string("Xxx, 09 ") + months[i] + " 2021 01:02:03 GMT");
    ASSERT_TRUE(parsed) << months[i];
    EXPECT_EQ(parsed, parse_time(iso)) << months[i];
  }
}

TEST(ParseTime, RefusesWhatIsNoTime) {
  for (const char* text : {"",
                           " ",
                           "0",
                           "-1",
                           "soon",
                           "2019",
                           "2019-09-20",
                           "2019-09-20T14:47:33",
                           "2019-09-20T14:47Z",
                           "2019-13-20T14:47:33Z",
                           "2019-02-29T14:47:33Z",
                           "2019-09-31T14:47:33Z",
                           "2019-00-10T14:47:33Z",
                           "2019-09-20T24:00:00Z",
                           "2019-09-20T14:60:33Z",
                           "2019-09-20T14:47:61Z",
                           "20199-09-20T14:47:33Z",
                           "2019-9-20T14:47:33Z",
                           "2019-09-20T14:47:33+0Z",
                           "-019-09-20T14:47:33Z",
                           "1969-12-31T23:59:59Z",
                           "2019-+9-20T14:47:33Z",
                           "Fri, 20 Foo 2019 14:47:33 GMT",
                           "Fri, 20 anF 2019 14:47:33 GMT",
                           "Fri, 31 Feb 2019 14:47:33 GMT",
                           "Fri, 20 Sep 2019",
                           "Fri, 20 Sep",
                           ", "})
    EXPECT_EQ(parse_time(text), std::nullopt) << text;
}

// Such dates mean "never". The clock ends in 2262.
TEST(ParseTime, AYearBeyondTheClockDoesNotWrapAround) {
  for (const char* text : {"9999-12-31T23:59:59Z", "2300-01-01T00:00:00Z", "Fri, 31 Dec 9999 23:59:59 GMT"}) {
    auto parsed = parse_time(text);
    EXPECT_TRUE(!parsed || *parsed > kNow) << text;
    EXPECT_NE(parse_retry_after(text, kNow), milliseconds(0)) << text;
  }
}

TEST(ToRfc3339, WritesMillisecondsInUtc) {
  EXPECT_EQ(to_rfc3339(at(kWhole * 1000 + 75)), "2019-09-20T14:47:33.075Z");
  EXPECT_EQ(to_rfc3339(at(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339(kNow + std::chrono::microseconds(999)), "2019-09-20T14:47:33.000Z");
}

TEST(ToRfc3339, IsReadBackAsTheSameInstant) {
  for (std::int64_t ms : {std::int64_t{0}, std::int64_t{1}, kWhole * 1000 + 999, std::int64_t{4102444799999}})
    EXPECT_EQ(parse_time(to_rfc3339(at(ms))), at(ms)) << ms;
}

TEST(RetryAfter, Seconds) {
  EXPECT_EQ(parse_retry_after("0", kNow), milliseconds(0));
  EXPECT_EQ(parse_retry_after("1", kNow), seconds(1));
  EXPECT_EQ(parse_retry_after(" 120 ", kNow), seconds(120));
  EXPECT_EQ(parse_retry_after("604800", kNow), hours(7 * 24));
}

TEST(RetryAfter, ADate) {
  EXPECT_EQ(parse_retry_after("Fri, 20 Sep 2019 14:48:03 GMT", kNow), seconds(30));
  EXPECT_EQ(parse_retry_after("2019-09-20T14:47:43Z", kNow), seconds(10));
}

TEST(RetryAfter, IsNeverNegative) {
  EXPECT_EQ(parse_retry_after("-5", kNow), milliseconds(0));
  EXPECT_EQ(parse_retry_after("Fri, 20 Sep 2019 14:47:03 GMT", kNow), milliseconds(0));
  EXPECT_EQ(parse_retry_after(std::to_string(kWhole - 100), kNow), milliseconds(0));
  EXPECT_EQ(parse_retry_after(std::to_string(kWhole * 1000 - 100000), kNow), milliseconds(0));
}

TEST(RetryAfter, AnAbsoluteEpochInSecondsOrMilliseconds) {
  EXPECT_EQ(parse_retry_after(std::to_string(kWhole + 45), kNow), seconds(45));
  EXPECT_EQ(parse_retry_after(std::to_string(kWhole * 1000 + 45000), kNow), seconds(45));
}

TEST(RetryAfter, AnAbsurdNumberIsCappedAtAWeek) {
  for (const char* text : {"604801", "31536000", "9223372036854775807"})
    EXPECT_EQ(parse_retry_after(text, kNow), hours(7 * 24)) << text;
}

TEST(RetryAfter, GarbageRequestsNoDelay) {
  for (const char* text : {"", " ", "soon", "12s", "1e3", "0x10", "1.5", "5,5", "Fri", "+5"})
    EXPECT_EQ(parse_retry_after(text, kNow), std::nullopt) << text;
}

struct DurationCase {
  const char* text;
  std::int64_t ms;
};

TEST(Duration, ReadsUnits) {
  constexpr DurationCase cases[] = {{"0", 0},          {"0s", 0},      {"250ms", 250},    {"30s", 30000},
                                    {"30", 30000},     {"5m", 300000}, {"24h", 86400000}, {"1.5s", 1500},
                                    {"0.5h", 1800000}, {" 2s ", 2000}, {".5", 500},       {"0.4ms", 1}};
  for (const auto& c : cases) EXPECT_EQ(parse_duration(c.text), milliseconds(c.ms)) << c.text;
}

TEST(Duration, RefusesWhatIsNone) {
  for (const char* text : {"",
                           " ",
                           "s",
                           "5x",
                           "5 s",
                           "5S",
                           "-1s",
                           "-0.1",
                           "1d",
                           "5ss",
                           "5mm",
                           "--5",
                           "+5",
                           "0x5",
                           "1e300",
                           "1e14h",
                           "99999999999999999999h",
                           "inf",
                           "infinity",
                           "-inf",
                           "5s5s"})
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
}

TEST(Duration, RefusesNotANumber) {
  for (const char* text : {"nan", "NaN", "nans", "nanms", "-nan", "nan(1)"})
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
}

TEST(Duration, FormatsTheShortestText) {
  constexpr DurationCase cases[] = {{"0s", 0},         {"1ms", 1},       {"250ms", 250},  {"1s", 1000},
                                    {"90s", 90000},    {"1m", 60000},    {"61s", 61000},  {"1h", 3600000},
                                    {"24h", 86400000}, {"90m", 5400000}, {"1001ms", 1001}};
  for (const auto& c : cases) {
    EXPECT_EQ(format_duration(milliseconds(c.ms)), c.text);
    EXPECT_EQ(parse_duration(c.text), milliseconds(c.ms));
  }
}

TEST(ParseExpires, TakesEveryFormThatServersWrite) {
  for (const char* text : {"Fri, 20 Sep 2019 14:47:33 GMT", "2019-09-20T14:47:33Z", "2019-09-20 14:47:33 +0000 UTC",
                           "2019-09-20 14:47:33.000024 +0000 UTC m=+86471.103412536"})
    EXPECT_EQ(parse_expires(text), kNow) << text;
}

TEST(ParseExpires, IsUnknownOtherwise) {
  for (const char* text : {"", "0", "-1", "never", "0001-01-01 00:00:00 +0000 UTC", "Thu, 01 Jan 1970 00:00:00 GMT",
                           "2019-09-20", "1568990853"})
    EXPECT_EQ(parse_expires(text), std::nullopt) << text;
}

}  // namespace
}  // namespace libbcda
