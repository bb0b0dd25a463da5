#include "outline.hpp"

#include <algorithm>
#include <bcda/bcda.hpp>
#include <boost/json/parse.hpp>
#include <optional>
#include <set>
#include <sstream>

namespace cli {
namespace {

// ---- Placeholders ----------------------------------------------------------------------------------------------------

std::vector<std::string> profile_names() {
  std::vector<std::string> names;
  const boost::json::value profiles = boost::json::parse(bcda::profiles());
  for (const auto& row : profiles.as_array()) names.emplace_back(row.at("name").as_string());
  return names;
}

// The resource types that are known of some kind of server.
std::vector<std::string> type_names() {
  std::set<std::string> names;
  const boost::json::value profiles = boost::json::parse(bcda::profiles());
  for (const auto& row : profiles.as_array())
    for (const auto& type : row.at("types").as_array()) names.emplace(type.as_string());
  return {names.begin(), names.end()};
}

// What the placeholder stands for, if it is one that is known here.
std::optional<Values> values_of_placeholder(const std::string& name) {
  if (name == "PATH" || name == "FILE" || name == "MANIFEST") return Values{.files = true, .words = {}};
  if (name == "DIR") return Values{.directories = true, .words = {}};
  if (name == "TABLE") return Values{.words = bcda::table_names()};
  if (name == "PROFILE") return Values{.words = profile_names()};
  if (name == "TYPE") return Values{.words = type_names()};
  if (name == "URL") return Values{};
  return std::nullopt;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

// "PATH...", "TABLE,...", "URL|DIR", "power|process". With a bar, other words are choices. Without one, it is free text.
Values values_of(std::string shown) {
  Values all;
  if (const std::size_t dots = shown.find("..."); dots != shown.npos) {
    shown.resize(dots);
    all.is_list = !shown.empty() && shown.back() == ',';
    if (all.is_list) shown.pop_back();
  }
  const std::vector<std::string> parts = split(shown, '|');
  for (const std::string& part : parts) {
    const std::optional<Values> one = values_of_placeholder(part);
    if (!one && parts.size() > 1) all.words.push_back(part);
    if (!one) continue;
    all.files |= one->files;
    all.directories |= one->directories;
    all.words.insert(all.words.end(), one->words.begin(), one->words.end());
  }
  return all;
}

// ---- CLI11's options -------------------------------------------------------------------------------------------------

Argument argument_of(const CLI::Option& option) {
  Argument argument;
  for (const std::string& name : option.get_snames()) argument.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) argument.names.push_back("--" + name);
  const bool takes_value = option.get_items_expected_max() > 0;
  if (takes_value) argument.shown = option.get_option_text();
  argument.help = option.get_description();
  argument.group = option.get_group();
  argument.is_required = option.get_required();
  argument.repeats = takes_value && option.get_items_expected_max() > 1;
  argument.values = values_of(argument.shown);
  return argument;
}

}  // namespace

Outline outline_of(const CLI::App& command) {
  Outline outline{.name = command.get_name(), .summary = {}, .text = {}, .flags = {}, .positionals = {}};
  const std::string description = command.get_description();
  const std::size_t end = std::min(description.find('\n'), description.size());
  outline.summary = description.substr(0, end);
  outline.text = description.substr(std::min(description.find_first_not_of('\n', end), description.size()));
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_group().empty()) continue;  // the flag of a secret, which exists only to be refused
    Argument argument = argument_of(*option);
    (argument.names.empty() ? outline.positionals : outline.flags).push_back(std::move(argument));
  }
  return outline;
}

std::vector<Outline> outlines_of(const CLI::App& app) {
  std::vector<Outline> all;
  for (const CLI::App* command : app.get_subcommands({})) all.push_back(outline_of(*command));
  return all;
}

}  // namespace cli
