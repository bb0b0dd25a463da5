// bcda sandbox: an emulator of the service, to try programs with.
#include <algorithm>
#include <bcda/bcda_sandbox.hpp>
#include <memory>
#include <regex>

#include "commands.hpp"
#include "flags.hpp"
#include "interrupts.hpp"
#include "streams.hpp"
#include "text.hpp"

namespace cli {
namespace {

// The library's message about an option, with the flag instead of the option's name.
std::string with_flag(const std::string& message) {
  constexpr std::string_view lead = "the sandbox option ";
  if (message.compare(0, lead.size(), lead) != 0) return message;
  const std::size_t end = std::min(message.find(' ', lead.size()), message.size());
  return flag_name(message.substr(lead.size(), end - lead.size())) + message.substr(end);
}

bcda::Sandbox start(const bcda::Sandbox::Options& options) try {
  return bcda::Sandbox(options);
} catch (const bcda::Error& error) {
  throw Failure(error.status(), with_flag(error.what()));
}

// The placeholder for the value in help, of what the option's own help ends with: "Takes true or false."
std::string value_name(std::string_view help) {
  constexpr std::string_view lead = " Takes ";
  const std::size_t begin = std::min(help.find(lead), help.size() - lead.size()) + lead.size();
  const std::string takes(help.substr(begin, help.find('.', begin) - begin));
  if (takes == "the path of a directory") return "DIR";
  if (takes.starts_with("the path of ")) return "PATH";
  const std::string choices = std::regex_replace(takes, std::regex(", | or "), "|");
  return choices != takes && choices.find(' ') == choices.npos ? choices : "VALUE";
}

int run_sandbox(const bcda::Sandbox::Options& options) {
  const Interrupts interrupts;
  const bcda::Sandbox sandbox = start(options);
  print(sandbox.json() + '\n');
  interrupts.wait();
  return 0;
}

}  // namespace

void add_sandbox(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<bcda::Sandbox::Options>();
  CLI::App& command = *app.add_subcommand("sandbox");
  command.description(R"(Serve an emulator of the service with synthetic data

Serves an emulator of the service on loopback until Ctrl-C or SIGTERM. The exit code is then 0.
When it is ready, it prints one line of JSON with url, client_id, client_secret, private_key and
ca_file, and with the other settings that a client of the profile needs. In a file, the line works as
the --config of the other commands.

  bcda sandbox --port 8443
  bcda sandbox --profile ab2d)");
  for (const bcda::SandboxOption& option : bcda::sandbox_options()) {
    std::string help(option.help);
    if (!option.default_value.empty()) help += " (default " + std::string(option.default_value) + ")";
    const std::string name(option.name);
    command
        .add_option_function<std::vector<std::string>>(
            flag_name(name),
            [options, name](const std::vector<std::string>& values) {
              for (const std::string& value : values) options->emplace_back(name, value);
            },
            help)
        ->allow_extra_args(false)
        ->option_text(value_name(option.help));
  }
  name_environment(command, "BCDA_SANDBOX_");
  command.callback([options, &chosen] { chosen = [options] { return run_sandbox(*options); }; });
}

}  // namespace cli
