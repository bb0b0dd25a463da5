// Flags made from the table of settings, and how help looks.
#pragma once
#include <CLI/CLI.hpp>
#include <bcda/bcda.hpp>
#include <functional>
#include <map>
#include <string>

namespace cli {

extern const char* const exit_codes;  // for the foot of a command's help

// Refuses an empty value, which would count as if the flag had not been given.
extern const CLI::Validator not_empty;

// Gives the flags that `command` has so far an environment variable each: BCDA_ and the name.
void name_environment(CLI::App& command, const std::string& prefix = "BCDA_");

// The flags that stand for settings: `client_id` is --client-id. A secret has no flag, as a command line can be read by
// everyone on the machine: it comes from its `_file` sibling or from the environment.
class Flags {
 public:
  using Wanted = std::function<bool(const bcda::Setting&)>;

  // Adds --config and a flag for each wanted setting. `this` must stay where it is while `command` is parsed.
  void add_to(CLI::App& command, const Wanted& wanted);

  // Sets what flags gave, then what the --config file has, then what the environment has: the first one counts.
  void apply_to(bcda::Config& config, bool with_environment = true) const;

 private:
  void add_setting(CLI::App& command, const bcda::Setting& setting);

  std::map<std::string, std::string> values_;  // of the flags that were given, by setting
  std::string config_file_;
};

bool is_one_of(const bcda::Setting& setting, std::initializer_list<std::string_view> names);

// --client-id for "client_id".
std::string flag_name(std::string_view setting);

// A text of the library with the flag, or a secret's environment variable, in place of each setting that it names.
std::string in_flags(std::string_view text);

// Two columns, descriptions wrapped; an option's type as we say it.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_option(const CLI::Option* option, bool is_positional) const override;
  std::string make_description(const CLI::App* app) const override;
  std::string make_subcommand(const CLI::App* subcommand) const override;  // the first line of its description
};

}  // namespace cli
