#include "flags.hpp"

#include <unistd.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "streams.hpp"
#include "suggest.hpp"

namespace cli {

const char* const exit_codes =
    "Exit codes: 0 done, 1 failed, 2 usage, 3 authentication, 4 refused by the service or job failed,\n"
    "5 decryption or verification failed, or a record is malformed, 6 done, but resources are missing,\n"
    "7 another sync of the directory is running, 130 interrupted.";

const CLI::Validator not_empty([](const std::string& value) { return value.empty() ? "needs a value" : ""; }, "");

void add_directory(CLI::App& command, std::string& directory, const std::string& help) {
  command.add_option("DIR", directory, help)->required()->option_text("DIR")->check(not_empty);
}

namespace {

std::string upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::toupper(c); });
  return out;
}

// The placeholder for the value in help: "DURATION", "power|process", "TABLE,...". Shells complete what it names
// (outline.cpp).
std::string value_name(const bcda::Setting& setting) {
  if (setting.name() == "tables") return "TABLE,...";
  if (setting.name() == "types") return "TYPE,...";
  if (setting.type() == BCDA_TYPE_LIST) return "A,B,...";
  if (setting.type() != BCDA_TYPE_CHOICE) return upper(setting.type_name());
  std::string choices(setting.choices());
  std::replace(choices.begin(), choices.end(), ',', '|');
  return choices;
}

std::string description(const bcda::Setting& setting) {
  std::string text(setting.help());
  text += " (";
  if (!setting.default_value().empty()) text.append("default ").append(setting.default_value()).append("; ");
  return text.append(setting.env()).append(")");
}

// Refuses the flag of a secret. The message does not repeat the value.
void reject_secret(CLI::App& command, const bcda::Setting& setting) {
  const std::string name(setting.name());
  std::string instead = "the environment variable " + std::string(setting.env());
  if (bcda_setting_find((name + "_file").c_str())) instead = flag_name(name + "_file") + " or " + instead;
  command
      .add_option_function<std::string>(flag_name(name),
                                        [name, instead](const std::string&) {
                                          throw CLI::ValidationError(
                                              flag_name(name),
                                              "other users can read a secret on the command line; use " + instead);
                                        })
      ->group("");
}

// Refuses a proxy with a password on the command line. The message does not repeat the value.
const std::string& checked(const std::string& name, const std::string& value) {
  if (name == "proxy" && value.find('@') != std::string::npos)
    throw CLI::ValidationError(flag_name(name),
                               "other users can read the proxy's password on the command line; use the environment "
                               "variable BCDA_PROXY or a configuration file");
  return value;
}

}  // namespace

bool is_one_of(const bcda::Setting& setting, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), setting.name()) != names.end();
}

std::string flag_name(std::string_view setting) {
  std::string flag = "--" + std::string(setting);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

namespace {

std::set<std::string> options;  // of the command; {}: each setting has one

bool has_option(const std::string& flag) { return options.empty() || options.count(flag.substr(2)) > 0; }

// What a user of the command writes to set a setting: its flag or its environment variable.
std::string given_as(const bcda::Setting& setting, std::string_view text) {
  if (!setting.secret()) return flag_name(setting.name());
  const std::string file = std::string(setting.name()) + "_file";
  const bool by_file = bcda_setting_find(file.c_str()) && text.find(file) == text.npos;
  return (by_file ? flag_name(file) + " or " : "") + std::string(setting.env());
}

// Whether `text` had that end.
bool drop_end(std::string& text, std::string_view end) {
  const bool has_end = text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
  if (has_end) text.resize(text.size() - end.size());
  return has_end;
}

bool is_name(char c) { return c == '_' || (c >= 'a' && c <= 'z'); }

// The words before a name that show that it is the name of a setting: "the setting out", "set restart".
bool announces_setting(std::string_view before, bool plain_word) {
  const auto ends = [&](std::string_view end) {
    return before.size() >= end.size() && before.substr(before.size() - end.size()) == end;
  };
  if (ends("setting ") || ends("other settings: ") || ends("; set ") || ends(", set ") || ends(" or set ")) return true;
  return !plain_word && (ends("check ") || ends(", ") || ends(" and ") || ends(" or ") || ends("(or ") || ends("("));
}

}  // namespace

void name_options_of(const CLI::App* command) {
  options.clear();
  if (!command) return;
  for (const CLI::Option* option : command->get_options())
    options.insert(option->get_lnames().begin(), option->get_lnames().end());
}

std::string in_flags(std::string_view text) {
  if (text.substr(0, 22) == "the configuration file") return std::string(text);  // its members are named like settings
  std::string out, names;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && is_name(text[end])) ++end;
    const std::string word(text.substr(at, end - at));
    const bcda_setting* const row = word.empty() ? nullptr : bcda_setting_find(word.c_str());
    const bool whole = end == text.size() || std::string_view(" ,;:)=").find(text[end]) != std::string_view::npos;
    const bool value = end < text.size() && text[end] == '=' && at > 0 && text[at - 1] == ' ';
    if (row && whole && (value || announces_setting(text.substr(0, at), word.find('_') == word.npos))) {
      drop_end(out, "the setting ");
      const bcda::Setting setting(row);
      if (setting.secret() || has_option(flag_name(word))) {
        out += given_as(setting, text);
      } else if (setting.type() == BCDA_TYPE_BOOLEAN && drop_end(out, "set ")) {
        out += "run bcda export " + flag_name(word);
      } else {
        out += flag_name(word) + " of bcda export";
      }
      const bool differs = word.find('_') != word.npos;  // from its flag, so a reader of a configuration file needs it
      if (differs && names.find(word) == names.npos) names += (names.empty() ? "" : ", ") + word;
    } else {
      out += word;
    }
    if (end < text.size()) out += text[end];
    at = end + 1;
  }
  if (!names.empty()) out += (names.find(',') == names.npos ? " (setting " : " (settings ") + names + ")";
  return out;
}

void Flags::add_setting(CLI::App& command, const bcda::Setting& setting) {
  const std::string name(setting.name());
  const std::string flag = name == "types" ? "--type,--types" : flag_name(name);
  CLI::Option* option = nullptr;
  switch (setting.type()) {
    case BCDA_TYPE_BOOLEAN: {
      const bool on = setting.default_value() != "false";  // then the useful flag, or one of two, is --no-...
      option =
          command.add_flag_function(on ? flag + ",!--no" + flag.substr(1) : flag,
                                    [this, name](std::int64_t count) { values_[name] = count > 0 ? "true" : "false"; });
      break;
    }
    case BCDA_TYPE_LIST:
      option = command.add_option_function<std::vector<std::string>>(
          flag, [this, name](const std::vector<std::string>& items) { values_[name] = CLI::detail::join(items, ","); });
      option->allow_extra_args(false)->option_text(value_name(setting))->check(not_empty);  // "" would mean all
      break;
    default:
      option = command.add_option_function<std::string>(
          flag, [this, name](const std::string& value) { values_[name] = checked(name, value); });
      option->option_text(value_name(setting))->take_last();  // if a flag is repeated, the last one counts, as usual
  }
  option->description(description(setting));
  constexpr const char* groups[] = {"Service, credentials and connections", "Export", "Tables"};
  option->group(groups[setting.scope()]);
}

void leave_out_key(bcda::Config& config) {
  for (const char* key : {"private_key", "private_key_pem"}) {
    if (config.value(key).empty()) continue;
    config.set("allow_plaintext", "true");
    config.set(key, nullptr);
  }
}

void name_environment(CLI::App& command, const std::string& prefix) {
  for (CLI::Option* option : command.get_options()) {
    if (option->get_lnames().empty() || option->get_lnames().front() == "help") continue;
    std::string name = prefix + option->get_lnames().front();
    std::transform(name.begin(), name.end(), name.begin(), [](char c) {
      return c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    });
    option->envname(name);
  }
}

void Flags::add_to(CLI::App& command, const Wanted& wanted) {
  command_ = &command;
  command
      .add_option("--config", config_file_,
                  "JSON file with settings, {\"name\": value}; flags override it, and it "
                  "overrides the environment (BCDA_CONFIG)")
      ->option_text("FILE")
      ->envname("BCDA_CONFIG");
  if (wanted(bcda::Setting(bcda_setting_find("url"))))
    command
        .add_flag_callback("--hide-outcomes", hide_outcomes,
                           "Do not print the service's own words about a failure; they may name beneficiaries, and "
                           "standard error may end in a log or a mail")
        ->envname("BCDA_HIDE_OUTCOMES");
  for (const bcda::Setting& setting : bcda::settings()) {
    const bool is_of_runs = setting.scope() == BCDA_SCOPE_CLIENT || setting.scope() == BCDA_SCOPE_EXPORT;
    if (!is_of_runs || !wanted(setting)) continue;
    setting.secret() ? reject_secret(command, setting) : add_setting(command, setting);
  }
}

void Flags::add_for_tables(CLI::App& command) {
  add_to(command, [](const bcda::Setting&) { return false; });
  for (const bcda::Setting& setting : bcda::settings())
    if (setting.scope() == BCDA_SCOPE_TABLE) add_setting(command, setting);
}

void Flags::apply_to(bcda::Config& config, bool with_environment) const {
  name_options_of(command_);
  for (const auto& [name, value] : values_) config.set(name, value);
  if (!config_file_.empty()) config.load_file(config_file_);
  if (!with_environment) return;
  config.load_env();
  mention_unknown_variables();
}

// Only those whose name is similar to a known one, because other programs may have variables of this prefix.
void Flags::mention_unknown_variables() const {
  constexpr std::string_view prefix = "BCDA_";
  std::vector<std::string> known;  // without the prefix, of all commands
  const auto know = [&](const std::string& name) {
    if (name.compare(0, prefix.size(), prefix) == 0) known.push_back(name.substr(prefix.size()));
  };
  for (const bcda::Setting& setting : bcda::settings()) know(std::string(setting.env()));
  for (const CLI::App* command : command_->get_parent()->get_subcommands({}))
    for (const CLI::Option* option : command->get_options()) know(option->get_envname());
  for (char** at = environ; *at; ++at) {
    const std::string_view entry = *at;
    if (entry.substr(0, prefix.size()) != prefix) continue;
    const std::string name(entry.substr(prefix.size(), entry.find('=') - prefix.size()));
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    if (const std::string near = nearest(name, known); !near.empty())
      print_error("warning: the environment variable BCDA_" + name + " is unknown; did you mean BCDA_" + near + "?");
  }
}

std::string HelpFormatter::make_option(const CLI::Option* option, bool is_positional) const {
  constexpr std::size_t column = 34, width = 100;
  std::string text = option->get_option_text();
  if (!text.empty() && !is_positional) text.insert(0, " ");
  std::string line = "  " + (is_positional ? text : make_option_name(option, false) + text);
  std::string out;
  if (line.size() + 2 > column) {
    out = line + '\n';
    line.clear();
  }
  line.resize(column, ' ');
  std::istringstream lines(make_option_desc(option));
  for (std::string text_line; std::getline(lines, text_line); line.assign(column, ' ')) {
    line.append(text_line.find_first_not_of(' ') == text_line.npos ? 0 : text_line.find_first_not_of(' '), ' ');
    std::istringstream words(text_line);
    bool first = true;
    for (std::string word; words >> word; first = false) {
      if (!first && line.size() + word.size() + 1 > width) {
        out += line + '\n';
        line.assign(column, ' ');
        first = true;
      }
      line += (first ? "" : " ") + word;
    }
    out += line + '\n';
  }
  return out;
}

std::string HelpFormatter::make_description(const CLI::App* app) const { return app->get_description() + "\n\n"; }

std::string HelpFormatter::make_subcommand(const CLI::App* subcommand) const {
  std::string name = "  " + subcommand->get_name();
  name.resize(14, ' ');
  const std::string text = subcommand->get_description();
  return name + text.substr(0, text.find('\n')) + '\n';
}

}  // namespace cli
