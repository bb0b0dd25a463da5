// Follows a run to its end and handles Ctrl-C.
#pragma once
#include <CLI/CLI.hpp>
#include <bcda/bcda.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <functional>
#include <string>

#include "interrupts.hpp"

namespace cli {

// What a command prints while it runs.
struct Output {
  bool json = false;         // events as NDJSON on standard output; otherwise only errors
  bool quiet = false;        // only errors and warnings
  bool own_service = false;  // the service is a sandbox, which ends with the command

  void add_to(CLI::App& command, bool with_json);
};

// A command that carries out `run`. If that fails before it has events, --json gets the last one, with the failure.
std::function<int()> with_events(const Output& output, const std::function<int()>& run);

// The last event of a run that did not start.
void report_no_start(const Output& output, bcda::Status status, const std::string& message);

// Passes on the events until the run has ended. Ctrl-C cancels the run. Returns 0, or prints the failure and returns
// its exit code.
int follow(bcda::Run& run, const Output& output);

// How to go on after a failure that leaves files in a directory.
struct Advice {
  std::string go_on;        // follows the directory
  std::string begin_again;  // the command that discards them, for files of a job that is gone; "": there is none
};

// The same, and then prints a summary of the files, which are in `out` or in a directory of the run's own in it.
// Returns the exit code.
int follow_files(bcda::Run& run, const Output& output, const std::string& out, const Advice& advice);

// From the answer of bcda::directory_status: the number of published files that no run can go on with, because the job
// of some of them has failed or expired. 0: there are none.
std::int64_t stranded_files(const boost::json::value& status);

}  // namespace cli
