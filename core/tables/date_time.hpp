// FHIR's date, dateTime, instant and time (hl7.org/fhir/R4/datatypes.html), which may be partial.
#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace libbcda::tables {

// The fields that a text has; the others are nullopt or "".
struct DateTime {
  int year = 0;
  std::optional<int> month, day, hour, minute, second;
  std::string_view fraction;  // the digits after the second's point, of the text that was parsed
  std::optional<int> zone;    // minutes east of UTC
};

// Each parser returns nullopt for another form, and for a date or time that does not exist.
std::optional<DateTime> parse_date_time(std::string_view text);    // "2018", "2018-05", "2018-05-01T10:00:00.5-04:00"
std::optional<DateTime> parse_time_of_day(std::string_view text);  // "12:34", "12:34:00.5"

// Days since 1970-01-01. nullopt if month or day are missing.
std::optional<std::int32_t> days_of(const DateTime& value);
// Microseconds since midnight. nullopt if the second is missing or a leap second. Digits beyond microseconds: nullopt, unless they are 0.
std::optional<std::int64_t> microseconds_of_day(const DateTime& value);
// Microseconds since 1970-01-01T00:00:00Z. nullopt without a time or a zone.
std::optional<std::int64_t> instant_of(const DateTime& value);

// Compares as FHIRPath does: field by field. unordered if only one of them has a field and those before are equal, or if
// only one of them has a zone.
std::partial_ordering compare(const DateTime& a, const DateTime& b);

// The earliest and the latest time that a partial text may mean, with milliseconds. A missing zone is the one that gives
// the earliest (+14:00) or the latest (-12:00).
enum class Boundary : std::uint8_t { low, high };
std::string date_boundary(const DateTime& value, Boundary boundary);       // "1970-06-30"
std::string date_time_boundary(const DateTime& value, Boundary boundary);  // "2010-10-10T23:59:59.999-12:00"
std::string time_boundary(const DateTime& value, Boundary boundary);       // "12:34:59.999"

}  // namespace libbcda::tables
