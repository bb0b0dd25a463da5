// Reads the command line and runs one subcommand.
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <exception>
#include <memory>
#include <optional>
#include <sstream>

#include "commands.hpp"
#include "flags.hpp"
#include "streams.hpp"
#include "suggest.hpp"
#include "text.hpp"
#include "undumpable.hpp"

namespace {

constexpr int usage = 2;

// A flag as it was typed, without the value after '=', because that may be a secret.
std::string flag_of(const std::string& argument) { return argument.substr(0, argument.find('=')); }

bool is_flag(const std::string& argument) { return argument.size() > 1 && argument.front() == '-'; }

std::vector<std::string> flags_of(const CLI::App& command) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_group().empty()) continue;  // the flag of a secret, which exists only to be refused
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
  return flags;
}

std::vector<std::string> subcommands_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

std::string did_you_mean(const std::string& typed, const std::vector<std::string>& names) {
  const std::string near = cli::nearest(typed, names);
  return near.empty() ? "" : "; did you mean " + near + "?";
}

// The first name that `command` does not know, or "". The value of an unknown flag is not shown, because it may be a
// secret.
std::string unknown(const CLI::App& command, bool has_subcommands) {
  const std::vector<std::string> extra = command.remaining();
  if (extra.empty()) return "";
  const auto flag = std::find_if(extra.begin(), extra.end(), is_flag);
  const bool word_first = has_subcommands && flag != extra.begin();
  if (word_first) {
    return "there is no command " + extra.front() + did_you_mean(extra.front(), subcommands_of(command));
  }
  if (flag != extra.end()) {
    const std::string typed = flag_of(*flag);
    return command.get_name() + " has no option " + typed + did_you_mean(typed, flags_of(command));
  }
  return command.get_name() + " takes no argument \"" + extra.front() + "\"";
}

// Rewrites CLI11's message for a command line without unknown names.
std::string reworded(const CLI::ParseError& error) {
  std::string text = error.what();
  const std::size_t colon = text.find(": "), excludes = text.find(" excludes ");
  const bool missing = error.get_name() == "ArgumentMismatch" && text.find(" missing") != text.npos;
  const bool empty = error.get_name() == "ValidationError" && text.compare(colon + 2, text.npos, "needs a value") == 0;
  if (missing || empty) return text.substr(0, colon) + " needs a value";
  if (error.get_name() == "ExcludesError") return text.replace(excludes, 10, " and ") + " cannot be used together";
  return text;
}

// Handles a request for help and a wrong command line.
int explain(const CLI::App& app, const CLI::ParseError& error) {
  const auto chosen = app.get_subcommands();
  const CLI::App& command = chosen.empty() ? app : *chosen.front();
  const std::string what = unknown(command, chosen.empty());
  const bool of_unknown = chosen.empty() && !what.empty();
  if (error.get_exit_code() == 0 && !of_unknown) {
    std::ostringstream help;
    app.exit(error, help, help);
    cli::print(help.str());
    return 0;
  }
  cli::print_error(what.empty() ? reworded(error) : what);
  cli::say("See " + (chosen.empty() ? "" : app.get_name() + " ") + command.get_name() + " --help\n");
  return usage;
}

void write_out_of_memory() {
  constexpr std::string_view message = "bcda: the machine has too little free memory\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, message.data(), message.size());
}

int carry_out(const cli::Command& command) try { return command(); } catch (const bcda::Error& error) {
  cli::print_error(error);
  return bcda::exit_code(error.status());
} catch (const cli::Failure& failure) {
  cli::print_error(std::string(failure.what()));
  return bcda::exit_code(failure.status);
} catch (const std::bad_alloc&) {
  write_out_of_memory();
  return bcda::exit_code(BCDA_NO_MEMORY);
} catch (const std::exception& error) {
  cli::print_error(std::string(error.what()));
  return bcda::exit_code(BCDA_INTERNAL);
}

[[noreturn]] void say_out_of_memory() {
  write_out_of_memory();
  ::_exit(bcda::exit_code(BCDA_NO_MEMORY));
}

// Some functions of CLI11 are noexcept and need memory. Without it they would abort the process.
class EndsWithoutMemory {
 public:
  EndsWithoutMemory() : usual_(std::set_terminate(say_out_of_memory)) {}
  ~EndsWithoutMemory() { std::set_terminate(usual_); }
  EndsWithoutMemory(const EndsWithoutMemory&) = delete;

 private:
  std::terminate_handler usual_;
};

}  // namespace

namespace cli {

static int parse_and_run(int argc, const char* const* argv) {
  std::vector<const char*> as_flag(argv, argv + argc);  // "help COMMAND" means "COMMAND --help"
  if (argc > 1 && std::string_view(argv[1]) == "help") {
    as_flag.erase(as_flag.begin() + 1);
    as_flag.insert(as_flag.begin() + std::min<std::ptrdiff_t>(2, argc - 1), "--help");
    argv = as_flag.data();
  }
  std::optional<EndsWithoutMemory> guard(std::in_place);
  CLI::App app("Exports bulk claims from CMS's Beneficiary Claims Data API, decrypts and verifies them.", "bcda");
  app.formatter(std::make_shared<cli::HelpFormatter>());  // set before the subcommands, which inherit it
  app.set_version_flag("--version", std::string(bcda::version()));
  app.require_subcommand(1);

  cli::Command chosen;
  cli::add_export(app, chosen);
  cli::add_resume(app, chosen);
  cli::add_sync(app, chosen);
  cli::add_decrypt(app, chosen);
  cli::add_manifest(app, chosen);
  cli::add_fetch(app, chosen);
  cli::add_sandbox(app, chosen);
  cli::add_tables(app, chosen);
  cli::add_inquiries(app, chosen);
  cli::add_metadata(app, chosen);
  cli::add_profiles(app, chosen);
  cli::add_settings(app, chosen);
  cli::add_version(app, chosen);
  cli::add_completion(app, chosen);
  cli::add_man(app, chosen);

  // Set after the subcommands are added, so that they do not inherit it.
  app.footer(std::string("To try it without credentials: bcda export --sandbox --out trial\n\n") + cli::exit_codes);

  if (argc == 1) {
    cli::say(app.help());
    return usage;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return explain(app, error);
  }
  guard.reset();
  return chosen();
}

int run(int argc, const char* const* argv) {
  forbid_core_files();
  if (const int failed = carry_out([] { return open_standard_streams(), 0; })) return failed;
  std::signal(SIGPIPE, SIG_IGN);  // so that `| head` does not kill an export; see cli::print
  std::signal(SIGXFSZ, SIG_IGN);  // so that a write beyond the limit of file sizes fails with a message
  return carry_out([&] { return parse_and_run(argc, argv); });
}

}  // namespace cli
