// Following a run to its end, with Ctrl-C.
#pragma once
#include <CLI/CLI.hpp>
#include <bcda/bcda.hpp>
#include <string>

#include "interrupts.hpp"

namespace cli {

// What is printed while a command works.
struct Output {
  bool json = false;         // events as NDJSON on standard output, and nothing else but errors
  bool quiet = false;        // errors and warnings only
  bool own_service = false;  // a sandbox, which ends with the command

  void add_to(CLI::App& command, bool with_json);
};

// Hands out the events until the run has ended; Ctrl-C cancels it. Returns 0, or the exit code after having said how it failed.
int follow(bcda::Run& run, const Output& output);

// The same, and then what came of it: a summary of the files, which are in `place`. Returns the exit code.
// `advice` follows `place`, after the failure, when it leaves files there.
int follow_files(bcda::Run& run, const Output& output, const std::string& place, const std::string& advice);

}  // namespace cli
