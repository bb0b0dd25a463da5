// The subcommands: each function adds one to `app`; when it was chosen, parsing leaves what to do in `chosen`.
#pragma once
#include <CLI/CLI.hpp>
#include <functional>

namespace cli {

using Command = std::function<int()>;  // returns the exit code

// The whole command, from its arguments to its exit code. To be called once in a process: signals are set up for it.
int run(int argc, const char* const* argv);

void add_export(CLI::App& app, Command& chosen);
void add_manifest(CLI::App& app, Command& chosen);
void add_fetch(CLI::App& app, Command& chosen);
void add_decrypt(CLI::App& app, Command& chosen);
void add_metadata(CLI::App& app, Command& chosen);
void add_sandbox(CLI::App& app, Command& chosen);
void add_settings(CLI::App& app, Command& chosen);
void add_version(CLI::App& app, Command& chosen);

}  // namespace cli
