// The query of a kick-off to the service of today.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "clock.hpp"

namespace libbcda::sandbox::today {

using Parameters = std::vector<std::pair<std::string, std::string>>;

Parameters parse_query(std::string_view target);  // decoded; a plus sign is a blank
std::vector<std::string> split(std::string_view text, char at);

// The first value of a parameter. Later ones are ignored, as in the service.
std::optional<std::string> first_value(const Parameters& parameters, std::string_view name);

// The types of a job in the order of its manifest, and why a query is refused ("": it is not).
struct Order {
  std::vector<std::string> types;
  bool every_type = false;       // no _type was given
  bool has_system_type = false;  // _typeFilter has a System-Type tag
  std::optional<Time> since;
  std::string refusal;
};
struct Reader {  // of a kick-off
  int version;
  bool reach;  // the organization may have claims that are adjudicated in part
};
Order read_order(const Parameters& parameters, const Reader& reader, Time now);

// Parses an instant of RFC 3339 with a zone.
std::optional<Time> parse_instant(std::string_view text);

}  // namespace libbcda::sandbox::today
