#include "today_query.hpp"

#include <algorithm>
#include <regex>

#include "base/bytes.hpp"
#include "base/words.hpp"

namespace libbcda::sandbox::today {
namespace {

constexpr std::size_t kLongestTime = 64;  // std::regex needs stack for each character
constexpr std::string_view kBadInstant =
    "Invalid date format supplied in _since parameter.  Date must be in FHIR Instant format.";
constexpr std::string_view kFutureInstant =
    "Invalid date format supplied in _since parameter. Date must be a date that has already passed";
constexpr std::string_view kSystemType = "https://bluebutton.cms.gov/fhir/CodeSystem/System-Type|";
constexpr std::string_view kFinalAction = "https://bluebutton.cms.gov/fhir/CodeSystem/Final-Action|";

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto byte = text[i] == '%' && i + 2 < text.size() ? from_hex(text.substr(i + 1, 2)) : std::nullopt;
    if (byte) {
      out += static_cast<char>(byte->front());
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::vector<std::string> supported(int version) {
  if (version == 1) return {"Patient", "Coverage", "ExplanationOfBenefit", "Observation"};
  if (version == 2) return {"Claim", "ClaimResponse", "Patient", "Coverage", "ExplanationOfBenefit"};
  return {"Coverage", "ExplanationOfBenefit", "Patient"};
}

bool contains(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

std::string check_types(const std::vector<std::string>& types, const Reader& reader) {
  const int version = reader.version;
  std::vector<std::string> seen;
  for (const std::string& type : types) {
    if (contains(seen, type)) return "Repeated resource type " + type;
    seen.push_back(type);
  }
  for (const std::string& type : types) {
    if (!contains(supported(version), type))
      return "invalid resource type " + type + ". Supported types [" + join(supported(version), " ") + "]";
    if (type.starts_with("Claim") && !reader.reach) return "unauthorized resource type " + type;
  }
  return "";
}

std::string check_since(const std::string& value, Time now, Order& order) {
  order.since = parse_instant(value);
  if (!order.since) return std::string(kBadInstant);
  return *order.since > now ? std::string(kFutureInstant) : "";
}

bool is_tag(const std::string& tag) {
  for (const char* code : {"SharedSystem", "NationalClaimsHistory", "DDPS"})
    if (tag == std::string(kSystemType) + code) return true;
  return tag == std::string(kFinalAction) + "FinalAction" || tag == std::string(kFinalAction) + "NotFinalAction";
}

std::string check_tags(const std::string& value, Order& order) {
  for (const std::string& tag : split(value, ',')) {
    if (tag.find('|') == std::string::npos)
      return "invalid _tag value: " + tag + ". Searching by tag requires a token (system|code) to be specified";
    if (!is_tag(tag)) return "invalid _tag value: " + tag;
    order.has_system_type |= tag.starts_with(kSystemType);
  }
  return "";
}

bool is_search_date(const std::string& value) {
  if (value.size() > kLongestTime) return false;
  static const std::regex form(
      R"((eq|lt|gt|le|ge)?\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01])(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?)");
  return std::regex_match(value, form);
}

std::string check_filter_part(const std::string& name, const std::string& value, Order& order) {
  if (name == "_tag") return check_tags(value, order);
  if (name == "outcome") {
    const bool good = value == "complete" || value == "partial";
    return good ? "" : "invalid outcome value: " + value + ". Supported outcome values are 'complete' and 'partial'";
  }
  if (name == "service-date") {
    return is_search_date(value) ? "" : "invalid service-date value: " + value + ". Pass a valid FHIR date parameter";
  }
  return "invalid _typeFilter subquery parameter: " + name;
}

std::string check_filter(const Parameters& parameters, Order& order) {
  auto is_filter = [](const auto& parameter) { return parameter.first == "_typeFilter"; };
  if (std::count_if(parameters.begin(), parameters.end(), is_filter) > 1)
    return "failed to process request given more that one _typeFilter parameter";
  auto value = first_value(parameters, "_typeFilter");
  if (!value) return "";
  const std::string filter = decoded(*value);  // the service decodes it a second time
  const std::size_t mark = filter.find('?');
  if (mark == std::string::npos) return "missing question mark " + filter;
  const std::string type = filter.substr(0, mark);
  if (type != "ExplanationOfBenefit") return "invalid _typeFilter Resource Type (Only EOBs valid): " + type;
  for (const std::string& part : split(filter.substr(mark + 1), '&')) {
    const std::size_t equals = std::min(part.find('='), part.size());
    const std::string rest = equals < part.size() ? part.substr(equals + 1) : "";
    if (std::string why = check_filter_part(part.substr(0, equals), rest, order); !why.empty()) return why;
  }
  return "";
}

std::string check_names(const Parameters& parameters) {
  auto format = first_value(parameters, "_outputFormat");
  if (format && *format != "application/fhir+ndjson" && *format != "application/ndjson" && *format != "ndjson")
    return "_outputFormat parameter must be one of [application/fhir+ndjson application/ndjson ndjson]";
  if (first_value(parameters, "_elements"))
    return "Invalid parameter: this server does not support the _elements parameter.";
  for (const auto& [name, value] : parameters)
    if (name.starts_with('?')) return "Invalid parameter: query parameters cannot start with ?";
  return "";
}

}  // namespace

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t end = text.find(at);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

Parameters parse_query(std::string_view target) {
  Parameters parameters;
  const std::size_t mark = target.find('?');
  if (mark == std::string_view::npos) return parameters;
  for (const std::string& part : split(target.substr(mark + 1), '&')) {
    if (part.empty()) continue;
    const std::size_t equals = std::min(part.find('='), part.size());
    const std::string_view rest = std::string_view(part).substr(std::min(equals + 1, part.size()));
    parameters.emplace_back(decoded(part.substr(0, equals)), decoded(rest));
  }
  return parameters;
}

std::optional<std::string> first_value(const Parameters& parameters, std::string_view name) {
  for (const auto& [key, value] : parameters)
    if (key == name) return value;
  return std::nullopt;
}

std::optional<Time> parse_instant(std::string_view text) {
  static const std::regex form(R"((\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|([+-])(\d\d):(\d\d)))");
  std::match_results<std::string_view::const_iterator> part;
  if (text.size() > kLongestTime || !std::regex_match(text.begin(), text.end(), part, form)) return std::nullopt;
  auto number = [&](std::size_t i) { return part[i].matched ? std::stoi(part[i].str()) : 0; };
  const std::chrono::year_month_day date{std::chrono::year(number(1)),
                                         std::chrono::month(static_cast<unsigned>(number(2))),
                                         std::chrono::day(static_cast<unsigned>(number(3)))};
  if (!date.ok() || number(4) > 23 || number(5) > 59 || number(6) > 59) return std::nullopt;
  const std::chrono::minutes zone(number(10) * 60 + number(11));
  Time time = Time(std::chrono::sys_days(date)) + std::chrono::hours(number(4)) + std::chrono::minutes(number(5)) +
              std::chrono::seconds(number(6));
  return part[9].str() == "-" ? time + zone : time - zone;
}

Order read_order(const Parameters& parameters, const Reader& reader, Time now) {
  Order order;
  order.refusal = check_names(parameters);
  auto types = first_value(parameters, "_type");
  order.every_type = !types;
  order.types = types ? split(*types, ',') : std::vector<std::string>{"Patient", "ExplanationOfBenefit", "Coverage"};
  if (!types && reader.reach && reader.version == 2) order.types.insert(order.types.end(), {"Claim", "ClaimResponse"});
  if (order.refusal.empty()) order.refusal = check_types(order.types, reader);
  auto since = first_value(parameters, "_since");
  if (order.refusal.empty() && since) order.refusal = check_since(*since, now, order);
  if (order.refusal.empty() && reader.version == 3) order.refusal = check_filter(parameters, order);
  return order;
}

}  // namespace libbcda::sandbox::today
