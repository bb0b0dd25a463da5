// Clocks and the many ways servers write a time.
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

// One reading of both clocks. Durations and deadlines are measured on the steady clock, because somebody may set the wall
// clock in mid-run. The wall clock is for dates alone.
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

// RFC 3339, HTTP date (RFC 9110 section 5.6.7) or Go's time text with or without its monotonic tail.
std::optional<Instant> parse_time(std::string_view text);

// A Retry-After header: seconds, a date, or (seen in the field) an absolute epoch in s or ms. Never negative.
std::optional<Milliseconds> parse_retry_after(std::string_view text, Instant now);

// "250ms", "30s", "5m", "24h"; a bare number is seconds.
std::optional<Milliseconds> parse_duration(std::string_view text);
std::string format_duration(Milliseconds d);  // the shortest such text

}  // namespace libbcda
