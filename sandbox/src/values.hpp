// Parsers for the values of options and faults.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "clock.hpp"

namespace libbcda::sandbox {

std::optional<std::int64_t> parse_integer(std::string_view text);  // 0 or more
std::optional<double> parse_fraction(std::string_view text);       // 0 to 1, or "5%"
std::optional<bool> parse_boolean(std::string_view text);
std::optional<Duration> parse_duration(std::string_view text);  // "200ms", "5s", "60m", "24h"; without a unit: seconds
std::optional<Duration> parse_offset(std::string_view text);    // the same, or behind a "-"
std::optional<std::int64_t> parse_size(std::string_view text);  // "64KiB", "256MiB", "1GiB"; without a unit: bytes

// Whether two names are equal. A dash and an underscore are equal.
bool same_name(std::string_view one, std::string_view other);

// The name in `names` (comma-separated) that is most similar to a misspelled one; "" if none is similar.
std::string nearest(std::string_view typed, std::string_view names);

}  // namespace libbcda::sandbox
