// A set of values for the settings.
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
#include "settings/table.hpp"

namespace libbcda {

// Parses a size such as "64KiB" or "1GiB". A number without a unit is in bytes.
std::optional<std::int64_t> parse_size(std::string_view text);

// Throws Error{FILESYSTEM} if `path`, the value of `setting`, names no file and may be the secret itself, which has at
// least `shortest` bytes. The message shows no part of it, as that of a file that cannot be read would.
void check_secret_path(const std::string& setting, const std::string& path, std::size_t shortest = 0);

class Settings {
 public:
  // Throws Error{INVALID_ARGUMENT}. The message names the setting and what it takes or, for an unknown name, the most
  // similar name. If two settings are for the same value (client_secret and client_secret_file), setting one unsets the
  // other, unless the value is empty.
  void set(std::string_view name, std::string_view value);
  // Appends one item to the value of a list setting. The item may contain a comma. The default of the setting is not
  // kept. Throws as set() does.
  void add(std::string_view name, std::string_view item);
  void unset(std::string_view name);
  // Reserves the setting for a value that comes later. Until then taken() is true and has() is false.
  void reserve(std::string_view name);
  // Whether the setting has a value of its own. An empty one that equals the default is none.
  bool has(std::string_view name) const;
  // Whether the setting was set, also to an empty value, or its alternative has one. Then no other source sets it.
  bool taken(std::string_view name) const;

  // These two do not replace values that are already set.
  void load_environment();
  void load_json_file(const std::string& path);
  void load_json(std::string_view text);

  // Returns a copy in which the values of `other` replace ours. `other` may hold only export settings, and with
  // `for_reading` also those of tables and partitions.
  Settings with(const Settings& other, bool for_reading = false) const;

  // These return the value that is set, or else the default. The setting must have the matching type.
  std::string text(std::string_view name) const;
  std::string shown(std::string_view name) const;  // the same without the user and password of a URL: ***@host
  Secret secret(std::string_view name) const;
  bool boolean(std::string_view name) const;
  std::int64_t integer(std::string_view name) const;  // also for sizes, in bytes
  Milliseconds duration(std::string_view name) const;
  std::vector<std::string> list(std::string_view name) const;

  // Returns the secret that is set directly, or else the content of the file that the setting `name` + "_file" names.
  // Line breaks at the end are removed.
  Secret secret_or_file(std::string_view name) const;
  // Returns client_id or client_secret from whichever setting holds it. Copying a credential can put quotes, blanks,
  // line breaks and invisible characters around it; these are removed. Throws Error{INVALID_ARGUMENT} if a character
  // inside the value cannot be part of a credential.
  Secret credential(std::string_view name) const;

  // One warning for each file that holds a secret and that users other than its owner may read.
  std::vector<std::string> warnings() const;

 private:
  std::string_view value(std::string_view name) const;
  void load_json(std::string_view text, const std::string& what, const std::string& path);
  std::map<std::string, Secret, std::less<>> values_;
  std::set<std::string, std::less<>> reserved_;
  std::set<std::string> secret_files_;  // configuration files that were loaded and hold a secret
};

}  // namespace libbcda
