#include "profiles/profile.hpp"

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <optional>

#include "base/error.hpp"
#include "base/nearest.hpp"
#include "base/quote.hpp"

namespace libbcda {
namespace {

json::value value_of(const std::string& text) { return json::value(json::string(text)); }
json::value value_of(bool flag) { return flag; }
json::value value_of(int number) { return number; }
json::value value_of(Milliseconds duration) { return json::value(json::string(format_duration(duration))); }
json::value value_of(const std::vector<std::string>& items) {
  json::array list;
  for (const std::string& item : items) list.push_back(json::value(json::string(item)));
  return list;
}
json::value value_of(const std::map<std::string, std::string>& texts) {
  json::object made;
  for (const auto& [name, text] : texts) made.emplace(name, text);
  return made;
}

// Messages and requests have such texts in them.
bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 127; });
}
bool is_text(const json::value& value) { return value.is_string() && !has_control_characters(value.get_string()); }

// These return what the field takes instead, or "" if the value was taken.
std::string take(std::string& field, const json::value& value) {
  if (!is_text(value)) return "a text without control characters";
  field = std::string(value.get_string());
  return "";
}
std::string take(bool& field, const json::value& value) {
  if (!value.is_bool()) return "true or false";
  field = value.get_bool();
  return "";
}
std::string take(int& field, const json::value& value) {
  constexpr std::int64_t largest = 1'000'000;
  if (!value.is_int64() || value.get_int64() < 0 || value.get_int64() > largest)
    return "a whole number from 0 to " + std::to_string(largest);
  field = static_cast<int>(value.get_int64());
  return "";
}
std::string take(Milliseconds& field, const json::value& value) {
  const auto duration = value.is_string() ? parse_duration(value.get_string()) : std::nullopt;
  if (!duration) return "a duration such as \"24h\"";
  field = *duration;
  return "";
}
std::string take(std::vector<std::string>& field, const json::value& value) {
  constexpr const char* wanted = "a list of texts without control characters";
  if (!value.is_array()) return wanted;
  std::vector<std::string> items;
  for (const json::value& item : value.get_array()) {
    if (!is_text(item)) return wanted;
    items.emplace_back(item.get_string());
  }
  field = std::move(items);
  return "";
}
std::string take(std::map<std::string, std::string>& field, const json::value& value) {
  if (!value.is_object()) return "an object of texts";
  std::map<std::string, std::string> texts;
  for (const auto& [name, text] : value.get_object()) {
    if (!is_text(text) || has_control_characters(name)) return "an object of texts without control characters";
    texts.emplace(name, text.get_string());
  }
  field = std::move(texts);
  return "";
}

std::vector<std::string> field_names() {
  std::vector<std::string> names;
  Profile none;
  each_field(none, [&](const char* name, auto&) { names.push_back(name); });
  return names;
}

// ---- What a field may hold

// The characters of a URL (RFC 3986), without a fragment.
bool has_url_characters(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c > ' ' && c < 127 && !std::strchr("\"<>\\^`#", c); });
}
bool is_path(std::string_view text) { return text.empty() || (text.starts_with('/') && has_url_characters(text)); }
bool is_path_without_query(std::string_view text) { return is_path(text) && text.find('?') == text.npos; }
bool is_one_of(std::string_view text, std::initializer_list<std::string_view> all) {
  return std::find(all.begin(), all.end(), text) != all.end();
}

// Throws Error{INVALID_ARGUMENT} for a value that would make requests that nobody wants.
void check_values(const Profile& profile, const std::string& what) {
  const auto demand = [&](bool ok, const char* field, const char* taken) {
    if (!ok) throw Error(Status::INVALID_ARGUMENT, what + ": the field " + field + " takes " + taken);
  };
  for (const std::string& parameter : profile.parameters)
    demand(is_one_of(parameter, {"_type", "_since", "_until", "_typeFilter", "_elements", "includeAssociatedData",
                                 "patient", "organizeOutputBy", "allowPartialManifests", "_outputFormat"}),
           "parameters", "the names of kick-off parameters that this library knows, such as _type and _since");
  constexpr const char* path = "a path that begins with '/' and has the characters of a URL";
  demand(is_path_without_query(profile.base_path), "base_path", path);
  demand(is_path_without_query(profile.system_path), "system_path", path);
  demand(is_path_without_query(profile.patient_path), "patient_path", path);
  demand(is_path_without_query(profile.group_path), "group_path", path);
  demand(is_path(profile.metadata_path), "metadata_path", path);
  demand(has_url_characters(profile.token_url), "token_url", "a URL or a path");
  for (const auto& [host, url] : profile.token_urls)
    demand(has_url_characters(url), "token_urls", "an object of URLs or paths");
  demand(is_one_of(profile.auth, {"", "basic", "form", "smart", "none"}), "auth", "basic, form, smart, none or \"\"");
  demand(is_one_of(profile.ranges, {"", "plain", "gzip", "any"}), "ranges", "plain, gzip, any or \"\"");
  demand(is_one_of(profile.default_level, {"", "system", "patient", "group"}), "default_level",
         "system, patient, group or \"\"");
}

[[noreturn]] void unknown_field(const std::string& what, const std::string& name) {
  const std::vector<std::string> names = field_names();
  const std::string* near = nearest(name, names);
  throw Error(Status::INVALID_ARGUMENT,
              what + ": a profile has no field " + quote(name) +
                  (near ? "; did you mean " + *near + "?" : "; `bcda profiles --json` prints all fields"));
}

}  // namespace

json::object to_json(const Profile& profile) {
  json::object made;
  each_field(profile, [&](const char* name, const auto& field) { made.emplace(name, value_of(field)); });
  return made;
}

void override_profile(Profile& profile, std::string_view text, const std::string& what) {
  std::string malformed;
  const auto parsed = parse_json(text, &malformed);
  if (!parsed || !parsed->is_object())
    throw Error(Status::INVALID_ARGUMENT, what + (parsed ? " has no JSON object" : " is no JSON: it " + malformed) +
                                              "; it takes one profile as `bcda profiles NAME --json` prints it");
  for (const auto& [name, value] : parsed->get_object()) {
    bool known = false;
    each_field(profile, [&, &name = name, &value = value](const char* field_name, auto& field) {
      if (name != field_name) return;
      known = true;
      if (const std::string wanted = take(field, value); !wanted.empty())
        throw Error(Status::INVALID_ARGUMENT, what + ": the field " + field_name + " takes " + wanted);
    });
    if (!known) unknown_field(what, std::string(name));
  }
  check_values(profile, what);
}

const Profile* find_profile(std::string_view name) {
  for (const Profile& row : profiles())
    if (row.name == name) return &row;
  return nullptr;
}

}  // namespace libbcda
