// bcda completion: the scripts with which shells complete a command line.
#include <algorithm>
#include <bcda/bcda.hpp>
#include <map>
#include <memory>
#include <sstream>
#include <utility>

#include "commands.hpp"
#include "outline.hpp"
#include "streams.hpp"

namespace cli {
namespace {

std::string joined(const std::vector<std::string>& words, const char* separator = " ") {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : separator) + word;
  return text;
}

// The first sentence, without its full stop.
std::string first_sentence(const std::string& help) {
  return help.substr(0, std::min(help.find('\n'), std::min(help.find(". "), help.find_last_not_of('.') + 1)));
}

std::string escaped(const std::string& text, std::string_view special) {
  std::string out;
  for (const char c : text) out += special.find(c) == special.npos ? std::string(1, c) : std::string{'\\', c};
  return out;
}

// A word in single quotes, for bash and zsh.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

std::string flag_names(const Outline& command) {
  std::vector<std::string> names;
  for (const Argument& flag : command.flags) names.insert(names.end(), flag.names.begin(), flag.names.end());
  return joined(names);
}

std::string made_by(const char* shell) {
  return std::string("# Completion of bcda ") + std::string(bcda::version()) + " for " + shell +
         ", made by `bcda completion " + shell + "`.\n";
}

// ---- bash ------------------------------------------------------------------------------------------------------------

std::string bash_values(const Values& values) {
  std::string text;
  if (!values.words.empty()) text += "words=" + quoted(joined(values.words)) + ' ';
  if (values.is_list && !values.words.empty()) text += "list=yes ";
  if (values.files || values.directories) text += std::string("files=") + (values.files ? "default " : "dirnames ");
  return text;
}

void print_bash_command(std::ostream& out, const Outline& command) {
  std::map<std::string, std::vector<std::string>> takers;  // the flags that take a value, by what is offered for it
  for (const Argument& flag : command.flags) {
    if (flag.shown.empty()) continue;
    std::vector<std::string>& names = takers[bash_values(flag.values)];
    names.insert(names.end(), flag.names.begin(), flag.names.end());
  }
  out << "    " << command.name << ")\n      flags=" << quoted(flag_names(command)) << "\n      case $flag in\n";
  for (const auto& [values, names] : takers) out << "        " << joined(names, "|") << ") " << values << ";;\n";
  out << "        *) is_value='' ";
  for (const Argument& positional : command.positionals) out << bash_values(positional.values);
  out << ";;\n      esac ;;\n";
}

std::string bash_script(const Outline& app, const std::vector<Outline>& commands) {
  std::ostringstream out;
  std::string names;
  for (const Outline& command : commands) names += command.name + ' ';
  out << made_by("bash") << R"(
_bcda() {
  local cur=${COMP_WORDS[COMP_CWORD]} flag=${COMP_WORDS[COMP_CWORD - 1]} commands=)"
      << quoted(names + "help") << R"(
  local flags='' words='' list='' files='' is_value=yes prefix=''
  COMPREPLY=()
  # Bash splits --out=claims into three words.
  if [[ $cur == = ]]; then cur=''
  elif [[ $flag == = ]]; then flag=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  if ((COMP_CWORD == 1)); then
    is_value='' words=$commands flags=)"
      << quoted(flag_names(app)) << R"(
  else
    case ${COMP_WORDS[1]} in
    help) is_value='' words=$commands ;;
)";
  for (const Outline& command : commands) print_bash_command(out, command);
  out << R"(    *) return ;;
    esac
  fi
  if [[ -z $is_value && ($cur == -* || -z $words$files) ]]; then words=$flags files=''; fi
  if [[ -n $list ]]; then
    prefix=${cur%"${cur##*,}"} cur=${cur##*,}
    compopt -o nospace 2>/dev/null
  fi
  # Readline completes file names, as in other commands.
  if [[ -n $files ]]; then compopt -o "$files" 2>/dev/null; fi
  COMPREPLY=($(compgen -P "$prefix" -W "$words" -- "$cur"))
}
complete -F _bcda bcda
)";
  return out.str();
}

// ---- zsh -------------------------------------------------------------------------------------------------------------

// The placeholder, in front of what is offered. Choices need none.
std::string zsh_message(const Argument& argument) {
  return argument.shown.find('|') == argument.shown.npos ? argument.shown : "value";
}

std::string zsh_action(const Values& values) {
  if (values.files) return "_files";
  if (values.directories) return "_files -/";
  if (values.words.empty()) return " ";
  return values.is_list ? "_sequence compadd - " + joined(values.words) : "(" + joined(values.words) + ")";
}

// "'(-q --quiet)'{-q,--quiet}'[help]'", "'*--table=[help]:TABLE:(claim claim_line)'"
std::string zsh_flag(const Argument& flag) {
  const std::string help = "[" + escaped(first_sentence(flag.help), "\\[]") + "]";
  const bool takes_value = !flag.shown.empty();
  const std::string value = takes_value ? "=" + help + ":" + zsh_message(flag) + ":" + zsh_action(flag.values) : help;
  const std::string before = flag.repeats ? "*" : flag.names.size() > 1 ? "(" + joined(flag.names) + ")" : "";
  if (flag.names.size() == 1) return quoted(before + flag.names.front() + value);
  return (before.empty() ? "" : quoted(before)) + "{" + joined(flag.names, ",") + "}" + quoted(value);
}

std::string zsh_positional(const Argument& positional) {
  return quoted((positional.repeats       ? "*:"
                 : positional.is_required ? ":"
                                          : "::") +
                zsh_message(positional) + ":" + zsh_action(positional.values));
}

void print_zsh_arguments(std::ostream& out, const Outline& command) {
  out << "_arguments -S :";
  for (const Argument& flag : command.flags) out << " \\\n      " << zsh_flag(flag);
  for (const Argument& positional : command.positionals) out << " \\\n      " << zsh_positional(positional);
}

std::string zsh_script(const Outline& app, const std::vector<Outline>& commands) {
  std::ostringstream out;
  out << "#compdef bcda\n" << made_by("zsh") << "\n_bcda() {\n  local command=$words[2]\n  local -a commands=(\n";
  for (const Outline& command : commands) out << "    " << quoted(command.name + ":" + command.summary) << '\n';
  out << "    'help:Explain a command'\n  )\n  if (( CURRENT == 2 )) && [[ $PREFIX == -* ]]; then\n    ";
  print_zsh_arguments(out, app);
  out << R"(
    return
  fi
  if (( CURRENT == 2 )) || [[ $command == help ]]; then
    _describe command commands
    return
  fi
  shift words
  (( CURRENT-- ))
  case $command in
)";
  for (const Outline& command : commands) {
    out << "    " << command.name << ") ";
    print_zsh_arguments(out, command);
    out << " ;;\n";
  }
  out << R"(  esac
}

# The file is a function of fpath, or it is sourced.
if [[ $funcstack[1] == _bcda ]]; then
  _bcda "$@"
else
  compdef _bcda bcda
fi
)";
  return out.str();
}

// ---- fish ------------------------------------------------------------------------------------------------------------

std::string fish_quoted(const std::string& text) { return "'" + escaped(text, "\\'") + "'"; }

std::string fish_values(const Values& values) {
  if (values.files) return "-F ";
  if (values.directories) return "-a '(__fish_complete_directories)' ";
  if (values.words.empty()) return "";
  if (!values.is_list) return "-a " + fish_quoted(joined(values.words)) + ' ';
  return "-a " + fish_quoted("(__fish_complete_list , 'string split \" \" \"" + joined(values.words) + "\"')") + ' ';
}

std::string fish_flag(const Argument& flag) {
  std::string line;
  for (const std::string& name : flag.names)
    line += name.size() == 2 ? "-s " + name.substr(1) + ' ' : "-l " + name.substr(2) + ' ';
  if (!flag.shown.empty()) line += "-r " + (flag.values.files ? "" : std::string("-f ")) + fish_values(flag.values);
  return line + "-d " + fish_quoted(first_sentence(flag.help));
}

// The lines of all commands, each with the commands that have it, because many flags are in many commands.
class FishLines {
 public:
  void add(const std::string& line, const std::string& command) {
    if (line.empty()) return;
    const auto found = std::find_if(lines_.begin(), lines_.end(), [&](const auto& one) { return one.first == line; });
    auto& names = (found == lines_.end() ? lines_.emplace_back(line, std::vector<std::string>()) : *found).second;
    names.push_back(command);
  }
  void print(std::ostream& out) const {
    for (const auto& [line, names] : lines_)
      out << "complete -c bcda -n '__bcda_runs " << joined(names) << "' " << line << '\n';
  }

 private:
  std::vector<std::pair<std::string, std::vector<std::string>>> lines_;
};

std::string fish_script(const Outline& app, const std::vector<Outline>& commands) {
  std::ostringstream out;
  FishLines lines;
  out << made_by("fish") << R"(
function __bcda_runs # whether the command line has one of these commands
  set -l words (commandline -opc)
  test (count $words) -gt 1; and contains -- $words[2] $argv
end

function __bcda_begins # whether there is no command yet
  test (count (commandline -opc)) -eq 1
end

complete -c bcda -f
)";
  for (const Argument& flag : app.flags) out << "complete -c bcda -n __bcda_begins " << fish_flag(flag) << '\n';
  for (const Outline& command : commands) {
    const std::string line = "-a " + command.name + " -d " + fish_quoted(command.summary);
    out << "complete -c bcda -n __bcda_begins " << line << '\n';
    lines.add(line, "help");
    for (const Argument& positional : command.positionals) lines.add(fish_values(positional.values), command.name);
    for (const Argument& flag : command.flags) lines.add(fish_flag(flag), command.name);
  }
  out << "complete -c bcda -n __bcda_begins -a help -d 'Explain a command'\n";
  lines.print(out);
  return out.str();
}

}  // namespace

void add_completion(CLI::App& app, Command& chosen) {
  auto shell = std::make_shared<std::string>();
  CLI::App& command = *app.add_subcommand("completion");
  command.description(R"(Print a script that completes command lines of bcda in a shell

The packages of Debian bring these scripts along. Elsewhere, add the first of these lines to ~/.bashrc,
or the second one to ~/.zshrc after compinit, or run the third one once.

  source <(bcda completion bash)
  source <(bcda completion zsh)
  bcda completion fish > ~/.config/fish/completions/bcda.fish)");
  command.add_option("SHELL", *shell, "The shell")
      ->required()
      ->option_text("bash|zsh|fish")
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command.callback([&app, shell, &chosen] {
    chosen = [&app, shell] {
      const auto script = *shell == "bash" ? bash_script : *shell == "zsh" ? zsh_script : fish_script;
      print(script(outline_of(app), outlines_of(app)));
      return 0;
    };
  });
}

}  // namespace cli
