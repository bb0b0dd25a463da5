#include "bulk_order.hpp"

#include <algorithm>

#include "base/json.hpp"

namespace libbcda::sandbox::bulk {
namespace {

using today::Parameters;

// The value of a parameter of a Parameters resource, whatever its type.
std::string value_of(const json::object& parameter) {
  for (const auto& member : parameter) {
    if (!member.key().starts_with("value")) continue;
    if (const json::object* reference = member.value().if_object()) return string_member(*reference, "reference");
    if (const json::string* text = member.value().if_string()) return std::string(*text);
    return json::serialize(member.value());
  }
  return "";
}

std::optional<Response> read_body(const Request& request, const Dialect& dialect, Parameters& parameters) {
  const auto body = parse_json(request.body);
  if (!body) {
    Response response = text_answer(500, "Something broke!");
    response.headers["Content-Type"] = "text/html; charset=utf-8";
    return response;
  }
  const json::object* resource = body->if_object();
  if (!resource || string_member(*resource, "resourceType") != "Parameters")
    return dialect.refusal(400, "The POST body should be a Parameters resource", "invalid");
  const json::value* list = resource->if_contains("parameter");
  if (!list || !list->is_array()) return std::nullopt;
  for (const json::value& each : list->get_array())
    if (const json::object* parameter = each.if_object())
      parameters.emplace_back(string_member(*parameter, "name"), value_of(*parameter));
  return std::nullopt;
}

// All values of a parameter that is a list with commas, or is repeated, or both.
std::vector<std::string> all_values(const Parameters& parameters, std::string_view name) {
  std::vector<std::string> all;
  for (const auto& [key, value] : parameters) {
    if (key != name || value.empty()) continue;
    for (std::string& part : today::split(value, ',')) all.push_back(std::move(part));
  }
  return all;
}

std::optional<Response> read_types(const Parameters& parameters, const Dialect& dialect, Order& order) {
  const std::string first = today::first_value(parameters, "_type").value_or("");
  order.types = all_values(dialect.reads_first_type ? Parameters{{"_type", first}} : parameters, "_type");
  for (const std::string& type : order.types) {
    if (std::find(dialect.types.begin(), dialect.types.end(), type) == dialect.types.end())
      return dialect.refusal(400, "The requested resource type \"" + type + "\" is not available on this server",
                             "invalid");
  }
  if (order.types.empty()) order.types = dialect.types;
  return std::nullopt;
}

std::optional<Response> read_since(const Parameters& parameters, const Dialect& dialect, Time now, Order& order) {
  const auto text = today::first_value(parameters, "_since");
  if (!text || text->empty()) return std::nullopt;
  order.since = today::parse_instant(text->find('T') == std::string::npos ? *text + "T00:00:00Z" : *text);
  if (order.since && *order.since <= now) return std::nullopt;
  return dialect.refusal(
      400,
      "Invalid _since parameter \"" + *text + "\". It must be valid FHIR instant and cannot be a date in the future\"",
      "invalid");
}

}  // namespace

std::optional<Response> read_order(const Request& request, const Dialect& dialect, Time now, Order& order) {
  Parameters parameters = today::parse_query(request.target);
  if (request.method == "POST")
    if (auto refused = read_body(request, dialect, parameters)) return refused;
  if (auto refused = read_types(parameters, dialect, order)) return refused;
  if (auto refused = read_since(parameters, dialect, now, order)) return refused;
  for (const auto& [name, value] : parameters)
    if (name == "patient") order.patients.insert(value.substr(value.find('/') + 1));
  if (const auto by = today::first_value(parameters, "organizeOutputBy"); by && dialect.has_deleted) {
    if (*by != "Patient") return dialect.refusal(400, "Unsupported organizeOutputBy parameter value", "invalid");
    order.by_patient = true;
  }
  order.partial = dialect.has_deleted && today::first_value(parameters, "allowPartialManifests") == "true";
  order.format = today::first_value(parameters, "_outputFormat").value_or("");
  return std::nullopt;
}

}  // namespace libbcda::sandbox::bulk
