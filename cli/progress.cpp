#include "progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "flags.hpp"
#include "streams.hpp"
#include "text.hpp"

namespace cli {
namespace {

using namespace std::chrono_literals;

constexpr auto redraw_every = 100ms;
constexpr auto line_every = 10s;     // plain lines about progress go to log files, so they are rare
constexpr std::int64_t enough = 10;  // the most printed warnings of a kind, and retries; the others are counted

std::size_t terminal_width() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string bar(double fraction) {
  constexpr int cells = 28;
  const int full = static_cast<int>(fraction * cells);
  return '[' + std::string(full, '#') + std::string(cells - full, '-') + ']';
}

std::string grouped(std::int64_t number) {  // 2,990
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, 1, ',');
  return text;
}

// The first part of "what happened; what to do". The second part is left out while the run retries by itself.
std::string without_remedy(const std::string& text) { return text.substr(0, text.find("; ")); }

// Whether the warning is the failure of a job, and not of a file.
bool is_job_failure(const Shown& event) {
  return event.kind == BCDA_EVENT_WARNING && event.status != BCDA_OK && event.file.empty() && !event.type.empty();
}

// The text, preceded by its resource type unless the text contains it.
std::string with_type(const Shown& event) {
  const bool named = event.type.empty() || event.text.find(event.type) != event.text.npos;
  return (named ? "" : event.type + ": ") + event.text;
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  if (what.empty()) return text;
  for (std::size_t at = 0; (at = text.find(what, at)) != text.npos; at += by.size()) text.replace(at, what.size(), by);
  return text;
}

// The text without the names in it. It is equal for all jobs and files that fail for the same reason.
std::string cause_of(const Shown& event) {
  if (event.status == BCDA_OK) return with_type(event);
  std::string text = event.text;
  if (!event.file.empty()) {
    const std::string file = "the file " + event.file;
    if (text.rfind(file + ": ", 0) == 0) text.erase(0, file.size() + 2);
    text = replaced(replaced(text, file, "each"), event.file, "each");
  }
  return replaced(text, event.type, "");
}

constexpr std::int64_t few = 16;  // up to this number of files, progress counts bytes instead of files
constexpr std::size_t named = 3;  // the most files that a count of warnings names

double part(std::int64_t n, std::int64_t of) {
  return of > 0 ? std::clamp(static_cast<double>(n) / static_cast<double>(of), 0.0, 1.0) : 0.0;
}

}  // namespace

Shown::Shown(const bcda::Event& event)
    : kind(event.kind()),
      text(in_flags(event.text())),
      type(event.type()),
      file(event.file()),
      status(event.status()),
      bytes_done(event.bytes_done()),
      bytes_total(event.bytes_total()),
      files_done(event.files_done()),
      files_total(event.files_total()),
      wait(event.wait()) {}

Progress::Style Progress::style_for_stderr() {
  const char* const term = std::getenv("TERM");
  return isatty(STDERR_FILENO) && term && std::string_view(term) != "dumb" ? Style::bar : Style::lines;
}

Progress::Surroundings Progress::on_stderr() {
  Surroundings surroundings;
  surroundings.line = &say;
  surroundings.redraw = &say_if_ready;
  surroundings.columns = &terminal_width;
  return surroundings;
}

Progress::Progress(Style style, Surroundings surroundings)
    : style_(style), out_(std::move(surroundings)), started_(out_.now()), lined_(started_) {}

void Progress::show(const Shown& event) {
  remember(event);
  if (event.kind == BCDA_EVENT_WARNING) return warn(event);
  if (style_ == Style::none) return;
  if (event.kind == BCDA_EVENT_RETRY) return retry(event);
  if (style_ == Style::bar) return draw();
  if (event.kind == BCDA_EVENT_STATE) return state(event);
  if (event.kind == BCDA_EVENT_JOB || event.kind == BCDA_EVENT_MANIFEST)
    return line(event.type + ": " + jobs_[event.type].status_text);
  tick();
}

void Progress::tick() {
  if (style_ == Style::bar) draw();
  if (style_ == Style::lines && line_is_due()) line(status_line());
}

void Progress::clear() {
  if (on_screen_) out_.redraw("\r\033[K");
  on_screen_ = false;
}

void Progress::finish() {
  clear();
  count_repeats();
  for (const auto& [status, count] : warnings_of_kind_) {
    if (count <= enough) continue;
    const std::string kind = status == BCDA_OK ? "" : " (" + std::string(bcda_status_name(status)) + ")";
    line("warning: " + grouped(count - enough) + " more warnings of this kind" + kind + "; --json prints all");
  }
}

void Progress::remember(const Shown& event) {
  switch (event.kind) {
    case BCDA_EVENT_STATE:
      state_ = event.text;
      break;
    case BCDA_EVENT_JOB:
      jobs_[event.type] = {"job accepted", false, {}};
      break;
    case BCDA_EVENT_POLL:
      jobs_[event.type] = {event.text.empty() ? "in progress" : event.text, false, {}};
      break;
    case BCDA_EVENT_MANIFEST:
      jobs_[event.type] = {plural(event.files_total, "file"), true, {}};
      break;
    case BCDA_EVENT_PROGRESS:
      if (download_started_ == Clock::time_point{}) download_started_ = out_.now();
      bytes_ = std::max(bytes_, event.bytes_done);
      bytes_total_ = event.bytes_total;
      files_ = std::max(files_, event.files_done);
      files_total_ = std::max(files_total_, event.files_total);
      break;
    case BCDA_EVENT_RETRY:
      if (event.file.empty() && jobs_.count(event.type) && jobs_[event.type].failing_since == Clock::time_point{})
        jobs_[event.type].failing_since = out_.now();
      break;
    case BCDA_EVENT_WARNING:
      if (is_job_failure(event)) jobs_[event.type] = {"not done", false, {}};
      break;
    default:
      break;
  }
}

// Prints a warning once, although several jobs may report it. Only the first warnings of each kind are printed.
void Progress::warn(const Shown& event) {
  std::int64_t& of_kind = warnings_of_kind_[event.status];
  const std::string cause = cause_of(event);
  if (is_job_failure(event)) failed_jobs_.insert(event.type);
  const auto printed = warnings_.find(cause);
  if (printed == warnings_.end() && of_kind++ >= enough) return;
  if (event.status != BCDA_OK && event.file.empty()) printed_failures_.insert(event.text);
  if (printed != warnings_.end()) return repeat(printed->second, event);
  warnings_[cause] = {};
  line("warning: " + with_type(event));
}

// The run's own failure names the jobs.
void Progress::repeat(Warning& warning, const Shown& event) {
  if (is_job_failure(event)) return;
  ++warning.again;
  if (!event.file.empty() && warning.files.size() < named) warning.files.push_back(event.file);
}

void Progress::count_repeats() {
  for (const auto& [cause, warning] : warnings_) {
    if (warning.again == 0) continue;
    std::string files;
    for (const std::string& file : warning.files) files += (files.empty() ? " (" : ", ") + file;
    if (!files.empty()) files += static_cast<std::int64_t>(warning.files.size()) < warning.again ? ", ...)" : ")";
    const std::string what = files.empty() ? " more time" : " more file";
    line("warning: " + grouped(warning.again) + what + (warning.again == 1 ? "" : "s") + files + ": " +
         without_remedy(cause));
  }
}

std::string Progress::failure(const std::string& message) const {
  constexpr std::string_view before_cause = "; the first: ";
  const std::size_t counted = message.find(before_cause);
  const std::string cause = counted == message.npos ? message : message.substr(counted + before_cause.size());
  // The last message repeats the first cause of failed files, so that it is complete in a log without warnings.
  if (!printed_failures_.count(cause) || counted != message.npos) return message;
  std::string jobs;
  for (const std::string& type : failed_jobs_) jobs += (jobs.empty() ? ": " : ", ") + type;
  const auto count = static_cast<std::int64_t>(failed_jobs_.size());
  return plural(count, "job") + (count == 1 ? " is not done" : " are not done") + jobs;
}

void Progress::retry(const Shown& event) {
  if (retries_++ >= enough && !line_is_due()) return;
  Shown short_one = event;
  short_one.text = without_remedy(event.text);
  line(with_type(short_one) + "; next try in " + human_time(event.wait));
}

void Progress::state(const Shown& event) {
  if (event.text != "finished") return line(event.text);
  if (download_lines_) line(download_text());  // so that the last line shows the complete download
}

void Progress::line(const std::string& text) {
  clear();
  out_.line(printable(text) + '\n');
  lined_ = out_.now();
}

void Progress::draw() {
  const auto now = out_.now();
  if (now - drawn_ < redraw_every) return;
  drawn_ = now;
  const std::optional<double> done = share();
  const std::string text = files_total_ > 0 ? (done ? bar(*done) + "  " : "") + download_text() : waiting_text();
  out_.redraw("\r\033[K" + first_columns(printable(text), out_.columns() - 1));
  on_screen_ = true;
}

bool Progress::line_is_due() const { return out_.now() - lined_ >= line_every; }

std::string Progress::time_since(Clock::time_point then) const {
  const auto time = std::chrono::floor<std::chrono::seconds>(out_.now() - then);
  return time < 60s ? std::to_string(time.count()) + " s" : human_time(time);
}

// The state of the whole run, in one line.
std::string Progress::status_line() {
  if (files_total_ == 0) return waiting_text();
  download_lines_ = true;
  return download_text() + jobs_text(false);
}

std::string Progress::jobs_text(bool with_done) const {
  std::string text;
  for (const auto& [type, job] : jobs_) {
    if (!with_done && job.done) continue;
    const bool fails = job.failing_since != Clock::time_point{};
    text += "  " + type + ": " + (fails ? "retrying for " + time_since(job.failing_since) : job.status_text);
  }
  return text;
}

std::string Progress::waiting_text() const { return state_ + "  " + time_since(started_) + jobs_text(true); }

// What is done of the whole; nullopt while its size is not known: a job may bring more files, and of a few files the
// sizes count.
std::optional<double> Progress::share() const {
  const bool all_listed = std::all_of(jobs_.begin(), jobs_.end(), [](const auto& job) { return job.second.done; });
  if (!all_listed) return std::nullopt;
  if (files_total_ > few || files_ == files_total_) return part(files_, files_total_);
  return bytes_total_ >= 0 ? std::optional(part(bytes_, bytes_total_)) : std::nullopt;
}

std::string Progress::download_text() const {
  const std::optional<double> done = share();
  std::string text = (done ? std::to_string(static_cast<int>(*done * 100)) + "%  " : "") + std::to_string(files_) +
                     "/" + plural(files_total_, "file") + "  " + human_bytes(bytes_);
  const std::chrono::duration<double> taken = out_.now() - download_started_;
  if (taken > 0.5s) text += "  " + human_bytes(std::llround(static_cast<double>(bytes_) / taken.count())) + "/s";
  return text;
}

}  // namespace cli
