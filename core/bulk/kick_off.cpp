#include "bulk/kick_off.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/nearest.hpp"
#include "base/quote.hpp"
#include "base/words.hpp"
#include "bulk/manifest.hpp"
#include "crypto/digest.hpp"
#include "http/form.hpp"

namespace libbcda::bulk {
namespace {

constexpr std::string_view kForEachType = "{type}";
constexpr std::string_view kGroupId = "{group}";

bool contains(const std::vector<std::string>& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

[[noreturn]] void refuse(const std::string& setting, const std::string& why) {
  throw Error(Status::INVALID_ARGUMENT, "the setting " + setting + ": " + why);
}

// ---- Levels ---------------------------------------------------------------------------------------------------------

std::vector<std::pair<std::string, std::string>> levels_of(const Profile& profile) {
  std::vector<std::pair<std::string, std::string>> levels;
  for (auto& [level, path] : {std::pair("system", profile.system_path), std::pair("patient", profile.patient_path),
                              std::pair("group", profile.group_path)})
    if (!path.empty()) levels.emplace_back(level, path);
  return levels;
}

std::string names_of(const std::vector<std::pair<std::string, std::string>>& levels) {
  std::vector<std::string> names;
  for (const auto& [level, path] : levels) names.push_back(level);
  return join(names, " or ");
}

struct Level {
  std::string name, path;  // the path of the kick-off after the FHIR base, with {type} and {group}
};

Level level_of(const Profile& profile, const ExportWish& wish) {
  const auto levels = levels_of(profile);
  std::string level = wish.level.empty() ? profile.default_level : wish.level;
  if (level.empty() && !wish.group.empty()) level = "group";
  if (level.empty())
    refuse("level", "it is missing; choose " + names_of(levels) + " (" + profile.title + " has no default)");
  for (const auto& [name, path] : levels)
    if (name == level) return {name, path};
  refuse("level", profile.title + " exports at the level " + names_of(levels) + ", not " + level);
}

bool is_id(const std::string& text) {
  return !text.empty() && text.size() <= 64 && text != "." && text != ".." &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '.'; });
}

std::string group_of(const Profile& profile, const ExportWish& wish, bool at_group_level) {
  if (!at_group_level) {
    if (!wish.group.empty()) refuse("group", "a group is exported with level=group only");
    return "";
  }
  const std::string group = wish.group.empty() ? profile.default_group : wish.group;
  if (group.empty()) refuse("group", "it is missing; give the id of the group to export");
  if (!is_id(group)) refuse("group", "an id has up to 64 letters, digits, '-' and '.', unlike " + quote(group));
  return group;
}

std::string replaced(std::string path, std::string_view mark, const std::string& text) {
  if (const std::size_t at = path.find(mark); at != std::string::npos) path.replace(at, mark.size(), text);
  return path;
}

// ---- Types ----------------------------------------------------------------------------------------------------------

bool is_type_name(const std::string& type) {
  return !type.empty() && type.size() <= 64 &&
         std::all_of(type.begin(), type.end(), [](unsigned char c) { return std::isalpha(c); });
}

void check_type(const Profile& profile, const std::string& type) {
  if (contains(profile.types, type)) return;
  if (profile.types.empty()) {
    if (is_type_name(type)) return;
    refuse("types", quote(type) + " is no name of a resource type");
  }
  static const std::string claims = "ExplanationOfBenefit";
  const bool known_short = type == "EOB" && contains(profile.types, claims);
  const std::string* near = known_short ? &claims : nearest(type, profile.types);
  std::vector<std::string> all = profile.types;
  const std::string last = all.back();
  all.pop_back();
  const std::string offer = "it exports " + (all.empty() ? last : join(all, ", ") + " and " + last);
  refuse("types",
         "the service exports no resource type \"" + type + "\"; " + (near ? "did you mean " + *near + "?" : offer));
}

std::vector<std::string> chosen_types(const Profile& profile, const ExportWish& wish) {
  std::vector<std::string> types;
  for (const std::string& type : wish.types) {
    check_type(profile, type);
    if (!contains(types, type)) types.push_back(type);
  }
  return types;
}

bool is_job_for_each_type(const Profile& profile) {
  return profile.patient_path.find(kForEachType) != std::string::npos ||
         profile.system_path.find(kForEachType) != std::string::npos ||
         profile.group_path.find(kForEachType) != std::string::npos;
}

// ---- Parameters -----------------------------------------------------------------------------------------------------

enum class Kind { text, instant, reference, boolean };

struct Parameter {
  const char* name;
  const char* setting;
  Kind kind;
  std::string value;
};

void check_parameter(const Profile& profile, const std::string& level, const Parameter& parameter) {
  if (contains(profile.ignores, level + " " + parameter.name))
    refuse(parameter.setting, profile.title + " ignores " + parameter.name + " with level=" + level +
                                  ", so it would export more; choose another level, or do not set it");
  if (contains(profile.parameters, parameter.name)) return;
  refuse(parameter.setting,
         profile.title + " does not take " + parameter.name + "; the setting profile says which server it is");
}

void check_patients(const std::string& level, const ExportWish& wish) {
  if (level == "system" && !wish.patients.empty())
    refuse("patients", "patients are exported with level=patient or level=group only");
  for (const std::string& patient : wish.patients) {
    const std::size_t slash = std::min(patient.find('/'), patient.size() - 1);
    if (!is_type_name(patient.substr(0, slash)) || !is_id(patient.substr(slash + 1)))
      refuse("patients",
             "a patient is a reference such as Patient/123; one is not");  // not shown: it may name a person
  }
}

// Whether `text` has the form of `shape`, where each '0' is a digit.
bool has_shape(std::string_view text, std::string_view shape) {
  return std::equal(text.begin(), text.end(), shape.begin(), shape.end(),
                    [](char c, char wanted) { return wanted == '0' ? c >= '0' && c <= '9' : c == wanted; });
}

// Whether `text` has the form of a FHIR instant: YYYY-MM-DDThh:mm:ss, perhaps a fraction, and a time zone.
bool is_instant(std::string_view text) {
  constexpr std::string_view begin = "0000-00-00T00:00:00";
  if (!has_shape(text.substr(0, begin.size()), begin)) return false;
  text.remove_prefix(begin.size());
  if (text.starts_with('.')) {
    const std::size_t end = std::min(text.find_first_not_of("0123456789", 1), text.size());
    if (end == 1) return false;
    text.remove_prefix(end);
  }
  return text == "Z" || has_shape(text, "+00:00") || has_shape(text, "-00:00");
}

Instant read_instant(const char* setting, const std::string& text) {
  const auto time = parse_instant(text);
  if (!time) refuse(setting, quote(text) + " is no time with a zone, such as 2026-02-13T08:00:00Z");
  return *time;
}

void check_times(const ExportWish& wish, Instant now) {
  std::optional<Instant> since, until;
  if (!wish.since.empty()) since = read_instant("since", wish.since);
  if (!wish.until.empty()) until = read_instant("until", wish.until);
  if (since && *since > now) refuse("since", quote(wish.since) + " is in the future");
  if (since && until && *until < *since) refuse("until", quote(wish.until) + " is before since, " + quote(wish.since));
}

void check_filters(const Profile& profile, const ExportWish& wish, const std::vector<std::string>& types) {
  if (profile.one_filter && wish.type_filters.size() > 1)
    refuse("type_filters", profile.title + " takes one filter only");
  for (const std::string& filter : wish.type_filters) {
    const std::string type = filter.substr(0, filter.find('?'));
    if (filter.find('?') == std::string::npos || !is_type_name(type))
      refuse("type_filters",
             "a filter is a search such as ExplanationOfBenefit?service-date=ge2025, unlike " + quote(filter));
    if (!types.empty() && !contains(types, type))
      refuse("type_filters", "there is a filter for " + type + ", which the setting types does not name");
  }
}

bool is_escape(std::string_view text) {
  return text.size() >= 3 && text[0] == '%' && std::isxdigit(static_cast<unsigned char>(text[1])) &&
         std::isxdigit(static_cast<unsigned char>(text[2]));
}

// A filter for a server that decodes it twice. An escape that the filter has already is kept: it is part of the search.
std::string encoded_once(std::string_view filter) {
  std::string out;
  for (std::size_t i = 0; i < filter.size(); ++i)
    if (filter[i] == '+')
      out += "%2B";
    else if (filter[i] == '%' && !is_escape(filter.substr(i)))
      out += "%25";
    else
      out += filter[i];
  return out;
}

// The filters as they are sent: each alone, or all as one value.
std::vector<std::string> filters_of(const Profile& profile, const ExportWish& wish, bool post) {
  std::vector<std::string> filters = wish.type_filters;
  if (profile.decodes_filters_twice && !post)
    for (std::string& filter : filters) filter = encoded_once(filter);
  return profile.repeats_filters || filters.empty() ? filters : std::vector<std::string>{join(filters)};
}

void add(std::vector<Parameter>& to, const char* name, const char* setting, Kind kind, const std::string& value) {
  if (!value.empty()) to.push_back({name, setting, kind, value});
}

std::vector<Parameter> parameters_of(const Profile& profile, const ExportWish& wish,
                                     const std::vector<std::string>& types, const std::string& level, bool post) {
  std::vector<Parameter> all;
  add(all, "_type", "types", Kind::text, join(types));
  add(all, "_since", "since", Kind::instant, wish.since);
  add(all, "_until", "until", Kind::instant, wish.until);
  for (const std::string& filter : filters_of(profile, wish, post))
    add(all, "_typeFilter", "type_filters", Kind::text, filter);
  add(all, "_elements", "elements", Kind::text, join(wish.elements));
  add(all, "includeAssociatedData", "include_associated_data", Kind::text, join(wish.associated_data));
  for (const std::string& patient : wish.patients) add(all, "patient", "patients", Kind::reference, patient);
  add(all, "organizeOutputBy", "organize_output_by", Kind::text, wish.organize_by);
  add(all, "allowPartialManifests", "allow_partial_manifests", Kind::boolean, wish.partial_manifests ? "true" : "");
  add(all, "_outputFormat", "output_format", Kind::text, wish.output_format);
  for (const Parameter& parameter : all) check_parameter(profile, level, parameter);
  return all;
}

constexpr std::string_view kPlainInQuery = ",:/";  // no server takes them for separators, and people can read them

std::string query_of(const std::vector<Parameter>& parameters) {
  std::string query;
  for (const Parameter& parameter : parameters)
    query += (query.empty() ? "?" : "&") + std::string(parameter.name) + "=" +
             http::percent_encode_query(parameter.value, kPlainInQuery);
  return query;
}

// A FHIR Parameters resource.
std::string body_of(const std::vector<Parameter>& parameters) {
  json::array list;
  for (const Parameter& parameter : parameters) {
    json::object item{{"name", parameter.name}};
    if (parameter.kind == Kind::text) item["valueString"] = parameter.value;
    if (parameter.kind == Kind::instant) item["valueInstant"] = parameter.value;
    if (parameter.kind == Kind::boolean) item["valueBoolean"] = parameter.value == "true";
    if (parameter.kind == Kind::reference) item["valueReference"] = json::object{{"reference", parameter.value}};
    list.push_back(std::move(item));
  }
  return json::serialize(json::object{{"resourceType", "Parameters"}, {"parameter", std::move(list)}});
}

bool uses_post(const Profile& profile, const ExportWish& wish) {
  const bool wanted = wish.method == "POST" || !wish.patients.empty();
  if (wish.method == "GET" && !wish.patients.empty()) refuse("method", "patients can be sent by POST only");
  if (wanted && !profile.post)
    refuse(wish.patients.empty() ? "method" : "patients", profile.title + " takes a kick-off by GET only");
  return wanted;
}

// The job that job_url names has its own request, so what would change the request is refused, not ignored.
void check_no_request(const ExportWish& wish) {
  const std::pair<const char*, bool> given[] = {
      {"types", !wish.types.empty()},       {"since", !wish.since.empty()},
      {"until", !wish.until.empty()},       {"type_filters", !wish.type_filters.empty()},
      {"elements", !wish.elements.empty()}, {"include_associated_data", !wish.associated_data.empty()},
      {"patients", !wish.patients.empty()}, {"organize_output_by", !wish.organize_by.empty()}};
  for (const auto& [setting, is_given] : given)
    if (is_given) refuse(setting, "the job at job_url has its own request; do not set both");
}

http::Request request_of(const Service& service, std::string_view path, const std::vector<Parameter>& parameters,
                         bool post) {
  http::Request request;
  request.url = service.at(path);
  // Some servers compare these values letter by letter, so each has only one value and no parameters.
  if (!service.profile.accept.empty()) request.headers.emplace_back("Accept", service.profile.accept);
  if (!service.profile.prefer.empty()) request.headers.emplace_back("Prefer", service.profile.prefer);
  if (!post) {
    request.url.target += query_of(parameters);
    return request;
  }
  request.method = "POST";
  request.headers.emplace_back("Content-Type", "application/fhir+json");
  request.body = body_of(parameters);
  return request;
}

// "Group/all" for "/Group/all/$export".
std::string label_of(const std::string& path) {
  const std::size_t end = path.rfind("/$export");
  return end == 0 || end == std::string::npos ? "the whole system" : path.substr(1, end - 1);
}

// A list as a set.
json::array sorted(std::vector<std::string> items) {
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
  return json::array(items.begin(), items.end());
}

}  // namespace

ExportWish read_wish(const Settings& s) {
  return {.types = s.list("types"),
          .level = s.text("level"),
          .group = s.text("group"),
          .since = s.text("since"),
          .until = s.text("until"),
          .type_filters = s.list("type_filters"),
          .elements = s.list("elements"),
          .associated_data = s.list("include_associated_data"),
          .patients = s.list("patients"),
          .organize_by = s.text("organize_output_by"),
          .partial_manifests = s.boolean("allow_partial_manifests"),
          .output_format = s.text("output_format"),
          .method = s.text("method"),
          .job_url = s.text("job_url")};
}

std::optional<Instant> parse_instant(const std::string& text) {
  return is_instant(text) ? parse_time(text) : std::nullopt;
}

json::object describe_wish(const Service& service, const ExportWish& wish) {
  const Profile& profile = service.profile;
  const auto [level, path] = level_of(profile, wish);
  // The types of the row, because a later version of this row may have more of them, whose history is then missing.
  const std::vector<std::string> chosen = chosen_types(profile, wish);
  json::object described{{"base", service.at("").text()},
                         {"profile", profile.name},
                         {"level", level},
                         {"group", group_of(profile, wish, path.find(kGroupId) != std::string::npos)},
                         {"types", sorted(chosen.empty() ? profile.types : chosen)},
                         {"typeFilters", sorted(wish.type_filters)},
                         {"elements", sorted(wish.elements)},
                         {"associatedData", sorted(wish.associated_data)}};
  if (!wish.until.empty()) described["until"] = wish.until;
  if (!wish.patients.empty()) described["patients"] = wish.patients.size();
  return described;
}

json::object describe_intent(const Service& service, const ExportWish& wish) {
  json::object intent{{"url", service.at("").text()}, {"profile", service.profile.name}, {"job_url", wish.job_url}};
  if (wish.job_url.empty()) {
    const auto [level, path] = level_of(service.profile, wish);
    intent["level"] = level;
    intent["group"] = group_of(service.profile, wish, path.find(kGroupId) != std::string::npos);
  }
  intent["types"] = sorted(chosen_types(service.profile, wish));
  intent["since"] = wish.since;
  intent["until"] = wish.until;
  intent["type_filters"] = sorted(wish.type_filters);
  intent["elements"] = sorted(wish.elements);
  intent["include_associated_data"] = sorted(wish.associated_data);
  intent["organize_output_by"] = wish.organize_by;
  intent["allow_partial_manifests"] = wish.partial_manifests;
  intent["output_format"] = wish.output_format;
  intent["method"] = wish.method;
  intent["patients"] = wish.patients.empty() ? "" : crypto::hex_digest(json::serialize(sorted(wish.patients)));
  return intent;
}

std::vector<std::string> planned_types(const Profile& profile, const ExportWish& wish) {
  std::vector<std::string> types = chosen_types(profile, wish);
  return types.empty() && wish.job_url.empty() && is_job_for_each_type(profile) ? profile.types : types;
}

http::Url read_job_url(const std::string& text, const std::string& what, const Service& service) {
  http::Url url = on_service_origin(http::parse_url(text, what), service.origin);
  if (http::same_origin(url, service.origin)) return url;
  throw Error(Status::INVALID_ARGUMENT, what + ": the job is at " + tidy(url.origin(), 200) +
                                            ", and the token is sent to the service alone, " + service.origin.origin());
}

std::vector<KickOff> plan_kick_offs(const Service& service, const ExportWish& wish, Instant now) {
  const Profile& profile = service.profile;
  if (!wish.job_url.empty()) {
    const http::Url url = read_job_url(wish.job_url, "the setting job_url", service);
    check_no_request(wish);
    KickOff running;
    running.label = "job " + std::string(url.name());
    running.request.url = url;
    running.running = url;
    return {running};
  }
  const auto [level, path] = level_of(profile, wish);
  const std::string with_group =
      replaced(path, kGroupId, group_of(profile, wish, path.find(kGroupId) != std::string::npos));
  const std::vector<std::string> types = planned_types(profile, wish);
  const bool post = uses_post(profile, wish);
  check_patients(level, wish);
  check_times(wish, now);
  check_filters(profile, wish, types);
  if (!wish.organize_by.empty() && !is_type_name(wish.organize_by))
    refuse("organize_output_by", quote(wish.organize_by) + " is no name of a resource type");
  std::vector<KickOff> made;
  if (path.find(kForEachType) == std::string::npos) {
    const std::string label = types.empty() ? label_of(with_group) : join(types);
    made.push_back({label, request_of(service, with_group, parameters_of(profile, wish, types, level, post), post),
                    wish.partial_manifests});
    return made;
  }
  if (types.empty()) refuse("types", "names no resource type, and each job exports one");
  for (const std::string& type : types)
    made.push_back({type,
                    request_of(service, replaced(with_group, kForEachType, type),
                               parameters_of(profile, wish, {}, level, post), post),
                    wish.partial_manifests});
  return made;
}

}  // namespace libbcda::bulk
