// Reads the command line and runs one subcommand.
#include <csignal>
#include <iostream>
#include <memory>

#include "commands.hpp"
#include "flags.hpp"
#include "text.hpp"
#include "undumpable.hpp"

namespace {

constexpr int usage = 2;

// Help was asked for, or the command line is wrong.
int explain(const CLI::App& app, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) return app.exit(error);  // prints the help
  const auto chosen = app.get_subcommands();
  const auto unknown = app.remaining();
  if (chosen.empty() && !unknown.empty()) {
    cli::print_error("there is no command or option " + unknown.front());
  } else {
    cli::print_error(std::string(error.what()));
  }
  std::cerr << "See " << (chosen.empty() ? "bcda" : "bcda " + chosen.front()->get_name()) << " --help\n";
  return usage;
}

int carry_out(const cli::Command& command) try { return command(); } catch (const bcda::Error& error) {
  cli::print_error(error);
  return bcda::exit_code(error.status());
} catch (const cli::Failure& failure) {
  cli::print_error(std::string(failure.what()));
  return bcda::exit_code(failure.status);
} catch (const std::exception& error) {
  cli::print_error(std::string(error.what()));
  return bcda::exit_code(BCDA_INTERNAL);
}

}  // namespace

namespace cli {

int run(int argc, const char* const* argv) {
  forbid_core_files();
  std::signal(SIGPIPE, SIG_IGN);  // `| head` must not kill an export: see cli::print
  CLI::App app("Bulk claims from CMS's Beneficiary Claims Data API: exported, decrypted, verified.", "bcda");
  app.formatter(std::make_shared<cli::HelpFormatter>());  // before the subcommands, which inherit it
  app.set_version_flag("--version", std::string(bcda::version()));
  app.require_subcommand(1);

  cli::Command chosen;
  cli::add_export(app, chosen);
  cli::add_decrypt(app, chosen);
  cli::add_manifest(app, chosen);
  cli::add_fetch(app, chosen);
  cli::add_sandbox(app, chosen);
  cli::add_metadata(app, chosen);
  cli::add_settings(app, chosen);
  cli::add_version(app, chosen);

  // After the subcommands, which would inherit it.
  app.footer(std::string("Try it without credentials: bcda export --sandbox --out trial\n\n") + cli::exit_codes);

  if (argc == 1) {
    std::cerr << app.help();
    return usage;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return explain(app, error);
  }
  return carry_out(chosen);
}

}  // namespace cli
