#include "runtime/reporter.hpp"

#include <array>
#include <utility>

#include "bulk/answer.hpp"
#include "runtime/client_log.hpp"
#include "transfer/names.hpp"

namespace libbcda::runtime {
namespace {

constexpr std::int64_t kProgressEveryMs = 100;
constexpr std::array kStateNames = {"authenticating", "kick-off", "waiting", "downloading", "finished"};

}  // namespace

std::string shown(const std::string& url) { return url.substr(0, url.find('?')); }

Reporter::Reporter(std::shared_ptr<Mailbox> mailbox, const FileQueue& queue, std::shared_ptr<LogWriter> log,
                   const world::Clock& clock)
    : mailbox_(std::move(mailbox)), queue_(queue), log_(std::move(log)), clock_(clock) {}

Reporter::~Reporter() {
  if (log_) log_->close();
}

// Adds a line to the client log, if there is one. `make` gets the arguments and the time.
template <class Make, class... Arguments>
void Reporter::log(Make make, const Arguments&... arguments) {
  if (log_) log_->add(make(arguments..., clock_.now().wall));
}

// The same for a line of which each file has some.
template <class Make, class... Arguments>
void Reporter::log_later(Make make, const Arguments&... arguments) {
  if (log_) log_->add_later(make(arguments..., clock_.now().wall));
}

void Reporter::enter(RunState state) {
  const int order = static_cast<int>(state);
  int old = state_.load();
  while (old < order)
    if (state_.compare_exchange_weak(old, order))
      return push_text(EventKind::state, "", kStateNames[static_cast<std::size_t>(order)]);
}

void Reporter::push_text(EventKind kind, const std::string& type, const std::string& text) {
  Event event;
  event.kind = kind;
  event.type = type;
  event.text = text;
  mailbox_->push(std::move(event));
}

void Reporter::warn(const std::string& text, const std::string& type) { push_text(EventKind::warning, type, text); }

void Reporter::warn(const Error& error, const std::string& type, const std::string& file) {
  Event event;
  event.kind = EventKind::warning;
  event.type = type;
  event.file = file;
  event.status = error.status;
  event.text = error.message;
  mailbox_->push(std::move(event));
}

void Reporter::retry(const http::Wait& wait, const std::string& type, const std::string& file) {
  Event event;
  event.kind = EventKind::retry;
  event.type = type;
  event.file = file;
  event.text = wait.why;
  event.wait_ms = wait.duration.count();
  mailbox_->push(std::move(event));
}

void Reporter::goes_on(const std::string& directory, std::int64_t files, std::int64_t of) {
  const std::int64_t counted = of < 0 ? files : of;
  Event event;
  event.kind = EventKind::warning;
  event.text = "going on with the export in " + directory + ": " + std::to_string(files) +
               (of < 0 ? "" : " of " + std::to_string(of)) + (counted == 1 ? " file" : " files") +
               (files == 1 ? " is here" : " are here");
  event.files_done = files;
  event.files_total = of;
  mailbox_->push(std::move(event));
}

void Reporter::job_accepted(const bulk::Job& job) {
  log(client_log::kick_off, job.status_url()->without_query(), job.kick_off().request.url.text());
  job_adopted(job);
}

void Reporter::job_adopted(const bulk::Job& job) {
  Event event;
  event.kind = EventKind::job;
  event.type = job.label();
  event.url = job.status_url()->without_query();
  mailbox_->push(std::move(event));
}

void Reporter::job_polled(const bulk::Job& job) {
  log(client_log::status_progress, job.status_url()->without_query(), job.progress());
  Event event;
  event.kind = EventKind::poll;
  event.type = job.label();
  event.text = job.progress();
  event.percent = bulk::percent(job.progress()).value_or(-1);
  mailbox_->push(std::move(event));
}

void Reporter::job_done(const bulk::Job& job) {
  const std::string export_id = job.status_url()->without_query();
  log(client_log::status_complete, export_id, job.manifests());
  log(client_log::manifest_complete, export_id, job.manifests());
  job_known(job);
}

void Reporter::job_known(const bulk::Job& job) {
  Event event;
  event.kind = EventKind::manifest;
  event.type = job.label();
  event.url = job.status_url()->without_query();
  event.files_total = static_cast<std::int64_t>(bulk::count_files(job.manifests()));
  mailbox_->push(std::move(event));
}

void Reporter::job_failed(const std::string& status_url, const Error& error) {
  log(client_log::status_error, shown(status_url), error);
}

void Reporter::job_downloaded(const std::string& status_url, std::int64_t files, std::int64_t bytes,
                              Milliseconds elapsed) {
  log(client_log::export_complete, shown(status_url), files, bytes, elapsed);
}

void Reporter::file_requested(const FileTask& task) {
  log_later(client_log::download_request, shown(task.status_url), task.entry);
}

void Reporter::file_done(const FileTask& task, std::shared_ptr<const StoredFile> file, bool is_kept) {
  if (is_kept) {
    expect(file->bytes());
    bytes_done_ += file->bytes();
  } else {
    log_later(client_log::download_complete, shown(task.status_url), task.entry, file->result().facts);
  }
  mailbox_->push(std::move(file));
  if (queue_.counts().untried() == 0 || is_progress_due()) progress();
}

void Reporter::file_failed(const FileTask& task, const Error& error) {
  log(client_log::download_error, shown(task.status_url), task.entry, error);
}

void Reporter::receive(std::int64_t bytes) {
  bytes_done_ += bytes;
  if (bytes > 0 && is_progress_due()) progress();
}

// Small files may come by the thousand in a second, and whoever reads events has to take each one.
bool Reporter::is_progress_due() {
  const std::int64_t at = std::chrono::duration_cast<Milliseconds>(clock_.now().steady.time_since_epoch()).count();
  std::int64_t due = next_progress_ms_.load();
  return at >= due && next_progress_ms_.compare_exchange_strong(due, at + kProgressEveryMs);
}

void Reporter::progress() {
  const FileQueue::Counts counts = queue_.counts();
  Event event;
  event.kind = EventKind::progress;
  event.bytes_done = bytes_done_;
  if (sized_ >= counts.total) event.bytes_total = bytes_total_;
  event.files_done = counts.done;
  event.files_total = counts.total;
  mailbox_->push(std::move(event));
}

Task<> Reporter::flush() {
  if (log_) co_await log_->flush();
}

}  // namespace libbcda::runtime
