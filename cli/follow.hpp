// Following a run to its end, with Ctrl-C.
#pragma once
#include <CLI/CLI.hpp>
#include <bcda/bcda.hpp>
#include <string>

#include "interrupts.hpp"

namespace cli {

// What is printed while a command works.
struct Output {
  bool json = false;   // events as NDJSON on standard output, and nothing else but errors
  bool quiet = false;  // errors and warnings only

  void add_to(CLI::App& command, bool with_json);
};

// Hands out the events until the run has ended; Ctrl-C cancels it. Throws how it failed.
void follow(bcda::Run& run, const Output& output);

// The same, and then what came of it: a summary of the files, which are in `place`. Returns the exit code.
// `advice` follows `place` after a failure that leaves files there.
int follow_files(bcda::Run& run, const Output& output, const std::string& place, const std::string& advice);

}  // namespace cli
