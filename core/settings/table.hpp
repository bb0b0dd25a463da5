// The table of all settings. The flags of the command, the arguments in each language and docs/settings.md are made
// from it.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace libbcda {

enum class SettingType { string, path, boolean, integer, duration, size, choice, list };
enum class SettingScope { client, export_, table, partition };

struct Setting {
  const char* name;
  SettingType type;
  SettingScope scope;
  bool secret;
  const char* default_value;
  const char* choices;       // comma-separated; "" unless the type is choice
  const char* help;          // one sentence
  std::string env;           // the environment variable: "BCDA_" and the name in upper case
  bool of_request = false;   // says what a job is asked for, or whom: requests that differ in it are two jobs
  bool for_opening = false;  // a process that only opens partitions uses it
};

const std::vector<Setting>& settings_table();
const Setting* find_setting(std::string_view name);
const char* setting_type_name(SettingType type);

// The other setting for the same value (client_secret_file for client_secret), or "" if there is none.
std::string_view alternative_of(std::string_view name);

}  // namespace libbcda
