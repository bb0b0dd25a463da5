#include "tables/date_time.hpp"

#include <algorithm>
#include <chrono>

namespace libbcda::tables {
namespace {

constexpr std::int64_t kMicrosecondsPerMinute = 60'000'000, kMicrosecondsPerDay = 24 * 60 * kMicrosecondsPerMinute;

// Reads fixed-width fields. After the first text that does not fit, `good` is false.
struct Fields {
  std::string_view text;
  bool good = true;

  int number(std::size_t width, int least, int most) {
    int value = 0;
    for (std::size_t i = 0; i < width; ++i) {
      const char c = i < text.size() ? text[i] : '\0';
      if (c < '0' || c > '9') good = false;
      value = value * 10 + (c - '0');
    }
    text.remove_prefix(std::min(width, text.size()));
    if (value < least || value > most) good = false;
    return value;
  }
  bool take(char c) {
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!take(c)) good = false;
  }
};

void read_time(Fields& in, DateTime& value) {
  value.hour = in.number(2, 0, 23);
  if (!in.take(':')) return;
  value.minute = in.number(2, 0, 59);
  if (!in.take(':')) return;
  value.second = in.number(2, 0, 60);
  if (!in.take('.')) return;
  std::size_t digits = 0;
  while (digits < in.text.size() && in.text[digits] >= '0' && in.text[digits] <= '9') ++digits;
  if (digits == 0) in.good = false;
  value.fraction = in.text.substr(0, digits);
  in.text.remove_prefix(digits);
}

void read_zone(Fields& in, DateTime& value) {
  if (in.take('Z')) {
    value.zone = 0;
  } else if (!in.text.empty()) {
    const bool west = in.take('-');
    if (!west) in.expect('+');
    const int hours = in.number(2, 0, 14);
    in.expect(':');
    const int minutes = hours * 60 + in.number(2, 0, 59);
    value.zone = west ? -minutes : minutes;
  }
}

std::chrono::year_month_day calendar(const DateTime& value) {
  return std::chrono::year(value.year) / value.month.value_or(1) / value.day.value_or(1);
}

int last_day(int year, int month) {
  return static_cast<int>(static_cast<unsigned>((std::chrono::year(year) / month / std::chrono::last).day()));
}

// nullopt: there are digits other than 0 after the sixth.
std::optional<std::int64_t> microseconds(std::string_view fraction) {
  std::int64_t value = 0;
  for (std::size_t i = 0; i < 6; ++i) value = value * 10 + (i < fraction.size() ? fraction[i] - '0' : 0);
  const bool finer = fraction.size() > 6 && fraction.find_first_not_of('0', 6) != std::string_view::npos;
  return finer ? std::nullopt : std::optional(value);
}

void add_number(std::string& text, int value, std::size_t width) {
  const std::string digits = std::to_string(value);
  text.append(width - std::min(width, digits.size()), '0').append(digits);
}

std::string milliseconds(std::string_view fraction, Boundary boundary) {
  std::string digits(fraction.substr(0, 3));
  digits.append(3 - digits.size(), boundary == Boundary::low ? '0' : '9');
  return digits;
}

std::string zone_text(std::optional<int> zone, Boundary boundary) {
  if (!zone) return boundary == Boundary::low ? "+14:00" : "-12:00";
  if (*zone == 0) return "Z";
  std::string text = *zone < 0 ? "-" : "+";
  add_number(text, std::abs(*zone) / 60, 2);
  text += ':';
  add_number(text, std::abs(*zone) % 60, 2);
  return text;
}

// The fields of a time with a zone, as they are in UTC.
DateTime in_utc(DateTime value) {
  if (!value.zone || !value.minute || !value.day) return value;
  const auto day = std::chrono::sys_days(calendar(value));
  const int minutes = *value.hour * 60 + *value.minute - *value.zone;
  const int days = minutes >= 0 ? minutes / 1440 : -((1439 - minutes) / 1440);
  const std::chrono::year_month_day date(day + std::chrono::days(days));
  value.year = static_cast<int>(date.year());
  value.month = static_cast<int>(static_cast<unsigned>(date.month()));
  value.day = static_cast<int>(static_cast<unsigned>(date.day()));
  value.hour = (minutes - days * 1440) / 60;
  value.minute = (minutes - days * 1440) % 60;
  value.zone = 0;
  return value;
}

std::string_view without_zeros(std::string_view fraction) {
  return fraction.substr(0, fraction.find_last_not_of('0') + 1);
}

template <class T>
std::optional<std::partial_ordering> compare_field(const std::optional<T>& a, const std::optional<T>& b) {
  if (!a && !b) return std::nullopt;
  if (!a || !b) return std::partial_ordering::unordered;
  if (*a != *b) return *a <=> *b;
  return std::nullopt;
}

}  // namespace

std::optional<DateTime> parse_date_time(std::string_view text) {
  Fields in{text};
  DateTime value;
  value.year = in.number(4, 1, 9999);
  if (in.take('-')) {
    value.month = in.number(2, 1, 12);
    if (in.take('-')) {
      value.day = in.number(2, 1, 31);
      if (in.take('T')) {
        read_time(in, value);
        read_zone(in, value);
      }
    }
  }
  if (!in.good || !in.text.empty() || !calendar(value).ok()) return std::nullopt;
  return value;
}

std::optional<DateTime> parse_time_of_day(std::string_view text) {
  Fields in{text};
  DateTime value;
  read_time(in, value);
  if (!in.good || !in.text.empty()) return std::nullopt;
  return value;
}

std::optional<std::int32_t> days_of(const DateTime& value) {
  if (!value.day) return std::nullopt;
  return static_cast<std::int32_t>(std::chrono::sys_days(calendar(value)).time_since_epoch().count());
}

std::optional<std::int64_t> microseconds_of_day(const DateTime& value) {
  const auto fraction = microseconds(value.fraction);
  // A leap second has no place in a day of 24 hours.
  if (!value.hour || !value.minute || !value.second || *value.second > 59 || !fraction) return std::nullopt;
  return (*value.hour * 60 + *value.minute) * kMicrosecondsPerMinute + *value.second * 1'000'000ll + *fraction;
}

std::optional<std::int64_t> instant_of(const DateTime& value) {
  const auto days = days_of(value);
  const auto time = microseconds_of_day(value);
  if (!days || !time || !value.zone) return std::nullopt;
  return *days * kMicrosecondsPerDay + *time - *value.zone * kMicrosecondsPerMinute;
}

std::partial_ordering compare(const DateTime& a, const DateTime& b) {
  if (a.zone.has_value() != b.zone.has_value() && a.hour && b.hour) return std::partial_ordering::unordered;
  const DateTime x = in_utc(a), y = in_utc(b);
  if (x.year != y.year) return x.year <=> y.year;
  if (const auto order = compare_field(x.month, y.month)) return *order;
  if (const auto order = compare_field(x.day, y.day)) return *order;
  if (const auto order = compare_field(x.hour, y.hour)) return *order;
  if (const auto order = compare_field(x.minute, y.minute)) return *order;
  if (const auto order = compare_field(x.second, y.second)) return *order;
  return without_zeros(x.fraction).compare(without_zeros(y.fraction)) <=> 0;
}

std::string date_boundary(const DateTime& value, Boundary boundary) {
  const bool low = boundary == Boundary::low;
  const int month = value.month.value_or(low ? 1 : 12);
  std::string text;
  add_number(text, value.year, 4);
  text += '-';
  add_number(text, month, 2);
  text += '-';
  add_number(text, value.day.value_or(low ? 1 : last_day(value.year, month)), 2);
  return text;
}

std::string time_boundary(const DateTime& value, Boundary boundary) {
  const bool low = boundary == Boundary::low;
  std::string text;
  add_number(text, value.hour.value_or(low ? 0 : 23), 2);
  text += ':';
  add_number(text, value.minute.value_or(low ? 0 : 59), 2);
  text += ':';
  add_number(text, value.second.value_or(low ? 0 : 59), 2);
  return text + '.' + milliseconds(value.fraction, boundary);
}

std::string date_time_boundary(const DateTime& value, Boundary boundary) {
  return date_boundary(value, boundary) + 'T' + time_boundary(value, boundary) + zone_text(value.zone, boundary);
}

}  // namespace libbcda::tables
