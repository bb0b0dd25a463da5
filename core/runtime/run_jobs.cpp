// A run's jobs: from kick-off to the manifest, and the question at the end whether it has grown.
#include "runtime/client_log.hpp"
#include "runtime/run.hpp"
#include "runtime/run_support.hpp"

namespace libbcda::runtime {

Task<> Run::drive_job(std::string type) {
  bulk::Job job(session_->service(), type, job_options_, random_jitter);
  auto body = [this, &job]() -> Task<> {
    co_await drive(job);
    job_done(job);
  };
  co_await guarded(body(),
                   [&](const Error& e) { job_failed(type, job.status_url() ? job.status_url()->text() : "", e); });
}

// Does what the job says until it has its manifest.
Task<> Run::drive(bulk::Job& job) {
  http::Request last;
  for (;;) {
    bulk::Step step = job.next(read_clocks());
    if (auto* pause = std::get_if<bulk::Wait>(&step)) {
      co_await wait(*pause, job.type(), "");
    } else if (auto* send = std::get_if<bulk::Send>(&step)) {
      co_await exchange(job, std::move(*send), last);
    } else {
      co_return;
    }
  }
}

Task<> Run::exchange(bulk::Job& job, bulk::Send send, http::Request& last) {
  bool had_status_url = job.status_url().has_value(), answered = false;
  std::optional<http::Answer> answer;
  std::optional<Error> failure;
  try {
    if (send.renew_token) session_->tokens().reject(last);
    co_await session_->tokens().authorize(send.request);
    if (!had_status_url) enter("kick-off", 1);
    last = send.request;
    auto limit = static_cast<std::size_t>(session_->settings().integer("max_manifest_bytes"));
    answer = co_await session_->http().send(std::move(send.request), limit, &answered);
  } catch (const Error& e) {
    if (e.status == Status::CANCELED) throw;
    failure = e;
  }
  if (failure) {
    job.on_failure(*failure, answered, read_clocks());
    co_return;
  }
  job.on_answer(*answer, read_clocks());
  if (!job.status_url()) co_return;
  if (!had_status_url) {
    enter("waiting", 2);
    if (workspace_) note([&] { workspace_->job_accepted(job.type(), job.status_url()->text()); });
    tell_job(job, true);
  } else if (answer->status == 202) {
    tell_job(job, false);
  }
}

void Run::job_done(const bulk::Job& job) {
  const bulk::Manifest& manifest = job.manifest();
  const std::string export_id = job.status_url()->without_query();
  log(client_log::status_complete(export_id, manifest, now()));
  log(client_log::manifest_complete(export_id, manifest, now()));
  {
    std::lock_guard lock(mutex_);
    jobs_.push_back({job.type(), job.kick_off_url().text(), job.status_url()->text(), manifest});
  }
  Event event;
  event.kind = EventKind::manifest;
  event.type = job.type();
  event.url = export_id;
  event.files_total = static_cast<std::int64_t>(manifest.entries.size());
  mailbox_->push(std::move(event));
  if (request_.kind == RunKind::export_)
    enqueue(manifest.entries, job.status_url()->text(), manifest.requires_access_token);
}

// In one race of the 2019 service `output` grows after the first 200: ask again once the files are here.
Task<> Run::confirm_manifests() {
  for (JobRecord& record : jobs_) co_await confirm(record);
}

Task<> Run::confirm(JobRecord& record) {
  bulk::JobOptions options = job_options_;
  // The files are here: no reason to wait for long.
  options.outage_limit = Milliseconds(0);
  options.job_timeout = std::chrono::minutes(5);
  bulk::Job job(session_->service(), record.type, http::parse_url(record.status_url, "the status URL"), options,
                random_jitter);
  record.confirmed = false;
  try {
    co_await drive(job);
  } catch (const Error& e) {
    if (stops_everything(e.status)) throw;
    tell(EventKind::warning, record.type, "could not ask whether the manifest has grown: " + e.message);
    co_return;
  }
  const std::vector<bulk::Entry> grown = bulk::grown_entries(record.manifest, job.manifest());
  record.confirmed = grown.empty();
  record.manifest = job.manifest();
  enqueue(grown, record.status_url, record.manifest.requires_access_token);
}

void Run::job_failed(const std::string& type, const std::string& status_url, const Error& error) {
  fail(error);
  bool dead = error.status == Status::JOB_FAILED || error.status == Status::JOB_GONE;
  if (dead && workspace_ && !status_url.empty()) note([&] { workspace_->job_dead(status_url); });
  if (error.status != Status::CANCELED) {
    if (!status_url.empty()) log(client_log::status_error(shown(status_url), error, now()));
    if (types_.size() > 1) warn(type, "", error);  // of a single job it is the run's own error
  }
}

}  // namespace libbcda::runtime
