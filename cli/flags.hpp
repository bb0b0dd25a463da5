// Flags from the table of settings, and the format of help.
#pragma once
#include <CLI/CLI.hpp>
#include <bcda/bcda.hpp>
#include <functional>
#include <map>
#include <string>

namespace cli {

extern const char* const exit_codes;  // for the end of a command's help

// Refuses an empty value, because it would have the same effect as no flag.
extern const CLI::Validator not_empty;

// The argument DIR.
void add_directory(CLI::App& command, std::string& directory, const std::string& help);

// Gives each existing flag of `command` an environment variable: BCDA_ and the name.
void name_environment(CLI::App& command, const std::string& prefix = "BCDA_");

// The flags for settings: `client_id` is --client-id. A secret has no flag, because everyone on the machine can read
// command lines. It comes from the setting with `_file` or from the environment.
class Flags {
 public:
  using Wanted = std::function<bool(const bcda::Setting&)>;

  // Adds --config and a flag for each wanted setting. This object must not move while `command` is parsed.
  void add_to(CLI::App& command, const Wanted& wanted);

  // The same for the settings of tables, which add_to() leaves out.
  void add_for_tables(CLI::App& command);

  // Applies the flags, the --config file and the environment. The first of them that has a setting counts.
  void apply_to(bcda::Config& config, bool with_environment = true) const;

 private:
  void add_setting(CLI::App& command, const bcda::Setting& setting);
  void mention_unknown_variables() const;

  const CLI::App* command_ = nullptr;

  std::map<std::string, std::string> values_;  // the values of the given flags, by setting
  std::string config_file_;
};

// For a command that opens no file: the key is not read. The profile stays that of a service that encrypts.
void leave_out_key(bcda::Config& config);

bool is_one_of(const bcda::Setting& setting, std::initializer_list<std::string_view> names);

// Returns --client-id for "client_id".
std::string flag_name(std::string_view setting);

// A text of the library in which each name of a setting is replaced by its flag, or by its environment variable for a
// secret. A name that differs from its flag follows at the end, because a configuration file needs it.
// An option that the command does not have is named as one of bcda export.
std::string in_flags(std::string_view text);

// The command whose options in_flags() names; null: each setting has an option.
void name_options_of(const CLI::App* command);

// Prints help in two columns with wrapped descriptions, and with our placeholders for values.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_option(const CLI::Option* option, bool is_positional) const override;
  std::string make_description(const CLI::App* app) const override;
  std::string make_subcommand(const CLI::App* subcommand) const override;  // the first line of its description
};

}  // namespace cli
