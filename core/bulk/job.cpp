#include "bulk/job.hpp"

#include <algorithm>

#include "base/quote.hpp"

namespace libbcda::bulk {

using http::Backoff;
using http::RetryBudget;

namespace {

using std::chrono::seconds;

// In a service with several machines, some of them may learn of a new job later than others.
constexpr auto kUnknownJobGrace = seconds(30);
constexpr int kUnknownJobTries = 3;
// The service answers 500 for a failed job, but also for a transient fault. So the request is repeated this many times
// before the job counts as failed.
constexpr int kFailedJobTries = 2;
constexpr const char* kMayNotExport =
    "; check that the client may export, and that the service accepts this machine's address";
constexpr const char* kNotYourJob = "; the service shows a job only to the client that started it; check client_id";
constexpr const char* kWantsCredentials =
    " was refused (HTTP 401), and no token was sent; set client_id and client_secret, or signing_key, or access_token";
constexpr const char* kStartAgain = "; start a new export";
constexpr Milliseconds kFirstPoll{50};
constexpr double kPollGrowth = 1.5;

RetryBudget budget(const JobOptions& options, Milliseconds outage_limit) {
  return {options.retries, Backoff(options.retry_delay, options.retry_max_delay), outage_limit};
}

std::string name_of(const char* what, const std::string& type) { return std::string(what) + " for " + type; }

// Until job_timeout ends the job.
Milliseconds time_left(Steady started, Milliseconds job_timeout, Moment now) {
  if (job_timeout.count() <= 0) return Milliseconds::max();
  return std::chrono::ceil<Milliseconds>(started + job_timeout - now.steady);
}

}  // namespace

PollDelays::PollDelays(const JobOptions& options)
    : interval_(options.poll_interval),
      early_(kFirstPoll),
      later_(interval_, std::max(interval_, options.poll_max_interval), kPollGrowth) {}

Milliseconds PollDelays::next(double jitter, std::optional<Milliseconds> requested) {
  if (early_ >= interval_) return later_.next(jitter, requested);
  const Milliseconds early = early_;
  early_ *= 2;
  return Backoff(early, early).next(jitter, requested);
}

Job::Job(http::Url service, KickOff kick_off, JobOptions options, std::function<double()> jitter)
    : service_(std::move(service)),
      kick_off_(std::move(kick_off)),
      options_(std::move(options)),
      jitter_(std::move(jitter)),
      budgets_{budget(options_, Milliseconds(0)), budget(options_, options_.outage_limit)},
      poll_delays_(options_) {}

Job::Job(http::Url service, KickOff kick_off, http::Url status_url, JobOptions options, std::function<double()> jitter)
    : Job(std::move(service), std::move(kick_off), std::move(options), std::move(jitter)) {
  status_ = std::move(status_url);
  phase_ = Phase::to_poll;
}

http::Request status_request(const http::Url& url) {
  http::Request request;
  request.url = url;
  request.headers = {{"Accept", "application/json"}};
  return request;
}

Step Job::next(Moment now) {
  if (!started_) started_ = now.steady;
  if (phase_ == Phase::failed) throw *failure_;
  if (phase_ == Phase::finished) return Finished{};
  const Milliseconds left = time_left(*started_, options_.job_timeout, now);
  if (left.count() <= 0)
    throw Error(Status::TIMEOUT, name_of("the job", kick_off_.label) + " did not finish within " +
                                     format_duration(options_.job_timeout) +
                                     (progress_.empty() ? "" : " (" + progress_ + ")") +
                                     "; see the setting job_timeout");
  if (pause_) {
    Wait wait = *std::exchange(pause_, std::nullopt);
    wait.duration = std::min(wait.duration, left);
    return wait;
  }
  http::Request request = phase_ == Phase::to_poll ? status_request(*status_) : kick_off_.request;
  return Send{std::move(request), token_.take_renewal()};
}

void Job::on_failure(const Error& error, bool answered, Moment now) {
  token_.accept();  // a later 401 may mean that the token has expired during the outage
  Error named = error;
  named.message = request_name() + ": " + named.message;
  if (!error.retriable) return fail(std::move(named));
  if (phase_ == Phase::to_poll) return retry_or_fail(std::move(named), budgets_.outages, now, options_.retries);
  // A kick-off is not repeated once any byte of an answer has come, because it would start a second job. Without an
  // answer it is repeated, although the service may have received it.
  if (answered) return fail(std::move(named));
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
  on_heard(answer.status);
  phase_ == Phase::to_poll ? on_status(answer, now) : on_kick_off(answer, now);
}

void Job::on_kick_off(const http::Answer& answer, Moment now) {
  if (answer.status == 202) return on_accepted(answer, now);
  Error error = refusal(answer, name_of("the kick-off", kick_off_.label), now.wall);
  const char* remedy = "";
  if (answer.status == 429)
    remedy = ": another export of this resource type is still running for the organization; try again when it is done";
  if (answer.status == 403 && !is_page(answer)) error.message += kMayNotExport;
  if (answer.status == 404) error.message += "; check the setting types: the service may not offer this resource type";
  if ((answer.status == 403 || answer.status == 404) && !is_page(answer) && !options_.fallback.empty())
    error.message += "; if this version is not open to the organization, set profile to " + options_.fallback;
  // Only an answer that certainly started no job allows a retry. A 500 leaves a pending job behind, and a 502 or 504 of
  // a gateway may do so too.
  const bool safe = answer.status == 429 || answer.status == 503;
  retry_or_fail(std::move(error), budgets_.failures, now, safe ? options_.retries : 0, safe ? remedy : "");
}

void Job::on_accepted(const http::Answer& answer, Moment now) {
  try {
    status_ = on_service_origin(
        http::resolve_url(kick_off_.request.url, answer.header("Content-Location"), "Content-Location"), service_);
  } catch (const Error& e) {
    Error error = e;
    error.message = name_of("the kick-off", kick_off_.label) + " was accepted, but " + e.message;
    return fail(std::move(error));
  }
  if (!http::same_origin(*status_, service_))
    return fail(Error(Status::PROTOCOL, name_of("the kick-off", kick_off_.label) +
                                            " points to a job on another origin, " + tidy(status_->origin(), 200) +
                                            "; the token is not sent there"));
  phase_ = Phase::to_poll;
  accepted_ = now.steady;
  budgets_.failures.refill();
  pause_ = Wait{poll_delays_.next(jitter_()), "", false};
}

void Job::on_status(const http::Answer& answer, Moment now) {
  if (answer.status == 202) {
    progress_ = tidy(answer.header("X-Progress"), 100);
    budgets_.failures.refill();
    pause_ = Wait{poll_delays_.next(jitter_(), retry_after(answer, now.wall)), "", false};
    return;
  }
  Error error = refusal(answer, name_of("the status request", kick_off_.label), now.wall);
  if (answer.status == 404 || answer.status == 410) {
    error.status = Status::JOB_GONE;
    error.message = name_of("the job", kick_off_.label) +
                    (answer.status == 410 ? " has expired" : " is unknown to the service") + " (HTTP " +
                    std::to_string(answer.status) + ")";
    const bool young = answer.status == 404 && accepted_ && now.steady - *accepted_ < kUnknownJobGrace;
    return retry_or_fail(std::move(error), budgets_.failures, now, young ? kUnknownJobTries : 0, kStartAgain);
  }
  if (answer.status == 500 && is_operation_outcome(answer)) {
    error.status = Status::JOB_FAILED;
    error.message = name_of("the job", kick_off_.label) + " failed on the service (HTTP 500)";
    error.retriable = false;
    return retry_or_fail(std::move(error), budgets_.failures, now, kFailedJobTries, kStartAgain);
  }
  if (answer.status == 403 && !is_page(answer)) error.message += kNotYourJob;
  // A job that runs for hours survives a restart of the service, so outages are tolerated for outage_limit.
  if (transient(answer.status)) return retry_or_fail(std::move(error), budgets_.outages, now, options_.retries);
  fail(std::move(error));
}

void Job::on_manifest(std::shared_ptr<const Manifest> manifest) {
  on_heard(200);
  manifest_ = std::move(manifest);
  phase_ = Phase::finished;
}

void Job::on_bad_manifest(const http::Answer& answer, const Error& why, Moment now) {
  on_heard(200);
  Error error = why;
  error.message = is_page(answer)
                      ? name_of("the status request", kick_off_.label) + " was answered with " + page_text(answer)
                      : name_of("the status request", kick_off_.label) + " returned no usable manifest: " + why.message;
  error.http_status = answer.status;
  // The next answer may be good, because the page may be a proxy's, and the manifest may have been incomplete.
  retry_or_fail(std::move(error), budgets_.failures, now, kFailedJobTries);
}

// The service has answered, so its token is good, and it can be reached.
void Job::on_heard(int status) {
  token_.accept();
  if (!transient(status)) budgets_.outages.refill();
}

void Job::retry_or_fail(Error error, RetryBudget& budget, Moment now, int limit, const char* remedy) {
  if (budget.allow(now.steady, limit)) {
    pause_ = Wait{budget.delay(jitter_(), error.retry_after), error.message, true};
    return;
  }
  error.message += remedy;  // only in the final error, because it would be wrong advice while the run retries
  fail(std::move(error));
}

void Job::fail(Error error) {
  failure_ = std::move(error);
  phase_ = Phase::failed;
}

std::string Job::request_name() const {
  return name_of(phase_ == Phase::to_poll ? "the status request" : "the kick-off", kick_off_.label);
}

}  // namespace libbcda::bulk
