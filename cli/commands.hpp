// The subcommands. Each function adds one to `app`. If it is selected, parsing stores its work in `chosen`.
#pragma once
#include <CLI/CLI.hpp>
#include <functional>

namespace cli {

using Command = std::function<int()>;  // returns the exit code

// Runs the whole command and returns its exit code. May be called only once in a process, because it sets signal
// handlers.
int run(int argc, const char* const* argv);

void add_export(CLI::App& app, Command& chosen);
void add_resume(CLI::App& app, Command& chosen);
void add_sync(CLI::App& app, Command& chosen);
void add_manifest(CLI::App& app, Command& chosen);
void add_fetch(CLI::App& app, Command& chosen);
void add_decrypt(CLI::App& app, Command& chosen);
void add_inquiries(CLI::App& app, Command& chosen);  // auth, jobs, status, cancel, attribution
void add_tables(CLI::App& app, Command& chosen);
void add_metadata(CLI::App& app, Command& chosen);
void add_sandbox(CLI::App& app, Command& chosen);
void add_profiles(CLI::App& app, Command& chosen);
void add_settings(CLI::App& app, Command& chosen);
void add_version(CLI::App& app, Command& chosen);
void add_completion(CLI::App& app, Command& chosen);
void add_man(CLI::App& app, Command& chosen);

}  // namespace cli
