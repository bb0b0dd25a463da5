// The one table of settings, and a set of values for them.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"

namespace libbcda {

enum class SettingType { string, path, boolean, integer, duration, size, choice, list };
enum class SettingScope { client, export_ };

struct Setting {
  const char* name;
  SettingType type;
  SettingScope scope;
  bool secret;
  const char* default_value;
  const char* choices;  // comma separated; "" unless a choice
  const char* help;     // one sentence
  std::string env;      // "BCDA_" and the name in upper case
};

const std::vector<Setting>& settings_table();
const Setting* find_setting(std::string_view name);
const char* setting_type_name(SettingType type);

// Sizes such as "64KiB" or "1GiB"; a bare number is bytes.
std::optional<std::int64_t> parse_size(std::string_view text);

// The setting that says the same thing in another way (client_secret_file for client_secret), or "".
std::string_view rival_of(std::string_view name);

class Settings {
 public:
  // Throws Error{INVALID_ARGUMENT} naming the setting, what it takes and, for an unknown name, the nearest one.
  // Where two settings say the same thing (client_secret and client_secret_file), setting one unsets the other.
  void set(std::string_view name, std::string_view value);
  // Appends one item, which may hold a comma, to what a list setting was set to; its default is not kept. Throws as set.
  void add(std::string_view name, std::string_view item);
  void unset(std::string_view name);
  // As set, for a value that comes later: until then it is taken, but not there.
  void reserve(std::string_view name);
  bool has(std::string_view name) const;
  bool taken(std::string_view name) const;

  // These set only what is not set yet.
  void load_environment();
  void load_json_file(const std::string& path);
  void load_json(std::string_view text);

  // The values of `other` go before ours. Only export settings may be in it.
  Settings with(const Settings& other) const;

  // The value in force, as a type the name's row allows.
  std::string text(std::string_view name) const;
  Secret secret(std::string_view name) const;
  bool boolean(std::string_view name) const;
  std::int64_t integer(std::string_view name) const;  // also for sizes
  Milliseconds duration(std::string_view name) const;
  std::vector<std::string> list(std::string_view name) const;

  // A secret given directly, or else read from the file that the setting `name` + "_file" names, less final line ends.
  Secret secret_or_file(std::string_view name) const;
  // client_id or client_secret, from wherever it is set, without the quotes, blanks, line ends and invisible characters that
  // copying it has put around it. Throws Error{INVALID_ARGUMENT} when something within it cannot be part of a credential.
  Secret credential(std::string_view name) const;

  // Files with secrets that others than their owner may read.
  std::vector<std::string> warnings() const;

 private:
  std::string_view value(std::string_view name) const;
  void load_json(std::string_view text, const std::string& what, const std::string& path);
  std::map<std::string, Secret, std::less<>> values_;
  std::set<std::string, std::less<>> reserved_;
  std::set<std::string> secret_files_;  // configuration files that were loaded and hold a secret
};

}  // namespace libbcda
