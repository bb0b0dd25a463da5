// What the command line accepts, as data, for the completion scripts and the manual page. It is read from the commands
// that the parser has, so it lacks no flag of --help.
#pragma once
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace cli {

// What a shell can offer as a value.
struct Values {
  bool files = false, directories = false;  // `files` includes directories
  bool is_list = false;                     // several items with commas between them
  std::vector<std::string> words;
};

// A flag, or a positional argument.
struct Argument {
  std::vector<std::string> names;  // {"-q", "--quiet"}; {}: a positional argument
  std::string shown;               // the placeholder of its value in help, "PATH"; "": it takes no value
  std::string help;
  std::string group;  // the heading in help
  bool is_required = false, repeats = false;
  Values values;
};

struct Outline {
  std::string name, summary, text;
  std::vector<Argument> flags, positionals;
};

Outline outline_of(const CLI::App& command);

// Those of the subcommands.
std::vector<Outline> outlines_of(const CLI::App& app);

}  // namespace cli
