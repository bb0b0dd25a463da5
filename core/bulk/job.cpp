#include "bulk/job.hpp"

#include <algorithm>
#include <tuple>

#include "base/quote.hpp"
#include "bulk/running_job.hpp"

namespace libbcda::bulk {

using http::Backoff;
using http::RetryBudget;

namespace {

using std::chrono::seconds;

// A service that has just been restarted, or one of its machines that learns of a job later than others, may answer 404
// for a job that lives. So the request is repeated this many times, for this time, before the job counts as gone.
constexpr auto kUnknownJobGrace = seconds(30);
constexpr int kUnknownJobTries = 3;
// The service answers 500 for a failed job, but also for a transient fault. So the request is repeated this many times
// before the job counts as failed. With the code `exception`, which BCDA has for both, it is repeated `retries` times.
constexpr int kFailedJobTries = 2;
constexpr auto kStall = std::chrono::minutes(30);  // a progress that does not change for so long is told
constexpr const char* kBusy =
    ": another export of this resource type is still running for the organization; try again when it is done, or let "
    "kickoff_timeout be longer; where the service has a list of jobs, `bcda jobs` shows it, and the setting job_url "
    "continues with one of them";
constexpr const char* kMayNotExport =
    "; check that the client may export, and that the service accepts this machine's address";
constexpr const char* kNotOnOffer =
    "; check the setting types and the setting group: the service may not know what they name";
constexpr const char* kNoDataNow =
    "; the service has no data for this group now: such as each January until the attribution of "
    "the new year is there, or runout data after its months; try again later, or check the setting group";
constexpr const char* kNotYourJob = "; the service shows a job only to the client that started it; check client_id";
constexpr const char* kWantsCredentials =
    " was refused (HTTP 401), and no token was sent; set client_id and client_secret, or signing_key, or access_token";
constexpr const char* kStartAgain = "; start a new export";
constexpr auto kClockSkew = std::chrono::minutes(5);  // between this machine and the service
constexpr const char* kMayRun = "; the service may have received it, and then a job is running there";
constexpr const char* kUnheard = "the answer to the kick-off";
constexpr const char* kSentAgain = " is not known, so a job may be running at the service; it is sent again, because ";
constexpr const char* kNoSuchJob = "no job with its request was found";
constexpr const char* kNoJobList = "it cannot be looked up in a list of jobs";
constexpr Milliseconds kFirstPoll{50};
constexpr auto kShortestLife = std::chrono::minutes(1);  // of the files of a manifest
constexpr double kPollGrowth = 1.5;

RetryBudget budget(const JobOptions& options, int retries, Milliseconds outage_limit) {
  return {retries, Backoff(options.retry_delay, options.retry_max_delay, 2, options.max_retry_after), outage_limit};
}

// "the kick-off for Patient". A job that is known by its URL alone has the label "job 42".
std::string name_of(const std::string& what, const std::string& label) {
  return what == "the job" && label.starts_with("job ") ? "the " + label : what + " for " + label;
}

// "https://host/job/1, https://host/job/2"
std::string list_of(const std::vector<http::Url>& urls) {
  constexpr std::size_t shown = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(urls.size(), shown); ++i)
    text += (i > 0 ? ", " : "") + tidy(urls[i].without_query(), 200);
  return text + (urls.size() > shown ? " and " + std::to_string(urls.size() - shown) + " more" : "");
}

std::vector<http::Url> urls_of(const std::vector<RunningJob>& jobs) {
  std::vector<http::Url> urls;
  for (const RunningJob& job : jobs) urls.push_back(job.status_url);
  return urls;
}

std::string in_minutes(Steady::duration duration) {
  return format_duration(std::chrono::duration_cast<std::chrono::minutes>(duration));
}

// For how long the requests have failed.
std::string outage_text(const RetryBudget& budget, Moment now) {
  const Milliseconds spent = budget.spent(now.steady);
  return spent < std::chrono::minutes(1) ? format_duration(std::chrono::floor<seconds>(spent)) : in_minutes(spent);
}

// Until job_timeout ends the job.
Milliseconds time_left(Steady started, Milliseconds job_timeout, Moment now) {
  if (job_timeout.count() <= 0) return Milliseconds::max();
  return std::chrono::ceil<Milliseconds>(started + job_timeout - now.steady);
}

}  // namespace

PollDelays::PollDelays(const JobOptions& options)
    : interval_(options.poll_interval),
      early_(kFirstPoll),
      longest_requested_(options.max_retry_after),
      later_(interval_, std::max(interval_, options.poll_max_interval), kPollGrowth, longest_requested_) {}

Milliseconds PollDelays::next(double jitter, std::optional<Milliseconds> requested) {
  if (early_ >= interval_) return later_.next(jitter, requested);
  const Milliseconds early = early_;
  early_ *= 2;
  return Backoff(early, early, 1, longest_requested_).next(jitter, requested);
}

Job::Job(http::Url service, KickOff kick_off, JobOptions options, std::function<double()> jitter)
    : service_(std::move(service)),
      kick_off_(std::move(kick_off)),
      options_(std::move(options)),
      jitter_(std::move(jitter)),
      pages_(service_),
      may_adopt_(options_.adopts_running_job && kick_off_.request.method == "GET"),
      budgets_{budget(options_, options_.retries, Milliseconds(0)),
               budget(options_, options_.retries, options_.outage_limit),
               budget(options_, 0, options_.kickoff_timeout)},
      poll_delays_(options_) {}

Job::Job(http::Url service, KickOff kick_off, http::Url status_url, JobOptions options, std::function<double()> jitter)
    : Job(std::move(service), std::move(kick_off), std::move(options), std::move(jitter)) {
  go_on(std::move(status_url), false);
  has_lived_ = false;  // only the caller says so
}

void Job::go_on(http::Url status_url, bool is_adopted) {
  status_ = std::move(status_url);
  is_adopted_ = is_adopted;
  has_lived_ = true;
  pages_.begin(*status_);
  phase_ = Phase::to_poll;
}

void Job::on_kept_page(std::shared_ptr<const Manifest> page, bool is_last) {
  if (pages_.add(std::move(page), is_last) == Pages::Next::complete) phase_ = Phase::finished;
}

void Job::on_unheard_kick_off(Instant sent) {
  if (!first_unheard_) first_unheard_ = sent - kClockSkew;
  unheard_since_ = first_unheard_;
}

http::Request status_request(const http::Url& url) {
  http::Request request;
  request.url = url;
  request.headers = {{"Accept", "application/json"}};
  return request;
}

Step Job::next(Moment now) {
  if (phase_ == Phase::failed) throw *failure_;
  if (phase_ == Phase::finished) return Finished{};
  if (phase_ == Phase::to_poll && !started_) started_ = now.steady;
  const Milliseconds left = started_ ? time_left(*started_, options_.job_timeout, now) : Milliseconds::max();
  if (left.count() <= 0) throw timeout(now);
  if (pause_) {
    Wait wait = *std::exchange(pause_, std::nullopt);
    wait.duration = std::min(wait.duration, left);
    return wait;
  }
  if (phase_ == Phase::to_poll) return Send{status_request(pages_.url()), token_.take_renewal()};
  sent_ = now.wall;
  http::Request request = kick_off_.request;
  request.may_repeat = false;
  return Send{std::move(request), token_.take_renewal()};
}

Error Job::timeout(Moment now) const {
  const bool stands = moved_ && now.steady - *moved_ >= kStall;
  const std::string since = stands ? ", unchanged for " + in_minutes(now.steady - *moved_) : "";
  return Error(Status::TIMEOUT,
               name_of("the job", kick_off_.label) + " did not finish within " + format_duration(options_.job_timeout) +
                   (progress_.empty() ? "" : " (" + progress_ + since + ")") + "; see the setting job_timeout");
}

void Job::on_failure(const Error& error, http::Reach reach, Moment now) {
  token_.accept();   // a later 401 may mean that the token has expired during the outage
  unknown_.reset();  // an outage may take longer than a 404 is believed
  Error named = error;
  named.message = request_name() + ": " + named.message;
  if (phase_ == Phase::to_kick_off && (unheard_since_ || reach != http::Reach::unsent)) named.message += kMayRun;
  if (!error.retriable) return fail(std::move(named));
  if (phase_ == Phase::to_poll) return retry_or_fail(std::move(named), budgets_.outages, now, options_.retries);
  // A kick-off is not repeated once any byte of an answer has come, because it would start a second job. Without an
  // answer it is repeated, unless its job is found.
  if (reach == http::Reach::answered) return fail(std::move(named));
  if (reach == http::Reach::sent) on_unheard_kick_off(*sent_);
  retry_or_fail(std::move(named), budgets_.failures, now, options_.retries);
}

void Job::on_answer(const http::Answer& answer, Moment now) {
  const bool unauthorized = answer.status == 401;
  if (unauthorized && !options_.has_token)
    return fail(std::move(Error(Status::AUTHENTICATION, request_name() + kWantsCredentials)
                              .with_http(401)
                              .with_outcome(outcome_text(answer))));
  if ((unauthorized || (answer.status == 403 && options_.renews_on_403 && options_.has_token)) && token_.refuse())
    return;
  if (unauthorized) {
    return fail(
        std::move(Error(Status::AUTHENTICATION,
                        request_name() + " was refused (HTTP 401) with a new token; the organization may be disabled")
                      .with_http(401)
                      .with_outcome(outcome_text(answer))));
  }
  on_heard(phase_ == Phase::to_poll ? export_status(answer) : answer.status, now);
  phase_ == Phase::to_poll ? on_status(answer, now) : on_kick_off(answer, now);
}

void Job::on_kick_off(const http::Answer& answer, Moment now) {
  if (answer.status == 202) return on_accepted(answer, now);
  Error error = refusal(answer, name_of("the kick-off", kick_off_.label), now.wall);
  if (answer.status == 429) return on_busy(answer, std::move(error), now);
  const bool denied = answer.status == 403 && !is_page(answer), unknown = answer.status == 404 && !is_page(answer);
  error.nothing_yet = options_.has_nothing_yet && unknown && is_operation_outcome(answer);
  if (denied) error.message += kMayNotExport;
  if (unknown) error.message += error.nothing_yet ? kNoDataNow : kNotOnOffer;
  if ((denied || unknown) && !error.nothing_yet && !options_.fallback.empty())
    error.message += "; if this version is not open to the organization, set profile to " + options_.fallback;
  // Only an answer that certainly started no job allows a retry. A 500 leaves a pending job behind, and a 502 or 504 of
  // a gateway may do so too.
  retry_or_fail(std::move(error), budgets_.failures, now, answer.status == 503 ? options_.retries : 0);
}

// The organization's other job may run for hours, so this needs the patience of a job, not of a fault.
void Job::on_busy(const http::Answer& answer, Error error, Moment now) {
  budgets_.failures.refill();
  const std::vector<http::Url> running = running_jobs(answer, kick_off_.request.url, service_);
  if (running.size() == 1 && may_adopt_) return adopt(running[0], now);
  if (running.empty() && may_adopt_ && options_.has_job_list && !std::exchange(asked_for_jobs_, true))
    wants_running_jobs_ = true;
  const std::string which = running.empty() ? "" : "; the service names as running: " + list_of(running);
  if (!which.empty() && !std::exchange(told_running_, true))
    notice_ = error.message + which + "; the setting job_url continues with one of them";
  if (budgets_.busy.allow(now.steady)) {
    const Milliseconds delay = budgets_.busy.delay(jitter_(), error.retry_after);
    pause_ = Wait{std::min(delay, budgets_.busy.time_left(now.steady)), error.message, true, error.http_status};
    return;
  }
  error.message += kBusy + which;
  fail(std::move(error));
}

void Job::on_running_jobs(const std::vector<RunningJob>& jobs, Moment now) {
  wants_running_jobs_ = false;
  std::vector<RunningJob> same;
  for (const RunningJob& job : jobs)
    if (is_same_request(job.request, kick_off_.request.url) && !given_back_.contains(job.status_url.text()))
      same.push_back(job);
  if (phase_ != Phase::to_kick_off) return;
  if (unheard_since_) return take_unheard(std::move(same), now);
  if (same.size() == 1) adopt(same[0].status_url, now);
}

// Of the jobs with the request of an unheard kick-off, the newest is taken. If it did not begin before the kick-off,
// it is as good as the kick-off's own: it has the same request, and its data is not older. The lists of two runs may
// differ in their order, so of jobs that began together the URL decides.
void Job::take_unheard(std::vector<RunningJob> same, Moment now) {
  std::sort(same.begin(), same.end(), [](const RunningJob& a, const RunningJob& b) {
    return std::tuple(b.began, a.status_url.text()) < std::tuple(a.began, b.status_url.text());
  });
  if (same.empty() || !same[0].began || *same[0].began < *unheard_since_) {
    unheard_since_.reset();
    notice_ = name_of(kUnheard, kick_off_.label) + kSentAgain +
              (!lists_jobs()  ? kNoJobList
               : same.empty() ? kNoSuchJob
                              : "no job with its request has begun since; there are " + list_of(urls_of(same)));
    return;
  }
  const RunningJob newest = same[0];
  same.erase(same.begin());
  adopt(newest.status_url, now);
  if (same.empty()) return;
  notice_ += std::string("; of the jobs with this request it is the newest") +
             (same[0].began == newest.began ? ", together with another one" : "") + "; the others are " +
             list_of(urls_of(same));
}

// Another client's parameters may differ, so the manifest of the adopted job is compared with this kick-off.
void Job::adopt(http::Url status_url, Moment now) {
  may_adopt_ = false;
  is_adopted_ = true;
  budgets_.busy.refill();
  notice_ = std::exchange(unheard_since_, std::nullopt)
                ? "the job of a kick-off whose answer is not known was found in the job list, at " +
                      tidy(status_url.without_query(), 200) + "; this run goes on with it"
                : "an export of this organization runs already; this export waits for it, at " +
                      tidy(status_url.without_query(), 200) +
                      ", and takes its files if its request was the same; see the setting adopt_running_job";
  begin_polling(std::move(status_url), now);
}

// Back to the kick-off, because the adopted job is of no use.
void Job::give_back(const std::string& why) {
  is_adopted_ = has_lived_ = false;
  given_back_.insert(status_->text());
  status_.reset();
  started_ = moved_ = std::nullopt;
  progress_.clear();
  budgets_.failures.refill();
  phase_ = Phase::to_kick_off;
  pause_ = Wait{options_.retry_delay, why, true};
}

void Job::on_accepted(const http::Answer& answer, Moment now) {
  http::Url status_url;
  try {
    status_url = on_service_origin(
        http::resolve_url(kick_off_.request.url, answer.header("Content-Location"), "Content-Location"), service_);
  } catch (const Error& e) {
    Error error = e;
    error.message = name_of("the kick-off", kick_off_.label) + " was accepted, but " + e.message;
    return fail(std::move(error));
  }
  if (!http::same_origin(status_url, service_))
    return fail(Error(Status::PROTOCOL, name_of("the kick-off", kick_off_.label) +
                                            " points to a job on another origin, " + tidy(status_url.origin(), 200) +
                                            "; the token is not sent there"));
  begin_polling(std::move(status_url), now);
}

void Job::begin_polling(http::Url status_url, Moment now) {
  status_ = std::move(status_url);
  pages_.begin(*status_);
  phase_ = Phase::to_poll;
  has_lived_ = true;
  started_ = moved_ = now.steady;
  poll_delays_ = PollDelays(options_);
  budgets_.failures.refill();
  pause_ = Wait{poll_delays_.next(jitter_()), "", false};
}

void Job::on_status(const http::Answer& answer, Moment now) {
  http::Answer told = answer;
  told.status = export_status(answer);
  if (told.status == 202) return on_progress(told, now);
  Error error = refusal(told, name_of("the status request", kick_off_.label), now.wall);
  on_no_manifest(told, std::move(error), now);
}

void Job::on_progress(const http::Answer& answer, Moment now) {
  has_lived_ = true;
  const std::string progress = tidy(answer.header("X-Progress"), 100);
  if (progress != progress_ || !moved_) {
    progress_ = progress;
    moved_ = now.steady;
    told_stall_ = false;
  }
  const auto still = now.steady - *moved_;
  if (!progress_.empty() && still >= kStall && !std::exchange(told_stall_, true))
    notice_ = name_of("the job", kick_off_.label) + " makes no progress: it has been at \"" + progress_ + "\" for " +
              in_minutes(still) + "; the setting job_timeout limits how long it is waited for";
  budgets_.failures.refill();
  pause_ = Wait{poll_delays_.next(jitter_(), retry_after(answer, now.wall)), "", false};
}

// The job has failed, is gone, or could not be asked.
void Job::on_no_manifest(const http::Answer& answer, Error error, Moment now) {
  if (answer.status == 404 || answer.status == 410) {
    error.status = Status::JOB_GONE;
    error.message = name_of("the job", kick_off_.label) +
                    (answer.status == 410 ? " has expired" : " is unknown to the service") + " (HTTP " +
                    std::to_string(answer.status) + ")";
    const bool may_return = unknown_ && has_lived_ && now.steady - *unknown_ < kUnknownJobGrace;
    return retry_or_fail(std::move(error), budgets_.failures, now, may_return ? kUnknownJobTries : 0, kStartAgain);
  }
  const Fault fault = fault_of(answer);
  if (answer.status == 500 && fault != Fault::passing && is_operation_outcome(answer)) {
    error.status = Status::JOB_FAILED;
    error.message = name_of("the job", kick_off_.label) + " failed on the service (HTTP 500)";
    error.retriable = false;
    const int tries = fault == Fault::lasting ? 0 : fault == Fault::exception ? options_.retries : kFailedJobTries;
    return retry_or_fail(std::move(error), budgets_.failures, now, tries, kStartAgain);
  }
  if (answer.status == 403 && !is_page(answer)) error.message += kNotYourJob;
  // A job that runs for hours survives a restart of the service, so outages are tolerated for outage_limit.
  if (may_pass(answer)) return retry_or_fail(std::move(error), budgets_.outages, now, options_.retries);
  fail(std::move(error));
}

bool Job::brings_manifest(const http::Answer& head) const {
  if (phase_ != Phase::to_poll) return false;
  const int status = export_status(head);
  return status == 200 || (status == 202 && kick_off_.partial && head.media_type() == "application/json");
}

void Job::on_manifest(const http::Answer& answer, std::shared_ptr<const Manifest> page, Moment now) {
  on_heard(answer.status, now);
  const bool is_done = export_status(answer) == 200;
  // Some servers describe a running job in JSON, without a list of files.
  if (!is_done && !page->has_output) return on_progress(answer, now);
  if (is_adopted_ && pages_.all().empty() && !is_same_request(page->request, kick_off_.request.url))
    return give_back("the job that was running had another request, so " + name_of("the kick-off", kick_off_.label) +
                     " is sent again");
  // A shorter time only forbids caches to keep the answer.
  if (const auto left = expires_in(answer, now.wall); left && *left > kShortestLife) expires_ = now.steady + *left;
  try {
    const Pages::Next next = pages_.add(std::move(page), is_done);
    if (next == Pages::Next::complete) phase_ = Phase::finished;
    if (next == Pages::Next::ask_later) on_progress(answer, now);
    if (next != Pages::Next::ask_later) budgets_.failures.refill();
  } catch (const Error& e) {
    Error error = e;
    error.message = name_of("the status request", kick_off_.label) + ": " + e.message;
    fail(std::move(error));
  }
}

void Job::on_bad_manifest(const http::Answer& answer, const Error& why, Moment now) {
  on_heard(answer.status, now);
  if (export_status(answer) == 202) return on_progress(answer, now);  // its body need not be a manifest
  Error error = why;
  error.message = is_page(answer)
                      ? name_of("the status request", kick_off_.label) + " was answered with " + page_text(answer)
                      : name_of("the status request", kick_off_.label) + " returned no usable manifest: " + why.message;
  error.http_status = answer.status;
  // The next answer may be good, because the page may be a proxy's, and the manifest may have been incomplete.
  retry_or_fail(std::move(error), budgets_.failures, now, kFailedJobTries);
}

// The service has answered, so its token is good, and it can be reached.
void Job::on_heard(int status, Moment now) {
  token_.accept();
  if (status < 400) budgets_.outages.refill();
  if (status != 404)
    unknown_.reset();
  else if (!unknown_)
    unknown_ = now.steady;
}

void Job::retry_or_fail(Error error, RetryBudget& budget, Moment now, int limit, const char* remedy) {
  const bool is_outage = budget.outage_limit().count() > 0;
  if (budget.allow(now.steady, limit)) {
    if (is_outage)
      error.message += ", for " + outage_text(budget, now) + " now (it gives up after the setting outage_limit, " +
                       format_duration(budget.outage_limit()) + ")";
    pause_ = Wait{budget.delay(jitter_(), error.retry_after), error.message, true, error.http_status};
    return;
  }
  if (is_outage)
    error.message += "; it was repeated for " + outage_text(budget, now) + "; see the setting outage_limit";
  error.message += remedy;  // only in the final error, because it would be wrong advice while the run retries
  fail(std::move(error));
}

void Job::fail(Error error) {
  const bool is_of_no_use =
      error.status == Status::JOB_FAILED || error.status == Status::JOB_GONE || error.status == Status::REFUSED;
  // Once files of the adopted job are at hand, those of another job must not be mixed with them.
  if (is_adopted_ && is_of_no_use && pages_.all().empty()) return give_back(error.message);
  failure_ = std::move(error);
  phase_ = Phase::failed;
}

std::string Job::request_name() const {
  return name_of(phase_ == Phase::to_poll ? "the status request" : "the kick-off", kick_off_.label);
}

}  // namespace libbcda::bulk
