#include "settings/settings.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/nearest.hpp"
#include "base/quote.hpp"
#include "base/text.hpp"
#include "files/file.hpp"

namespace libbcda {
namespace {

constexpr std::size_t kLargestConfig = 1 << 20;
constexpr std::size_t kLargestSecret = 64 << 10;

using T = SettingType;

std::optional<bool> parse_boolean(std::string_view text) {
  for (auto yes : {"true", "1", "yes", "on"})
    if (text == yes) return true;
  for (auto no : {"false", "0", "no", "off"})
    if (text == no) return false;
  return {};
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    std::size_t comma = std::min(text.find(','), text.size());
    std::string_view part = text.substr(0, comma);
    std::size_t first = part.find_first_not_of(" \t");
    if (first != std::string_view::npos)
      parts.emplace_back(part.substr(first, part.find_last_not_of(" \t") - first + 1));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

// Returns the items of a JSON array of texts. Returns nothing if the value is not such an array, or if an item is empty
// or contains a NUL.
std::optional<std::vector<std::string>> json_items(const json::value& value) {
  if (!value.is_array()) return {};
  std::vector<std::string> items;
  for (const auto& item : value.get_array()) {
    if (!item.is_string() || item.get_string().empty() || item.get_string().find('\0') != std::string_view::npos)
      return {};
    items.emplace_back(item.get_string());
  }
  return items;
}

// Parses items between commas, or a JSON array of texts, whose items may contain commas. Returns nothing if malformed.
std::optional<std::vector<std::string>> parse_list(std::string_view text) {
  if (text.substr(std::min(text.find_first_not_of(" \t\r\n"), text.size())).starts_with('[')) {
    auto values = split_json_sequence(text);  // refuses what follows the array
    auto value = values && values->size() == 1 ? parse_json(values->front()) : std::nullopt;
    return value ? json_items(*value) : std::nullopt;
  }
  auto items = split(text);
  if (items.empty() && !text.empty()) return {};
  return items;
}

// The inverse of parse_list. It writes a JSON array only if commas between the items are not enough.
std::string list_text(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ",") + item;
  return parse_list(text) == items ? text : json::serialize(json::array(items.begin(), items.end()));
}

const Setting& row_of(std::string_view name) {
  if (const Setting* row = find_setting(name)) return *row;
  std::vector<std::string> names;
  for (const Setting& row : settings_table()) names.emplace_back(row.name);
  const std::string* near = nearest(name, names);
  throw Error(Status::INVALID_ARGUMENT,
              "there is no setting named " + std::string(name) +
                  (near ? "; did you mean " + *near + "?" : "; no setting has a similar name"));
}

// The value may be the secret itself, given instead of its path, so the message must not show it.
constexpr const char* kNoPath = "takes the path of a file, but the value looks like the content of the file";

// Whether a path that names no file may be the secret itself, which has at least `shortest` bytes. An absolute path is
// none. A relative one is none if its directory exists.
bool may_be_secret(const std::string& path, std::size_t shortest) {
  const std::size_t slash = path.rfind('/');
  if (path.size() < shortest || path.starts_with('/') || files::exists(world::system_disk(), path)) return false;
  return slash == path.npos || !files::is_directory(path.substr(0, slash));
}

constexpr const char* kNotUtf8 = "is not UTF-8 text";
constexpr const char* kEmptyList = "is an empty list; leave it unset for the default";

// A file that was saved on Windows can leave an invisible carriage return at the end of a value.
constexpr const char* kEndsLine = "ends in a line break (perhaps a carriage return); remove it";
bool ends_line(std::string_view value) { return value.ends_with('\n') || value.ends_with('\r'); }

// Settings whose value may have a user and a password in it.
bool is_url(std::string_view name) { return name == "proxy" || name == "url" || name == "token_url"; }

std::string without_userinfo(std::string_view value) {
  const std::size_t mark = value.find("://"), begin = mark == value.npos ? 0 : mark + 3;
  const std::size_t at = value.rfind('@');
  if (at == value.npos || at < begin) return std::string(value);
  return std::string(value.substr(0, begin)) + "***" + std::string(value.substr(at));
}

// What is wrong with the value of a list setting. An empty list for an export would otherwise mean everything.
std::string objection_to_list(const Setting& row, std::string_view value) {
  const auto items = parse_list(value);
  if (!items) return "takes a comma-separated list, or a JSON array of texts";
  return items->empty() && row.scope == SettingScope::export_ ? kEmptyList : "";
}

// Returns what is wrong with a value, or "" if it is valid.
std::string objection(const Setting& row, std::string_view value) {
  if (value.find('\0') != std::string_view::npos) return "contains a NUL character";
  if (value.empty() && value == row.default_value) return "";  // not set
  // A path, and the text of a secret, may be any bytes. The other texts become parts of JSON.
  if (row.type != T::path && !row.secret && !is_utf8(value)) return kNotUtf8;
  switch (row.type) {
    case T::boolean:
      return parse_boolean(value) ? "" : "takes true or false";
    case T::integer: {
      auto number = parse_integer(value);
      if (!number || *number < 0) return "takes a whole number, 0 or more";
      if (row.name == std::string_view("parallel") && (*number < 1 || *number > 64)) return "takes 1 to 64";
      if (row.name == std::string_view("retries") && *number > 100) return "takes 0 to 100";
      if (row.name == std::string_view("threads") && *number > 256) return "takes 0 to 256";
      return "";
    }
    case T::duration: {
      auto duration = parse_duration(value);
      if (!duration) return "takes a duration such as 250ms, 30s, 5m or 24h, at most 27777h";
      std::string_view name = row.name;
      bool positive =
          name == "poll_interval" || name == "retry_delay" || name == "connect_timeout" || name == "request_timeout";
      return positive && duration->count() < 1 ? "takes 1ms or more" : "";
    }
    case T::size: {
      const std::int64_t least = row.name == std::string_view("low_speed_limit") ? 0 : 1;
      return parse_size(value).value_or(-1) >= least ? "" : "takes a size such as 64KiB or 1GiB";
    }
    case T::choice: {
      auto allowed = split(row.choices);
      if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return "";
      return std::string("takes one of ") + row.choices;
    }
    case T::list:
      return objection_to_list(row, value);
    case T::path:
      if (value.find("-----BEGIN") != value.npos || without_debris(value).starts_with('{')) return kNoPath;
      return ends_line(value) ? kEndsLine : "";
    case T::string:
      // PEM text ends with a line break. credential() removes line breaks around a credential when it is used.
      return !row.secret && row.name != std::string_view("client_id") && ends_line(value) ? kEndsLine : "";
  }
  return "";
}

}  // namespace

std::optional<std::int64_t> parse_size(std::string_view text) {
  std::int64_t value = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || value < 0) return {};
  std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  int shift = unit.empty() || unit == "B" ? 0
              : unit == "KiB"             ? 10
              : unit == "MiB"             ? 20
              : unit == "GiB"             ? 30
              : unit == "TiB"             ? 40
                                          : -1;
  if (shift < 0 || value > (INT64_MAX >> shift)) return {};
  return value << shift;
}

void check_secret_path(const std::string& setting, const std::string& path, std::size_t shortest) {
  if (!may_be_secret(path, shortest)) return;
  throw Error(Status::FILESYSTEM, "the setting " + setting +
                                      " names a file that does not exist; its name is not shown, because it may be the "
                                      "secret itself");
}

void Settings::set(std::string_view name, std::string_view value) {
  const Setting& row = row_of(name);
  if (std::string why = objection(row, value); !why.empty()) {
    const bool is_shown = !row.secret && why != kNoPath && why != kEmptyList && why != kNotUtf8;
    const std::string shown =
        is_shown ? ", not \"" + (is_url(name) ? without_userinfo(value) : std::string(value)) + "\"" : "";
    throw Error(Status::INVALID_ARGUMENT, std::string("the setting ") + row.name + " " + why + shown);
  }
  unset(name);
  if (std::string_view other = alternative_of(name); !other.empty() && !value.empty()) unset(other);
  values_[row.name] = row.type == T::list ? Secret(list_text(*parse_list(value))) : Secret(value);
}

void Settings::add(std::string_view name, std::string_view item) {
  const Setting& row = row_of(name);
  auto refuse = [&](const char* why) {
    throw Error(Status::INVALID_ARGUMENT, std::string("the setting ") + row.name + " " + why);
  };
  if (row.type != T::list) refuse("is not a list, so nothing can be added to it");
  if (item.empty()) refuse("does not take an empty item");
  auto items = has(name) ? list(name) : std::vector<std::string>();
  items.emplace_back(item);
  set(name, list_text(items));
}

void Settings::unset(std::string_view name) {
  const Setting& row = row_of(name);
  values_.erase(row.name);
  reserved_.erase(row.name);
}

void Settings::reserve(std::string_view name) {
  unset(name);
  if (std::string_view alternative = alternative_of(name); !alternative.empty()) unset(alternative);
  reserved_.insert(std::string(name));
}

bool Settings::taken(std::string_view name) const {
  const std::string_view other = alternative_of(name);
  return values_.count(row_of(name).name) || reserved_.count(name) ||
         (!other.empty() && (has(other) || reserved_.count(other)));
}

bool Settings::has(std::string_view name) const {
  const auto found = values_.find(row_of(name).name);
  return found != values_.end() && !(found->second.empty() && *row_of(name).default_value == '\0');
}

void Settings::load_environment() {
  for (const Setting& row : settings_table()) {
    const char* value = std::getenv(row.env.c_str());
    if (!value || !*value || taken(row.name)) continue;
    try {
      set(row.name, value);
    } catch (Error& e) {
      e.message += " (from the environment variable " + row.env + ")";
      throw;
    }
  }
}

void Settings::load_json_file(const std::string& path) {
  const Secret file = files::read_secret_file(path, kLargestConfig, "configuration file");
  const std::string what = "the configuration file " + path;
  const Secret text(to_utf8(file.reveal(), what));
  load_json(text.reveal(), what, path);
}

void Settings::load_json(std::string_view text) {
  if (text.size() > kLargestConfig)
    throw Error(Status::INVALID_ARGUMENT,
                "the configuration text is larger than " + std::to_string(kLargestConfig) + " bytes");
  const std::string what = "the configuration text";
  const Secret clean(to_utf8(text, what));
  load_json(clean.reveal(), what, "");
}

// `path` is "" if the text is not from a file.
void Settings::load_json(std::string_view text, const std::string& what, const std::string& path) {
  std::string malformed;
  auto value = parse_json(text, &malformed);
  auto bad = [&](const std::string& why) {
    return std::move(Error(Status::INVALID_ARGUMENT, what + ": " + why).at_file(path));
  };
  if (!value) throw bad("it " + malformed + "; it takes a JSON object of {\"name\": value}");
  if (!value->is_object()) throw bad("it is not a JSON object of {\"name\": value}");
  for (const auto& [name, member] : value->get_object()) {
    std::string flat;
    if (member.is_string()) {
      flat = std::string(member.get_string());
    } else if (member.is_array()) {
      auto items = json_items(member);
      if (!items) throw bad("the list " + std::string(name) + " contains an item that is empty or not text");
      if (const Setting* row = find_setting(name); row && row->type != T::list)
        throw bad("the setting " + std::string(name) + " does not take a list");
      flat = items->empty() ? "[]" : list_text(*items);
    } else if (member.is_bool() || member.is_number()) {
      flat = json::serialize(member);
    } else {
      throw bad("the value of " + std::string(name) + " is not text, a number, true, false or a list of texts");
    }
    try {
      if (!taken(name)) set(name, flat);
      const bool holds_secret =
          (row_of(name).secret && !flat.empty()) || (is_url(name) && without_userinfo(flat) != flat);
      if (holds_secret && !path.empty()) secret_files_.insert(path);
    } catch (const Error& e) {
      if (!e.file.empty()) throw;
      throw bad(e.message);
    }
    wipe(flat.data(), flat.size());
  }
}

Settings Settings::with(const Settings& other, bool for_reading) const {
  Settings merged = *this;
  for (const auto& [name, value] : other.values_) {
    const SettingScope scope = row_of(name).scope;
    if (scope != SettingScope::export_ && (!for_reading || scope == SettingScope::client))
      throw Error(Status::INVALID_ARGUMENT, "the setting " + name +
                                                " belongs to the client; it cannot be given for one " +
                                                (for_reading ? "partition" : "export"));
    if (const std::string_view twin = alternative_of(name); !twin.empty() && !value.empty())
      merged.values_.erase(std::string(twin));
    merged.values_[name] = value;
  }
  merged.secret_files_.insert(other.secret_files_.begin(), other.secret_files_.end());
  return merged;
}

std::string_view Settings::value(std::string_view name) const {
  const Setting& row = row_of(name);
  auto found = values_.find(name);
  return found == values_.end() ? std::string_view(row.default_value) : found->second.reveal();
}

std::string Settings::text(std::string_view name) const { return std::string(value(name)); }
Secret Settings::secret(std::string_view name) const { return Secret(value(name)); }
bool Settings::boolean(std::string_view name) const { return parse_boolean(value(name)).value_or(false); }
Milliseconds Settings::duration(std::string_view name) const {
  return parse_duration(value(name)).value_or(Milliseconds(0));
}
std::vector<std::string> Settings::list(std::string_view name) const {
  return parse_list(value(name)).value_or(std::vector<std::string>());
}

std::int64_t Settings::integer(std::string_view name) const {
  return row_of(name).type == T::size ? parse_size(value(name)).value_or(0) : parse_integer(value(name)).value_or(0);
}

Secret Settings::secret_or_file(std::string_view name) const {
  auto without_line_end = [](std::string_view text) {
    while (ends_line(text)) text.remove_suffix(1);
    return text;
  };
  if (!value(name).empty()) return Secret(without_line_end(value(name)));
  std::string file_setting = std::string(name) + "_file", path = text(file_setting);
  if (path.empty()) return {};
  auto bad = [&](const char* why) {
    return std::move(
        Error(Status::INVALID_ARGUMENT, "the setting " + file_setting + ": " + path + " " + why).at_file(path));
  };
  check_secret_path(file_setting, path);
  const Secret file = files::read_secret_file(path, kLargestSecret, file_setting.c_str());
  const Secret content(to_utf8(file.reveal(), "the setting " + file_setting + ": " + path));
  const std::string_view text = without_line_end(content.reveal());
  if (text.empty()) throw bad("is empty");
  if (text.find_first_of("\r\n") != std::string_view::npos)
    throw bad("contains more than one line; does the setting name the wrong file?");
  return Secret(text);
}

Secret Settings::credential(std::string_view name) const {
  const bool has_file = find_setting(std::string(name) + "_file") != nullptr;
  const Secret given = has_file ? secret_or_file(name) : secret(name);
  const std::string_view clean = without_debris(given.reveal());
  std::string why = debris_in(clean, name);
  if (clean.empty() && !given.empty()) why = "contains only blanks, quotes or invisible characters";
  if (why.empty()) return Secret(clean);
  std::string where(name);
  if (has_file && value(name).empty()) where += "_file: " + text(where + "_file");
  throw Error(Status::INVALID_ARGUMENT, "the setting " + where + " " + why);
}

std::string Settings::shown(std::string_view name) const {
  return is_url(name) ? without_userinfo(value(name)) : text(name);
}

std::vector<std::string> Settings::warnings() const {
  std::set<std::string> files = secret_files_;
  for (const char* name : {"client_secret_file", "private_key", "private_key_passphrase_file", "signing_key",
                           "signing_key_passphrase_file", "access_token_file", "client_certificate_key",
                           "client_key_passphrase_file", "partition_key_file"})
    if (has(name)) files.insert(text(name));
  if (has("client_certificate") && !has("client_certificate_key")) files.insert(text("client_certificate"));
  std::vector<std::string> warnings;
  for (const std::string& path : files)
    if (files::readable_by_others(path))
      warnings.push_back(path + " holds a secret and is readable by other users; chmod 600 " + path);
  return warnings;
}

}  // namespace libbcda
