// bcda man: the manual page.
#include <algorithm>
#include <bcda/bcda.hpp>
#include <cstdlib>
#include <ctime>
#include <iterator>
#include <map>
#include <sstream>

#include "commands.hpp"
#include "flags.hpp"
#include "outline.hpp"
#include "streams.hpp"

namespace cli {
namespace {

// ---- The language of manual pages (man(7)) ---------------------------------------------------------------------------

// Text that means itself.
std::string roff(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '\\' ? "\\e" : c == '-' ? "\\-" : std::string(1, c);
  return !out.empty() && (out.front() == '.' || out.front() == '\'') ? "\\&" + out : out;
}

std::string bold(const std::string& text) { return "\\fB" + roff(text) + "\\fR"; }

// An argument of a macro, which is in quotes.
std::string macro(const std::string& text) {
  std::string out;
  for (const char c : roff(text)) out += c == '"' ? "\\(dq" : std::string(1, c);
  return '"' + out + '"';
}

// An empty line begins a paragraph. Lines that begin with two blanks are examples or a list, and stay lines.
void print_text(std::ostream& out, const std::string& text) {
  bool is_verbatim = false, begins = false;
  const auto set_verbatim = [&](bool wanted) {
    if (wanted != is_verbatim) out << (wanted ? ".RS 4\n.EX\n" : ".EE\n.RE\n");
    is_verbatim = wanted;
  };
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) {
      begins = true;
      continue;
    }
    const bool indented = line.starts_with("  ");
    if (begins && !(indented && is_verbatim)) {
      set_verbatim(false);
      out << ".PP\n";
    }
    set_verbatim(indented);
    out << roff(indented ? line.substr(2) : line) << '\n';
    begins = false;
  }
  set_verbatim(false);
}

// ---- The page --------------------------------------------------------------------------------------------------------

std::string described_flag(const Argument& flag) {
  std::string text = ".TP\n";
  for (const std::string& name : flag.names) text += (&name == &flag.names.front() ? "" : ", ") + bold(name);
  return text + (flag.shown.empty() ? "" : " " + roff(flag.shown)) + '\n';
}

void print_arguments(std::ostream& out, const std::vector<Argument>& arguments) {
  for (const Argument& argument : arguments) {
    out << (argument.names.empty() ? ".TP\n" + roff(argument.shown) + '\n' : described_flag(argument));
    print_text(out, argument.help);
  }
}

// The flags that several commands have, which are described once. A command in which such a name means something else
// describes it itself.
class SharedFlags {
 public:
  explicit SharedFlags(const std::vector<Outline>& commands) {
    std::map<std::string, int> counts;
    for (const Outline& command : commands)
      for (const Argument& flag : command.flags)
        if (++counts[key(flag)] == 2 && descriptions_.emplace(flag.names, key(flag)).second) flags_.push_back(flag);
  }

  bool has(const Argument& flag) const {
    const auto found = descriptions_.find(flag.names);
    return found != descriptions_.end() && found->second == key(flag);
  }

  void print(std::ostream& out) const {
    std::vector<std::string> groups;
    for (const Argument& flag : flags_)
      if (std::find(groups.begin(), groups.end(), flag.group) == groups.end()) groups.push_back(flag.group);
    for (const std::string& group : groups) {
      std::vector<Argument> flags;
      std::copy_if(flags_.begin(), flags_.end(), std::back_inserter(flags),
                   [&](const Argument& flag) { return flag.group == group; });
      if (group != "Options") out << ".SS " << macro(group) << '\n';
      print_arguments(out, flags);
    }
  }

 private:
  static std::string key(const Argument& flag) { return described_flag(flag) + flag.help; }

  std::vector<Argument> flags_;
  std::map<std::vector<std::string>, std::string> descriptions_;  // by their names
};

void print_command(std::ostream& out, const Outline& command, const SharedFlags& shared) {
  std::string usage = "bcda " + command.name + " [OPTIONS]", names;
  for (const Argument& positional : command.positionals)
    usage += positional.is_required ? ' ' + positional.shown : " [" + positional.shown + "]";
  out << ".SS " << macro(usage) << '\n' << roff(command.summary) << ".\n";
  if (!command.text.empty()) out << ".PP\n";
  print_text(out, command.text);
  std::vector<Argument> own;
  for (const Argument& flag : command.flags) {
    if (!shared.has(flag)) own.push_back(flag);
    for (const std::string& name : flag.names)
      if (shared.has(flag)) names += (names.empty() ? "" : ", ") + bold(name);
  }
  print_arguments(out, command.positionals);
  print_arguments(out, own);
  out << ".PP\nIt takes these options, which OPTIONS explains: " << names << ".\n";
}

// Of the sources, if SOURCE_DATE_EPOCH tells it, so that two builds make the same page.
std::string date() {
  const char* const epoch = std::getenv("SOURCE_DATE_EPOCH");
  const std::time_t now = epoch ? static_cast<std::time_t>(std::strtoll(epoch, nullptr, 10)) : std::time(nullptr);
  std::tm utc{};
  char text[sizeof "2026-11-27"] = "";
  if (::gmtime_r(&now, &utc)) std::strftime(text, sizeof text, "%Y-%m-%d", &utc);
  return text;
}

std::string manual(const Outline& app, const std::vector<Outline>& commands) {
  std::ostringstream out;
  const SharedFlags shared(commands);
  out << ".\\\" Made by `bcda man`.\n.TH BCDA 1 " << date() << ' ' << macro("bcda " + std::string(bcda::version()))
      << ' ' << macro("User Commands")
      << "\n.nh\n.ad l\n.SH NAME\nbcda \\- export of Medicare claims from CMS's Beneficiary Claims Data API\n"
      << ".SH SYNOPSIS\n"
      << bold("bcda") << " COMMAND [OPTIONS]\n.br\n"
      << bold("bcda help") << " COMMAND\n"
      << ".SH DESCRIPTION\n"
      << roff(app.summary) << '\n';
  print_text(out, app.text);
  print_arguments(out, app.flags);
  out << ".SH COMMANDS\n";
  for (const Outline& command : commands) print_command(out, command, shared);
  out << ".SH OPTIONS\nSeveral commands have these options. Most of them are settings. The help of a setting names "
         "its\n"
         "environment variable in parentheses. A setting may also come from the file of "
      << bold("--config") << ".\nA flag overrides the file, and the file overrides the environment.\n";
  shared.print(out);
  out << ".SH EXIT STATUS\n" << roff(exit_codes) << '\n';
  return out.str();
}

}  // namespace

void add_man(CLI::App& app, Command& chosen) {
  CLI::App& command = *app.add_subcommand("man");
  command.description(R"(Print the manual page

Prints the manual page of bcda, in the format of man(7).

  bcda man | man -l -)");
  command.callback([&app, &chosen] {
    chosen = [&app] {
      print(manual(outline_of(app), outlines_of(app)));
      return 0;
    };
  });
}

}  // namespace cli
