// Retry-After, Expires, Date and the other forms of times, durations, sizes and percentages.
#include "base/time.hpp"

#include "bulk/answer.hpp"
#include "bulk/kick_off.hpp"
#include "fuzz/target.hpp"
#include "http/retry.hpp"
#include "settings/settings.hpp"

namespace libbcda::fuzz {
namespace {

using std::chrono::duration_cast;
using std::chrono::hours;
using std::chrono::seconds;

const Instant kNow(seconds(1568990853));
constexpr Milliseconds kWeek = hours(7 * 24);
constexpr Milliseconds kEndOfYears = hours(24 * 106650);  // since 1970; a later time is that of the last day
constexpr Milliseconds kLast = hours(24 * 106651 + 200);  // since 1970: the end of 2261, in any zone

Milliseconds since_epoch(Instant time) { return std::chrono::floor<Milliseconds>(time.time_since_epoch()); }

void check_time(std::string_view text) {
  const auto time = parse_time(text);
  const auto expires = parse_expires(text);
  expect(!expires || (time && *time == *expires && *expires > Instant{}), "an end is a time after 1970");
  if (!time) return;
  expect(since_epoch(*time) < kLast, "a time is one that the clock has");
  expect(*time > Instant{} - hours(200), "a time is after 1970, in any zone");
  const std::string written = to_rfc3339(*time);
  const auto again = parse_time(written);
  if (*time < Instant{} || since_epoch(*time) >= kEndOfYears) return;
  expect(again && since_epoch(*again) == since_epoch(*time),
         "a time is the same when it is written and read: " + written);
}

void check_retry_after(std::string_view text) {
  const auto wait = parse_retry_after(text, kNow);
  if (!wait) return;
  expect(wait->count() >= 0 && *wait < kLast, "a delay is in bounds");
  if (text.find_first_not_of("0123456789") == text.npos) expect(*wait <= kWeek, "a number is at most a week");
  http::Backoff backoff(seconds(1), seconds(60));
  expect(backoff.next(0.5, wait) <= http::kLongestRequested, "a wait is at most the longest one");
}

void check_duration(std::string_view text) {
  const auto duration = parse_duration(text);
  if (!duration) return;
  expect(duration->count() >= 0, "a duration is not negative");
  expect(parse_duration(format_duration(*duration)) == duration, "a duration is the same when it is written and read");
}

}  // namespace

// The first line is the value of each header, and the second one the Date of the answer.
FUZZ_TARGET(times, input) {
  std::string_view rest = input;
  const std::string_view text = take_until(rest, "\n");
  check_time(text);
  check_retry_after(text);
  check_duration(text);
  expect(parse_size(text).value_or(0) >= 0, "a size is not negative");
  const double percent = bulk::percent(text).value_or(0);
  expect(percent >= 0 && percent <= 100, "a percentage is from 0 to 100");
  bulk::parse_instant(std::string(text));

  http::Answer answer;
  answer.status = 200;
  for (const char* name : {"Retry-After", "Expires", "X-Export-Status"}) answer.headers.emplace_back(name, text);
  answer.headers.emplace_back("Date", rest);
  const auto wait = bulk::retry_after(answer, kNow);
  expect(!wait || (wait->count() >= 0 && *wait < kLast), "a delay by the answer's own date is in bounds");
  const auto end = bulk::expires_in(answer, kNow);
  expect(!end || std::chrono::abs(*end) < kLast, "an end by the answer's own date is in bounds");
  const int status = bulk::export_status(answer);
  expect(status >= 200 && status <= 999, "a status is one of HTTP");
}

}  // namespace libbcda::fuzz
