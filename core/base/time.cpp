#include "base/time.hpp"

#include <charconv>
#include <cstdio>
#include <ctime>

namespace libbcda {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kLastYear = 2261;
constexpr char kMonths[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

std::optional<Instant> make_time(int year, int month, int day, int hour, int minute, int second, int offset_minutes) {
  if (year < 1970 || year > 9999 || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 60) return {};
  auto date = std::chrono::year(year) / month / day;
  if (!date.ok()) return {};
  if (year > kLastYear) date = std::chrono::year(kLastYear) / 12 / 31;  // later years overflow the clock
  return Instant(std::chrono::sys_days(date) + hours(hour) + minutes(minute - offset_minutes) + seconds(second));
}

// Reads exactly `count` digits from the start of `text` and removes them.
bool digits(std::string_view& text, std::size_t count, int& out) {
  if (text.size() < count) return false;
  auto [end, ec] = std::from_chars(text.data(), text.data() + count, out);
  if (ec != std::errc() || end != text.data() + count || text[0] == '-') return false;
  text.remove_prefix(count);
  return true;
}

bool skip(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text[0]) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

Milliseconds fraction(std::string_view& text) {
  int value = 0, place = 100;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    value += (text[0] - '0') * place;
    place /= 10;
    text.remove_prefix(1);
  }
  return Milliseconds(value);
}

// Parses "2019-09-20T14:47:33.97Z", "... +05:00", and Go's "2019-09-20 14:47:33.97 +0000 UTC m=+1.5".
std::optional<Instant> parse_iso(std::string_view text) {
  int year, month, day, hour, minute, second, offset = 0;
  if (!digits(text, 4, year) || !skip(text, "-") || !digits(text, 2, month) || !skip(text, "-") ||
      !digits(text, 2, day) || !skip(text, "T t") || !digits(text, 2, hour) || !skip(text, ":") ||
      !digits(text, 2, minute) || !skip(text, ":") || !digits(text, 2, second))
    return {};
  Milliseconds part{0};
  if (skip(text, ".")) part = fraction(text);
  skip(text, " ");
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    int sign = text[0] == '-' ? -1 : 1, offset_hours = 0, offset_minutes = 0;
    text.remove_prefix(1);
    if (!digits(text, 2, offset_hours)) return {};
    skip(text, ":");
    if (!text.empty() && text[0] != ' ' && !digits(text, 2, offset_minutes)) return {};
    offset = sign * (offset_hours * 60 + offset_minutes);
  } else if (!skip(text, "Zz")) {
    return {};
  }
  auto t = make_time(year, month, day, hour, minute, second, offset);
  return t ? std::optional(*t + part) : std::nullopt;
}

bool month_name(std::string_view& text, int& month) {
  std::size_t place = text.size() < 3 ? std::string_view::npos : std::string_view(kMonths).find(text.substr(0, 3));
  if (place == std::string_view::npos || place % 3) return false;
  month = static_cast<int>(place / 3) + 1;
  text.remove_prefix(3);
  return true;
}

bool time_of_day(std::string_view& text, int& hour, int& minute, int& second) {
  return digits(text, 2, hour) && skip(text, ":") && digits(text, 2, minute) && skip(text, ":") &&
         digits(text, 2, second);
}

// Parses the three forms of RFC 9110 section 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"
// and "Sun Nov  6 08:49:37 1994".
std::optional<Instant> parse_http_date(std::string_view text) {
  int year, month, day, hour, minute, second;
  if (std::size_t comma = text.find(", "); comma != std::string_view::npos) {
    text.remove_prefix(comma + 2);
    if (!digits(text, 2, day) || !skip(text, " -") || !month_name(text, month) || !skip(text, " -")) return {};
    std::size_t year_digits = text.find(' ');
    if ((year_digits != 2 && year_digits != 4) || !digits(text, year_digits, year)) return {};
    if (year_digits == 2) year += year < 70 ? 2000 : 1900;
    if (!skip(text, " ") || !time_of_day(text, hour, minute, second)) return {};
  } else {
    std::size_t blank = text.find(' ');
    if (blank == std::string_view::npos) return {};
    text.remove_prefix(blank + 1);
    if (!month_name(text, month) || !skip(text, " ")) return {};
    if (!digits(text, skip(text, " ") ? 1 : 2, day) || !skip(text, " ") || !time_of_day(text, hour, minute, second) ||
        !skip(text, " ") || !digits(text, 4, year))
      return {};
  }
  return make_time(year, month, day, hour, minute, second, 0);
}

std::string_view trim(std::string_view text) {
  std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

std::string to_rfc3339(Instant t) {
  auto ms = std::chrono::duration_cast<Milliseconds>(t.time_since_epoch()).count();
  std::time_t whole = static_cast<std::time_t>(ms / 1000);
  std::tm parts{};
  gmtime_r(&whole, &parts);
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900, parts.tm_mon + 1,
                parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, static_cast<int>(ms % 1000));
  return buffer;
}

std::optional<Instant> parse_time(std::string_view text) {
  text = trim(text);
  if (auto t = parse_iso(text)) return t;
  return parse_http_date(text);
}

std::optional<Instant> parse_expires(std::string_view text) {
  const auto time = parse_time(text);
  return time && *time > Instant{} ? time : std::nullopt;
}

std::optional<Milliseconds> parse_retry_after(std::string_view text, Instant now) {
  constexpr std::int64_t week = 7 * 24 * 3600;
  text = trim(text);
  std::int64_t value = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec == std::errc() && end == text.data() + text.size() && !text.empty()) {
    if (value < 0) return Milliseconds(0);
    if (value <= week) return Milliseconds(value * 1000);
    std::int64_t now_s = std::chrono::duration_cast<seconds>(now.time_since_epoch()).count();
    for (std::int64_t epoch : {value, value / 1000})
      if (epoch > now_s - week && epoch < now_s + week)
        return Milliseconds(std::max<std::int64_t>(0, epoch - now_s) * 1000);
    return Milliseconds(week * 1000);
  }
  auto t = parse_time(text);
  if (!t) return {};
  return std::max(Milliseconds(0), std::chrono::duration_cast<Milliseconds>(*t - now));
}

std::optional<Milliseconds> parse_duration(std::string_view text) {
  text = trim(text);
  double value = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || !(value >= 0)) return {};
  std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  double scale = unit == "ms" ? 1 : unit.empty() || unit == "s" ? 1000 : unit == "m" ? 60e3 : unit == "h" ? 3600e3 : 0;
  double ms = value * scale;
  if (scale == 0 || ms > 1e11) return {};
  return Milliseconds(ms > 0 && ms < 1 ? 1 : static_cast<std::int64_t>(ms));  // 0 often means "no limit"
}

std::string format_duration(Milliseconds d) {
  auto ms = d.count();
  if (ms == 0) return "0s";
  if (ms % 3600000 == 0) return std::to_string(ms / 3600000) + "h";
  if (ms % 60000 == 0) return std::to_string(ms / 60000) + "m";
  if (ms % 1000 == 0) return std::to_string(ms / 1000) + "s";
  return std::to_string(ms) + "ms";
}

}  // namespace libbcda
