#include "runtime/job_runner.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "bulk/job_list.hpp"
#include "runtime/guarded.hpp"

namespace libbcda::runtime {
namespace {

constexpr auto kConfirmPatience = std::chrono::minutes(5);  // short, because the files are already here

// The first part of "what happened; what to do".
std::string without_remedy(const std::string& text) { return text.substr(0, text.find("; ")); }

// What the later answer lists beyond the earlier one, page by page. Throws Error{PROTOCOL} as bulk::grown_files does.
std::vector<Files> grown_pages(const bulk::Manifests& before, const bulk::Manifests& after) {
  if (after.size() < before.size())
    throw Error(Status::PROTOCOL, "the job's manifest has changed: it has fewer pages now; start a new export");
  std::vector<Files> grown;
  for (std::size_t i = 0; i < after.size(); ++i) {
    Files files = all_files(after[i]);
    if (i < before.size()) files.numbers = bulk::grown_files(*before[i], *after[i]);
    if (!files.numbers.empty()) grown.push_back(std::move(files));
  }
  return grown;
}

}  // namespace

bulk::JobOptions job_options(const Settings& s, const Profile& profile) {
  return {.poll_interval = s.duration("poll_interval"),
          .poll_max_interval = s.duration("poll_max_interval"),
          .kickoff_timeout = s.duration("kickoff_timeout"),
          .job_timeout = s.has("job_timeout") ? s.duration("job_timeout") : profile.job_timeout,
          .retry_delay = s.duration("retry_delay"),
          .retry_max_delay = s.duration("retry_max_delay"),
          .retries = static_cast<int>(s.integer("retries")),
          .outage_limit = s.duration("outage_limit"),
          .renews_on_403 = profile.renews_on_403,
          .max_retry_after = s.duration("max_retry_after"),
          .adopts_running_job =
              s.boolean("adopt_running_job") && (profile.lists_running_jobs || !profile.jobs_path.empty()),
          .has_job_list = !profile.jobs_path.empty(),
          .has_nothing_yet = profile.has_nothing_yet,
          .fallback = profile.fallback};
}

json::array describe(const std::vector<JobRecord>& jobs) {
  json::array described;
  for (const JobRecord& job : jobs) {
    json::object about{{"type", job.label},
                       {"request", job.request},
                       {"statusUrl", shown(job.status_url)},
                       {"transactionTime", job.manifests.front()->transaction_time},
                       {"files", bulk::count_files(job.manifests)}};
    if (job.confirmed) about["confirmed"] = *job.confirmed;
    described.push_back(std::move(about));
  }
  return described;
}

JobRunner::JobRunner(Session& session, world::World& world, bulk::JobOptions options, Reporter& reporter,
                     Outcome& outcome, transfer::Workspace* workspace, FilesFound files_found)
    : session_(session),
      world_(world),
      options_(options),
      reporter_(reporter),
      outcome_(outcome),
      workspace_(workspace),
      files_found_(std::move(files_found)) {
  options_.has_token = session.login().method != auth::Method::none;
}

Task<> JobRunner::run(bulk::KickOff kick_off, bool alone) {
  bulk::Job job = job_of(std::move(kick_off));
  std::optional<Error> failure;  // a handler cannot co_await
  const auto body = [&]() -> Task<> {
    co_await take_up(job);
    const bool is_kept = job.phase() == bulk::Job::Phase::finished;  // its manifest was in the work directory
    co_await drive(job, true);
    done(job);
    if (!is_kept) co_await keep_manifest(job);
  };
  co_await guarded(body(), [&](const Error& e) { failure = e; });
  if (!failure) co_return;
  co_await asio::this_coro::throw_if_cancelled(false);  // because the journal needs the end of the job
  co_await failed(job, std::move(*failure), alone);
}

// What an earlier run left of the job. Null: nothing.
const transfer::JobState* JobRunner::left_behind(const std::string& label) const {
  if (!workspace_ || !workspace_->goes_on()) return nullptr;
  const auto found = workspace_->earlier().jobs.find(label);
  return found == workspace_->earlier().jobs.end() ? nullptr : &found->second;
}

// Begins where an earlier run stopped.
Task<> JobRunner::take_up(bulk::Job& job) {
  const transfer::JobState* left = left_behind(job.label());
  if (left && !left->status_url.empty()) {
    co_await take_up_job(job, *left);
  } else if (left && !left->is_dead) {
    job.on_unheard_kick_off(left->kick_off);
  } else if (job.kick_off().running) {
    co_await adopted(job);
  }
}

// The service is not asked for a manifest that is at hand.
Task<> JobRunner::take_up_job(bulk::Job& job, const transfer::JobState& left) {
  const http::Url& service = session_.service().origin;
  if (left.is_dead && what_is_here(left.status_url).empty()) co_return;  // a new kick-off does no harm
  if (left.is_dead) throw Error(Status::JOB_GONE, "the job for " + job.label() + " has failed or expired");
  const http::Url url = http::parse_url(left.status_url, "the status URL in the journal");
  if (!http::same_origin(url, service))
    throw Error(Status::PROTOCOL, "the journal names a job on another origin, " + tidy(url.origin(), 200) +
                                      "; the token is not sent there; set restart to discard what is there and "
                                      "begin anew, or choose another directory");
  job.go_on(url, left.is_adopted);
  reporter_.enter(RunState::waiting);
  reporter_.job_adopted(job);
  bulk::Manifests pages;
  co_await world::run_on(world_.disk_workers(), [&] {
    pages = workspace_->kept_manifest(left, [&](const http::Url& page) { return http::same_origin(page, service); });
  });
  for (std::size_t i = 0; i < pages.size(); ++i) {
    job.on_kept_page(pages[i], i + 1 == pages.size());
    co_await deliver(job, true);
  }
}

// Continues a message about a job that is of no use any more. "": none of its files is here.
std::string JobRunner::what_is_here(const std::string& status_url) const {
  const std::size_t files = workspace_ && workspace_->goes_on() ? workspace_->earlier().files_of(status_url) : 0;
  if (files == 0) return "";
  return "; " + std::to_string(files) + (files == 1 ? " of its files is" : " of its files are") +
         " here already, and a new job's files must not be mixed with them; set restart to discard them and begin "
         "anew, or choose another directory";
}

// A later run takes it from there. One with signed URLs is not kept: they are credentials, and they expire, so a later
// run asks for the manifest again.
Task<> JobRunner::keep_manifest(const bulk::Job& job) {
  const auto is_signed = [](const auto& page) { return page->has_signed_urls; };
  const bulk::Manifests& pages = job.manifests();
  if (std::any_of(pages.begin(), pages.end(), is_signed)) co_return;
  co_await note([&] { workspace_->keep_manifest(job.label(), job.manifests()); });
}

bulk::Job JobRunner::job_of(bulk::KickOff kick_off) {
  const auto jitter = [this] { return world_.random().uniform(); };
  const http::Url& service = session_.service().origin;
  if (!kick_off.running) return {service, std::move(kick_off), options_, jitter};
  http::Url running = *kick_off.running;
  return {service, std::move(kick_off), std::move(running), options_, jitter};
}

// A job that runs already counts as accepted.
Task<> JobRunner::adopted(const bulk::Job& job) {
  reporter_.enter(RunState::waiting);
  co_await note([&] { workspace_->journal().job_accepted(job.label(), job.status_url()->text(), true); });
  reporter_.job_adopted(job);
}

// Does what the job says until it has its manifest.
Task<> JobRunner::drive(bulk::Job& job, bool delivers) {
  http::Request last;
  for (;;) {
    http::Step step = job.next(world_.clock().now());
    if (auto* pause = std::get_if<http::Wait>(&step)) {
      if (pause->retry) reporter_.retry(*pause, job.label());
      co_await world_.clock().sleep(pause->duration);
    } else if (auto* send = std::get_if<http::Send>(&step)) {
      co_await exchange(job, std::move(*send), last);
      if (delivers) co_await deliver(job, false);
    } else {
      co_return;
    }
  }
}

// Hands on the files that the last answer added. `is_kept`: an earlier run got it.
Task<> JobRunner::deliver(bulk::Job& job, bool is_kept) {
  bulk::Pages::Fresh fresh = job.take_fresh();
  if (!fresh.page) co_return;
  const bool is_last = job.phase() == bulk::Job::Phase::finished;
  if (is_last) is_kept ? reporter_.job_known(job) : reporter_.job_done(job);  // before its files
  Files files{std::move(fresh.page), std::move(fresh.numbers), job.expires()};
  co_await files_found_(job.status_url()->text(), std::move(files), is_last);
}

Task<> JobRunner::exchange(bulk::Job& job, http::Send send, http::Request& last) {
  const std::optional<http::Url> asked = job.status_url();
  if (job.unheard_since()) {
    co_await look_for_unheard_job(job);
    if (job.unheard_since() || job.phase() == bulk::Job::Phase::to_poll) co_return;
  }
  co_await hear(job, std::move(send), last);
  if (job.wants_running_jobs()) co_await look_for_running_jobs(job);
  tell_notice(job);
  // A job that was adopted, and given back since.
  if (asked && !job.status_url()) co_await note([&] { workspace_->journal().job_dead(job.label()); });
}

void JobRunner::tell_notice(bulk::Job& job) {
  if (const std::string notice = job.take_notice(); !notice.empty()) reporter_.warn(notice, job.label());
}

// A failure is not one of the run, because the kick-off is sent again in any case.
Task<> JobRunner::look_for_running_jobs(bulk::Job& job) {
  std::vector<bulk::RunningJob> running;
  try {
    running = co_await running_jobs({});
  } catch (const Error& e) {
    if (e.status == Status::CANCELED) throw;
  }
  co_await report_running(job, running);
}

// Its job may be in the list, and then a second one must not be started. So the kick-off is not sent before the list is
// known.
Task<> JobRunner::look_for_unheard_job(bulk::Job& job) {
  std::vector<bulk::RunningJob> running;
  std::optional<Error> failure;
  try {
    if (job.lists_jobs()) running = co_await running_jobs(job.unheard_since());
  } catch (const Error& e) {
    if (e.status == Status::CANCELED) throw;
    failure = e;
  }
  if (failure && !failure->retriable) failure->message += "; set restart to begin anew without that job";
  if (failure) co_return job.on_failure(*failure, http::Reach::unsent, world_.clock().now());
  co_await report_running(job, running);
  tell_notice(job);
}

// `since`: those that began since then, also if they are complete.
Task<std::vector<bulk::RunningJob>> JobRunner::running_jobs(std::optional<Instant> since) {
  const http::Answer answer =
      co_await send_with_token(session_, bulk::job_list_request(session_.service(), {}), bulk::kLargestJobList);
  const json::array list = bulk::read_job_list(answer, session_.service(), world_.clock().now().wall);
  co_return bulk::running_in(list, session_.service().origin, since);
}

Task<> JobRunner::report_running(bulk::Job& job, const std::vector<bulk::RunningJob>& running) {
  job.on_running_jobs(running, world_.clock().now());
  if (job.phase() == bulk::Job::Phase::to_poll) co_await adopted(job);
}

Task<> JobRunner::hear(bulk::Job& job, http::Send send, http::Request& last) {
  const bool was_accepted = job.phase() == bulk::Job::Phase::to_poll;
  Heard heard;
  try {
    co_await prepare(job, send, last);
  } catch (const Error& e) {
    if (e.status == Status::CANCELED || e.status == Status::FILESYSTEM) throw;
    heard.failure = e;
  }
  if (!heard.failure) co_await runtime::hear(session_, workspace_, job, std::move(send.request), heard);
  co_await asio::this_coro::throw_if_cancelled(false);  // because the journal needs each job that was accepted
  const Moment now = world_.clock().now();
  // A worker compares a page with the one before, because both may be large.
  co_await world::run_on(world_.workers(), [&] { tell(job, heard, now); });
  if (!heard.failure) co_await answered(job, was_accepted, bulk::export_status(heard.answer));
  co_await asio::this_coro::throw_if_cancelled(true);
}

// A kick-off is in the journal before it is sent, because it may start a job whose URL is then lost.
Task<> JobRunner::prepare(const bulk::Job& job, http::Send& send, http::Request& last) {
  if (send.renew_token) session_.tokens().reject(last);
  co_await session_.tokens().authorize(send.request);
  last = send.request;
  if (job.phase() == bulk::Job::Phase::to_poll) co_return;
  reporter_.enter(RunState::kick_off);
  warn_of_scope();
  if (workspace_)
    co_await world::run_on(world_.disk_workers(), [&] {
      workspace_->check_still_ours();
      workspace_->journal().kick_off_coming(job.label(), world_.clock().now().wall);
    });
}

// Once for all jobs of the run.
void JobRunner::warn_of_scope() {
  const std::string text = session_.tokens().narrowed();
  if (!text.empty() && !scope_warned_.exchange(true)) reporter_.warn(text);
}

Task<> JobRunner::answered(bulk::Job& job, bool was_accepted, int status) {
  const bool may_have_begun = status == 202 || (status >= 500 && status != 503);
  if (!was_accepted && !job.status_url() && !may_have_begun)
    co_await note([&] { workspace_->journal().kick_off_refused(job.label()); });
  if (!job.status_url()) co_return;
  if (was_accepted) {
    if (status == 202) reporter_.job_polled(job);
    co_return;
  }
  if (job.is_adopted()) co_return co_await adopted(job);
  reporter_.enter(RunState::waiting);
  co_await note([&] { workspace_->journal().job_accepted(job.label(), job.status_url()->text(), false); });
  reporter_.job_accepted(job);
}

void JobRunner::done(const bulk::Job& job) {
  const bulk::KickOff& kick_off = job.kick_off();
  const std::string request = kick_off.running ? job.manifests().front()->request : kick_off.request.url.text();
  JobRecord record{job.label(), request, job.status_url()->text(), job.manifests(), job.is_adopted()};
  if (session_.profile().manifest_may_grow) record.confirmed = false;
  const std::lock_guard lock(mutex_);
  records_.push_back(std::move(record));
}

Task<> JobRunner::failed(const bulk::Job& job, Error error, bool alone) {
  const transfer::JobState* left = left_behind(job.label());
  const std::string status_url = job.status_url() ? job.status_url()->text() : left ? left->status_url : "";
  // A service may answer 404 for the job of another client, so a job that is gone on with is not given up for that.
  const bool is_unknown = error.http_status == 404 && left && !left->status_url.empty();
  const bool dead = error.status == Status::JOB_FAILED || (error.status == Status::JOB_GONE && !is_unknown);
  if (is_unknown) error.message += "; check client_id; if it is right, set restart to begin anew";
  if (dead) error.message += what_is_here(status_url);
  outcome_.fail(error);
  if (dead && !status_url.empty()) co_await note([&] { workspace_->journal().job_dead(job.label()); });
  if (error.status == Status::CANCELED) co_return;
  if (!status_url.empty()) reporter_.job_failed(status_url, error);
  if (!alone) reporter_.warn(error, job.label());
}

Task<> JobRunner::confirm() {
  for (const JobRecord& record : records()) co_await confirm(record);
}

Task<> JobRunner::confirm(JobRecord record) {
  bulk::JobOptions options = options_;
  options.outage_limit = Milliseconds(0);
  options.job_timeout = kConfirmPatience;
  bulk::Job job(session_.service().origin, {record.label, {}}, http::parse_url(record.status_url, "the status URL"),
                options, [this] { return world_.random().uniform(); });
  std::optional<Error> failure;
  try {
    co_await drive(job, false);
  } catch (const Error& e) {
    if (stops_everything(e.status)) throw;
    failure = e;
  }
  std::vector<Files> grown;  // of each page
  if (failure) {
    reporter_.warn("all files of the manifest are here, but whether it has grown since could not be asked: " +
                       without_remedy(failure->message),
                   record.label);
  } else {
    co_await world::run_on(world_.workers(), [&] { grown = grown_pages(record.manifests, job.manifests()); });
    record.manifests = job.manifests();
  }
  record.confirmed = !failure && grown.empty();
  {
    const std::lock_guard lock(mutex_);
    const auto same = [&](const JobRecord& known) { return known.status_url == record.status_url; };
    *std::find_if(records_.begin(), records_.end(), same) = record;
  }
  for (Files& files : grown) co_await files_found_(record.status_url, std::move(files), false);
}

std::vector<JobRecord> JobRunner::records() const {
  const std::lock_guard lock(mutex_);
  return records_;
}

// Writes to the journal. A failure ends the run, but does not replace an earlier failure.
Task<> JobRunner::note(std::function<void()> write) {
  if (!workspace_) co_return;
  try {
    co_await world::run_on(world_.disk_workers(), std::move(write));
  } catch (const Error& e) {
    outcome_.fail(e);
  }
}

}  // namespace libbcda::runtime
