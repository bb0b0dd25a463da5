// What a run says: events, and lines for the log.
#include "runtime/client_log.hpp"
#include "runtime/run.hpp"
#include "runtime/run_support.hpp"

namespace libbcda::runtime {

using std::chrono::steady_clock;

namespace {

constexpr std::int64_t kProgressEveryMs = 100;

}  // namespace

Task<> Run::wait(const bulk::Wait& wait, const std::string& type, const std::string& file) {
  if (wait.retry) {
    Event event;
    event.kind = EventKind::retry;
    event.type = type;
    event.file = file;
    event.text = wait.why;
    event.wait_ms = wait.duration.count();
    mailbox_->push(std::move(event));
  }
  co_await sleep(wait.duration);
}

// States only go forward, whichever of the jobs gets there first.
void Run::enter(const char* state, int order) {
  int old = state_.load();
  while (old < order)
    if (state_.compare_exchange_weak(old, order)) return tell(EventKind::state, "", state);
}

void Run::progressed(std::int64_t bytes) {
  bytes_done_ += bytes;
  auto at = std::chrono::duration_cast<Milliseconds>(steady_clock::now() - begun_).count();
  auto due = next_progress_ms_.load();
  if (at >= due && next_progress_ms_.compare_exchange_strong(due, at + kProgressEveryMs)) tell_progress();
}

void Run::tell_progress() {
  Event event;
  event.kind = EventKind::progress;
  event.bytes_done = bytes_done_;
  event.bytes_total = bytes_total_;
  {
    std::lock_guard lock(mutex_);
    event.files_done = static_cast<std::int64_t>(files_.size());
    event.files_total = files_total_;
  }
  mailbox_->push(std::move(event));
}

void Run::tell_job(const bulk::Job& job, bool accepted) {
  const std::string export_id = job.status_url()->without_query();
  log(accepted ? client_log::kick_off(export_id, job.kick_off_url().text(), now())
               : client_log::status_progress(export_id, job.progress(), now()));
  Event event;
  event.kind = accepted ? EventKind::job : EventKind::poll;
  event.type = job.type();
  if (accepted) {
    event.url = export_id;
  } else {
    event.text = job.progress();
    event.percent = bulk::percent(job.progress()).value_or(-1);
  }
  mailbox_->push(std::move(event));
}

void Run::warn(const std::string& type, const std::string& file, const Error& error) {
  Event event;
  event.kind = EventKind::warning;
  event.type = type;
  event.file = file;
  event.status = error.status;
  event.text = error.message;
  mailbox_->push(std::move(event));
}

void Run::tell(EventKind kind, const std::string& type, const std::string& text) {
  Event event;
  event.kind = kind;
  event.type = type;
  event.text = text;
  mailbox_->push(std::move(event));
}

// A log or journal that cannot be written ends the run, but never hides why it was written to.
void Run::log(const std::string& line) {
  if (workspace_) note([&] { workspace_->log(line); });
}

void Run::note(const std::function<void()>& write) {
  try {
    write();
  } catch (const Error& e) {
    fail(e);
  }
}

}  // namespace libbcda::runtime
