#include "follow.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <sstream>
#include <system_error>
#include <utility>
#include <vector>

#include "flags.hpp"
#include "progress.hpp"
#include "streams.hpp"
#include "text.hpp"

namespace cli {
namespace {

constexpr int partially_done = 6;
constexpr bcda::Milliseconds slice{100};  // the longest delay before a Ctrl-C is noticed

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

// A code of FHIR, or "other": the server's text is not shown, because it may name beneficiaries.
std::string code_of(const std::string& code) {
  const bool is_code = !code.empty() && code.size() <= 40 && std::all_of(code.begin(), code.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '-';
  });
  return is_code ? code : "other";
}

// Such as "2 error (not-found), 1 warning (informational)", the severest first.
std::string issues_text(const bcda::Result& result) {
  static const std::vector<std::string> severities{"fatal", "error", "other", "warning", "information", "success"};
  std::map<std::pair<std::size_t, std::string>, std::int64_t> counts;
  for (std::int32_t i = 0; i < result.issue_count(); ++i) {
    const bcda::Issue issue = result.issue(i);
    auto severity = std::find(severities.begin(), severities.end(), issue.severity());
    if (severity == severities.end()) severity = std::find(severities.begin(), severities.end(), "other");
    counts[{severity - severities.begin(), code_of(issue.code())}] += issue.count();
  }
  std::string text;
  for (const auto& [issue, count] : counts)
    text +=
        (text.empty() ? "" : ", ") + std::to_string(count) + ' ' + severities[issue.first] + " (" + issue.second + ')';
  return text;
}

// The tables that were made while it exported, as the receipt lists their parts.
std::string tables_text(const bcda::Result& result, const std::string& place) {
  if (!std::filesystem::exists(place + "/tables")) return "";
  const std::string receipt = result.json();
  // Without the lists of files, of which there may be very many. A job's "files" is a number.
  const boost::json::value head = boost::json::parse(receipt.substr(0, receipt.find(",\"files\":[")) + "}");
  const auto* parts = head.as_object().if_contains("tables");
  if (!parts) return "";
  struct Table {
    std::int64_t parts = 0, rows = 0, bytes = 0;
  };
  std::map<std::string, Table> tables;
  for (const boost::json::value& part : parts->as_array()) {
    Table& table = tables[std::string(part.at("table").as_string())];
    ++table.parts;
    table.rows += part.at("rows").as_int64();
    table.bytes += part.at("bytes").as_int64();
  }
  std::string text;
  for (const auto& [name, table] : tables)
    text += "  table " + name + ": " + plural(table.rows, "row") + ", " + plural(table.parts, "file") + ", " +
            human_bytes(table.bytes) + ", in " + place + "/tables/" + name + '\n';
  return text;
}

std::string summary(const bcda::Result& result, const std::string& place, std::int64_t kept) {
  Sum all, errors, deleted;
  std::map<std::string, Sum> types;
  for (const bcda::File file : result) {
    if (file.is_error()) {
      errors.add(file);
    } else if (file.kind() == "deleted") {
      deleted.add(file);
    } else {
      all.add(file);
      types[file.type()].add(file);
    }
  }
  std::ostringstream out;
  for (const auto& [type, sum] : types) out << "  " << type << ": " << sum.text() << '\n';
  if (errors.files > 0) out << "  error files: " << errors.text() << ", in " << place << "/error\n";
  if (deleted.files > 0) out << "  deleted: " << deleted.text() << ", in " << place << "/deleted\n";
  if (const std::string issues = issues_text(result); !issues.empty()) out << "  issues: " << issues << '\n';
  if (kept > 0) out << "  from an earlier run: " << plural(kept, "file") << '\n';
  out << tables_text(result, place);
  return all.text() + " in " + human_time(result.elapsed()) + ", in " + place + "\n" + out.str();
}

// What a run leaves, as its events say: files, and jobs that are at the service: accepted, and not failed.
class Traces {
 public:
  void note(const bcda::Event& event) {
    const std::string type(event.type());
    const bool dead = event.status() == BCDA_JOB_FAILED || event.status() == BCDA_JOB_GONE;
    if (event.kind() == BCDA_EVENT_JOB) jobs_[type] = {std::string(event.url()), false};
    const bool goes_on = event.kind() == BCDA_EVENT_WARNING && event.files_done() >= 0;
    if (goes_on) kept_ = event.files_done();
    if (event.kind() == BCDA_EVENT_FINISHED) files_ = event.files_done();
    is_any_ = is_any_ || goes_on || event.kind() == BCDA_EVENT_JOB ||
              (event.kind() == BCDA_EVENT_PROGRESS && event.bytes_done() > 0);
    if (event.kind() == BCDA_EVENT_MANIFEST && jobs_.count(type)) jobs_[type].is_done = true;
    if (event.kind() == BCDA_EVENT_WARNING && dead) jobs_.erase(type);
    if (event.kind() == BCDA_EVENT_FINISHED && dead && jobs_.size() == 1) jobs_.clear();  // the failure of a single job
  }
  void note(const bcda::Error& failure) {
    must_restart_ = std::string_view(failure.what()).find("set restart") != std::string_view::npos;
  }
  // Whether a later run has something to go on with.
  bool any() const { return is_any_; }
  bool must_restart() const { return must_restart_; }  // the failure says so, because going on would fail again
  std::int64_t kept() const { return kept_; }          // files of an earlier run

  void mention_files(const std::string& place) const {
    if (files_ > 0) print_error(plural(files_, "file") + " verified and kept in " + place);
  }
  // The jobs that are not done.
  void mention_running() const {
    std::string lines;
    for (const auto& [type, job] : jobs_)
      if (!job.is_done) lines += "  " + printable(type + ": " + job.url) + '\n';
    if (lines.empty()) return;
    print_error(
        "these jobs may still be running at the service; until they finish, it may refuse new jobs of the same types:");
    say(lines);
  }

 private:
  struct Job {
    std::string url;
    bool is_done = false;
  };
  std::map<std::string, Job> jobs_;  // by resource type
  std::int64_t files_ = 0, kept_ = 0;
  bool is_any_ = false, must_restart_ = false;
};

// The directory of the run's files: `place`, or a directory in it that the run chose.
std::string directory_of(bcda::Run& run, const std::string& place) try {
  const std::string directory = run.result().directory();
  return directory.empty() ? place : directory;
} catch (const bcda::Error&) {
  return place;  // the run ended before it had a result
}

// Also true if the directory cannot be read, because then the failure of the run has the reason.
bool may_hold_unfinished_export(const std::string& place) {
  std::error_code unreadable;
  return std::filesystem::exists(place + "/.bcda/journal.ndjson", unreadable) || unreadable;
}

bool is_dead(const boost::json::value& job) { return job.at("state").as_string() == "dead"; }

// Files of a job that is gone are not mixed with those of a new one.
std::string what_goes_on(const std::string& place, const Advice& advice) try {
  if (!may_hold_unfinished_export(place)) return " holds nothing to go on with; the same export again starts a new job";
  const boost::json::value status = boost::json::parse(bcda::directory_status(place));
  const std::int64_t files = stranded_files(status);
  const auto& jobs = status.at("jobs").as_array();
  const bool needs_job = std::any_of(jobs.begin(), jobs.end(), is_dead);
  if (files == 0) return advice.go_on + (needs_job ? ", with a new job for the one that is gone" : "");
  return " cannot be completed, because its job is gone; " + advice.begin_again + " discards " +
         plural(files, "verified file") + " there and starts a new job, or give another directory";
} catch (const bcda::Error&) {
  return advice.go_on;  // the failure of the run has the reason
}

}  // namespace

void Output::add_to(CLI::App& command, bool with_json) {
  if (with_json) command.add_flag("--json", json, "Print every event as a line of JSON on standard output");
  command.add_flag("-q,--quiet", quiet, "Print only errors and warnings");
}

namespace {

int follow(bcda::Run& run, const Output& output, Traces& traces) {
  Progress progress(output.json || output.quiet ? Progress::Style::none : Progress::style_for_stderr());
  bool canceled = false;
  for (bcda::Event event;;) {
    if (Interrupts::asked() && !canceled) {
      run.cancel();
      canceled = true;
    }
    const bcda::Status status = run.next_event(event, slice);
    if (status == BCDA_END) break;
    if (status == BCDA_AGAIN) {
      progress.tick();
      continue;
    }
    traces.note(event);
    if (output.json) {
      report(event.json() + '\n');
    } else {
      progress.show(Shown(event));
    }
  }
  progress.finish();
  try {
    run.wait();
    return 0;
  } catch (const bcda::Error& error) {
    print_error(progress.failure(in_flags(error.what())));
    print_details(error);
    traces.note(error);
    if (!output.own_service) traces.mention_running();
    return bcda::exit_code(error.status());
  }
}

}  // namespace

void report_no_start(const Output& output, bcda::Status status, const std::string& message) {
  if (!output.json) return;
  report(R"({"event":"finished","text":)" + json_string(message) + R"(,"status":")" + bcda_status_name(status) +
         R"(","bytes_done":0,"files_done":0,"files_total":0})" + '\n');
}

std::function<int()> with_events(const Output& output, const std::function<int()>& run) {
  return [output, run] {
    try {
      return run();
    } catch (const bcda::Error& error) {
      report_no_start(output, error.status(), error.what());
      throw;
    } catch (const Failure& failure) {
      report_no_start(output, failure.status, failure.what());
      throw;
    }
  };
}

int follow(bcda::Run& run, const Output& output) {
  Traces traces;
  return follow(run, output, traces);
}

std::int64_t stranded_files(const boost::json::value& status) {
  const auto& jobs = status.at("jobs").as_array();
  const bool is_stranded = std::any_of(jobs.begin(), jobs.end(), [](const boost::json::value& job) {
    return is_dead(job) && job.at("files").to_number<std::int64_t>() > 0;
  });
  return is_stranded ? status.at("files").at("published").to_number<std::int64_t>() : 0;
}

int follow_files(bcda::Run& run, const Output& output, const std::string& out, const Advice& advice) {
  Traces traces;
  const int failed = follow(run, output, traces);
  const std::string place = directory_of(run, out);
  if (failed) {
    if (!output.quiet && !output.json) traces.mention_files(place);
    // After a cancellation nothing is looked up, because the disk may be what does not answer.
    const bool looks = failed != bcda::exit_code(BCDA_CANCELED) && !advice.begin_again.empty();
    const std::string what = looks ? what_goes_on(place, advice) : advice.go_on;
    if (traces.any() && !(traces.must_restart() && what == advice.go_on)) print_error(place + what);
    return failed;
  }
  const bcda::Result result = run.result();
  if (result.directory().empty()) return 0;  // the service has nothing yet, as a warning said
  if (!output.quiet && !output.json) report(summary(result, place, traces.kept()));
  if (result.error_files() == 0) return 0;
  if (result.partial()) return partially_done;
  if (!output.quiet) print_error("the error files hold only warnings and information: nothing is missing");
  return 0;
}

}  // namespace cli
