#include "clock.hpp"

#include <array>
#include <charconv>
#include <cstdio>

namespace libbcda::sandbox {
namespace {

namespace chr = std::chrono;

constexpr std::array<const char*, 7> kWeekdays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct Parts {
  explicit Parts(Time time)
      : day(chr::floor<chr::days>(time)),
        date(day),
        clock(chr::floor<chr::seconds>(time) - day),
        micros((time - chr::floor<chr::seconds>(time)).count()) {}
  int year() const { return static_cast<int>(date.year()); }
  unsigned month() const { return static_cast<unsigned>(date.month()); }
  unsigned day_of_month() const { return static_cast<unsigned>(date.day()); }
  int hour() const { return static_cast<int>(clock.hours().count()); }
  int minute() const { return static_cast<int>(clock.minutes().count()); }
  int second() const { return static_cast<int>(clock.seconds().count()); }

  chr::sys_days day;
  chr::year_month_day date;
  chr::hh_mm_ss<chr::seconds> clock;
  std::int64_t micros;
};

template <class... Values>
std::string format(const char* pattern, Values... values) {
  char text[96];
  int size = std::snprintf(text, sizeof text, pattern, values...);
  return {text, static_cast<std::size_t>(size)};
}

std::string date_and_time(const Parts& p, char between) {
  std::string text = format("%04d-%02u-%02u%c%02d:%02d:%02d", p.year(), p.month(), p.day_of_month(), between, p.hour(),
                            p.minute(), p.second());
  if (p.micros == 0) return text;
  text += format(".%06lld", static_cast<long long>(p.micros));
  while (text.back() == '0') text.pop_back();
  return text;
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Time system_time() { return chr::time_point_cast<Duration>(chr::system_clock::now()); }

std::string http_date(Time time) {
  Parts p(time);
  return format("%s, %02u %s %04d %02d:%02d:%02d GMT", kWeekdays[chr::weekday(p.day).c_encoding()], p.day_of_month(),
                kMonths[p.month() - 1], p.year(), p.hour(), p.minute(), p.second());
}

std::string rfc3339(Time time) { return date_and_time(Parts(time), 'T') + "Z"; }

std::string go_time(Time time) { return date_and_time(Parts(time), ' ') + " +0000 UTC"; }

std::string calendar_date(Time time) {
  Parts p(time);
  return format("%04d-%02u-%02u", p.year(), p.month(), p.day_of_month());
}

std::optional<Time> parse_http_date(std::string_view text) {
  // "Sun, 22 Nov 2026 21:48:15 GMT", the only form that current clients send
  if (text.size() != 29 || text.substr(25) != " GMT") return std::nullopt;
  unsigned month = 0;
  while (month < kMonths.size() && text.substr(8, 3) != kMonths[month]) ++month;
  auto day = number(text.substr(5, 2)), year = number(text.substr(12, 4)), hour = number(text.substr(17, 2)),
       minute = number(text.substr(20, 2)), second = number(text.substr(23, 2));
  if (month == kMonths.size() || !day || !year || !hour || !minute || !second) return std::nullopt;
  chr::year_month_day date{chr::year(*year), chr::month(month + 1), chr::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return Time(chr::sys_days(date)) + chr::hours(*hour) + chr::minutes(*minute) + chr::seconds(*second);
}

}  // namespace libbcda::sandbox
