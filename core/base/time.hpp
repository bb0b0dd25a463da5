// Clocks, and parsers for the time formats that servers use.
#pragma once
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace libbcda {

using Milliseconds = std::chrono::milliseconds;
using Instant = std::chrono::system_clock::time_point;
using Steady = std::chrono::steady_clock::time_point;

// One reading of both clocks. Durations and deadlines use the steady clock, because the wall clock may be set during a
// run. The wall clock is only for dates.
struct Moment {
  Steady steady;
  Instant wall;

  Moment& operator+=(Milliseconds duration) {
    steady += duration;
    wall += duration;
    return *this;
  }
  friend Moment operator+(Moment moment, Milliseconds duration) { return moment += duration; }
};

std::string to_rfc3339(Instant t);  // "2019-09-20T14:47:33.975Z"

// Parses RFC 3339, an HTTP date (RFC 9110 section 5.6.7), or the text form of Go's time.Time, with or without its
// monotonic part.
std::optional<Instant> parse_time(std::string_view text);

// Parses an Expires header: a date in any form of parse_time. nullopt for anything else, such as "0", "-1" and Go's zero
// time: the end is not known then, which is no error.
std::optional<Instant> parse_expires(std::string_view text);

// Parses a Retry-After header: seconds, a date, or (observed in practice) an absolute epoch time in s or ms. Never
// negative.
std::optional<Milliseconds> parse_retry_after(std::string_view text, Instant now);

// Parses "250ms", "30s", "5m" or "24h". A number without a unit is in seconds.
std::optional<Milliseconds> parse_duration(std::string_view text);
std::string format_duration(Milliseconds d);  // the shortest text in this format

}  // namespace libbcda
