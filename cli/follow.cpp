#include "follow.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <map>
#include <sstream>

#include "progress.hpp"
#include "text.hpp"

namespace cli {
namespace {

constexpr int done_with_error_files = 6;
constexpr bcda::Milliseconds slice{100};  // how late a Ctrl-C may be noticed

std::atomic<int> signals{0};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler uses it");

extern "C" void on_signal(int) {
  if (signals.fetch_add(1) > 0) _exit(130);  // the user means it; what is on disk is whole at any moment
}

constexpr std::array handled{SIGINT, SIGTERM, SIGHUP};
std::array<struct sigaction, handled.size()> previous;

struct Sum {
  std::int64_t files = 0, records = 0, bytes = 0;

  void add(const bcda::File& file) {
    ++files;
    records += file.records();
    bytes += file.bytes();
  }
  std::string text() const {
    return plural(files, "file") + ", " + plural(records, "record") + ", " + human_bytes(bytes);
  }
};

std::string summary(const bcda::Result& result, const std::string& place) {
  Sum all, errors;
  std::map<std::string, Sum> types;
  for (const bcda::File file : result) {
    if (file.is_error()) {
      errors.add(file);
    } else {
      all.add(file);
      types[file.type()].add(file);
    }
  }
  std::ostringstream out;
  for (const auto& [type, sum] : types) out << "  " << type << ": " << sum.text() << '\n';
  if (errors.files > 0) out << "  errors of the service: " << errors.text() << ", in " << place << "/error\n";
  return all.text() + " in " + human_time(result.elapsed()) + ", in " + place + "\n" + out.str();
}

// After a failure: what is there all the same.
void mention_verified_files(bcda::Export& run, const std::string& place) try {
  const bcda::Result result = run.result();
  if (!result.empty())
    std::cerr << "bcda: " << plural(result.size(), "file") << " verified and kept in " << place << '\n';
} catch (const bcda::Error&) {
  // It ended before there was a result.
}

}  // namespace

void Output::add_to(CLI::App& command, bool with_json) {
  if (with_json) command.add_flag("--json", json, "Print every event as a line of JSON on standard output");
  command.add_flag("-q,--quiet", quiet, "Print errors and warnings only");
}

Interrupts::Interrupts() {
  signals = 0;
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < handled.size(); ++i) {
    sigaction(handled[i], nullptr, &previous[i]);
    if (previous[i].sa_handler != SIG_IGN) sigaction(handled[i], &action, nullptr);  // as nohup wants it
  }
}

Interrupts::~Interrupts() {
  for (std::size_t i = 0; i < handled.size(); ++i) sigaction(handled[i], &previous[i], nullptr);
}

bool Interrupts::asked() { return signals > 0; }

void follow(bcda::Export& run, const Output& output) {
  Progress progress(output.json || output.quiet ? Progress::Style::none : Progress::style_for_stderr());
  bool cancelled = false;
  for (bcda::Event event;;) {
    if (Interrupts::asked() && !cancelled) {
      run.cancel();
      cancelled = true;
    }
    const bcda::Status status = run.next_event(event, slice);
    if (status == BCDA_END) break;
    if (status == BCDA_AGAIN) {
      progress.tick();
    } else if (output.json) {
      print(event.json() + '\n');
    } else {
      progress.show(event);
    }
  }
  progress.clear();
  run.wait();
}

int follow_files(bcda::Export& run, const Output& output, const std::string& place) {
  try {
    follow(run, output);
  } catch (const bcda::Error&) {
    if (!output.quiet && !output.json) mention_verified_files(run, place);
    if (std::filesystem::exists(place + "/.bcda/journal.ndjson"))
      std::cerr << "bcda: " << place
                << " holds an unfinished export: begin anew there with --restart, or give another --out\n";
    throw;
  }
  const bcda::Result result = run.result();
  if (!output.quiet && !output.json) print(summary(result, place));
  return result.error_files() > 0 ? done_with_error_files : 0;
}

}  // namespace cli
