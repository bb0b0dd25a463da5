#include "bulk/job.hpp"

#include <algorithm>
#include <limits>

#include "base/quote.hpp"

namespace libbcda::bulk {
namespace {

using std::chrono::seconds;

// A service that spreads over several machines may not know a new job everywhere at once.
constexpr auto kUnknownJobGrace = seconds(30);
constexpr int kUnknownJobTries = 3;
// A failed job is answered with 500, and so is a passing fault: ask this often before believing it.
constexpr int kFailedJobTries = 2;
constexpr const char* kDenied =
    "; check that the client may export, and that the service admits this machine's address";
constexpr const char* kStartAgain = "; start a new export";

}  // namespace

Job::Job(http::Url service, std::string type, JobOptions options, std::function<double()> chance)
    : service_(std::move(service)),
      type_(std::move(type)),
      kick_off_(kick_off_url(service_, type_)),
      options_(options),
      chance_(std::move(chance)),
      retry_wait_(options.retry_delay, options.retry_max_delay),
      poll_wait_(options.poll_interval, std::max(options.poll_interval, options.poll_max_interval), 1.5) {}

Job::Job(http::Url service, std::string type, http::Url status_url, JobOptions options, std::function<double()> chance)
    : Job(std::move(service), std::move(type), options, std::move(chance)) {
  status_ = std::move(status_url);
}

http::Url Job::kick_off_url(const http::Url& service, const std::string& type) {
  http::Url url = service;
  url.target = "/api/v1/" + type + "/$export";  // a raw '$': the service does not know %24
  return url;
}

http::Request Job::status_request(const http::Url& url) {
  http::Request request;
  request.url = url;
  request.headers = {{"Accept", "application/json"}};
  return request;
}

Step Job::next(Moment now) {
  if (!started_) started_ = now.steady;
  if (failure_) throw *failure_;
  if (manifest_) return Finished{};
  if (options_.job_timeout.count() > 0 && now.steady - *started_ >= options_.job_timeout)
    throw Error(Status::TIMEOUT, describe("the job") + " was not done after " + format_duration(options_.job_timeout) +
                                     (progress_.empty() ? "" : " (" + progress_ + ")") +
                                     "; see the setting job_timeout");
  if (wait_) {
    Wait wait = *std::exchange(wait_, std::nullopt);
    if (options_.job_timeout.count() > 0)
      wait.duration = std::min(wait.duration,
                               std::chrono::duration_cast<Milliseconds>(*started_ + options_.job_timeout - now.steady));
    return wait;
  }
  Send send;
  send.renew_token = std::exchange(renew_token_, false);
  if (status_) {
    send.request = status_request(*status_);
  } else {
    send.request.url = kick_off_;
    // Compared letter by letter by the 2019 service: one value each, no parameters.
    send.request.headers = {{"Accept", "application/fhir+json"}, {"Prefer", "respond-async"}};
  }
  return send;
}

void Job::on_failure(const Error& error, bool answered, Moment now) {
  token_renewed_ = false;  // however new it was, it may be old by the time the service is back
  // A kick-off that may have been heard is not repeated: it would start a second job.
  const bool safe = status_ || !answered;
  Error named = error;
  named.message = describe(status_ ? "the status request" : "the kick-off") + ": " + named.message;
  if (error.retriable && safe) return status_ ? outage(named, now) : retry_or_fail(named, options_.retries);
  failure_ = std::move(named);
}

void Job::on_answer(const http::Answer& answer, Moment now) {
  if (answer.status == 401) {
    if (renew()) return;
    failure_ =
        std::move(Error(Status::AUTHENTICATION,
                        describe(status_ ? "the status request" : "the kick-off") +
                            " was refused (HTTP 401) with a token that is new; the organization may be switched off")
                      .with_http(401)
                      .with_outcome(outcome_text(answer)));
    return;
  }
  token_renewed_ = false;
  if (!transient(answer.status)) failing_since_.reset();
  status_ ? on_status(answer, now) : on_kick_off(answer, now);
}

bool Job::renew() {
  if (token_renewed_) return false;
  renew_token_ = token_renewed_ = true;
  return true;
}

void Job::on_kick_off(const http::Answer& answer, Moment now) {
  if (answer.status == 202) {
    try {
      status_ = on_service_origin(http::resolve_url(kick_off_, answer.header("Content-Location"), "Content-Location"),
                                  service_);
    } catch (const Error& e) {
      failure_ = e;
      failure_->message = describe("the kick-off") + " was accepted, but " + e.message;
      return;
    }
    if (!http::same_origin(*status_, service_)) {
      failure_ = Error(Status::PROTOCOL, describe("the kick-off") + " points to a job on another origin, " +
                                             tidy(status_->origin(), 200) + "; the token is not sent there");
      return;
    }
    accepted_ = now.steady;
    failures_ = outages_ = 0;
    retry_wait_ = Backoff(options_.retry_delay, options_.retry_max_delay);
    poll_again(poll_wait_.next(chance_()));
    return;
  }
  Error error = refusal(answer, describe("the kick-off"), now.wall);
  const char* remedy = "";
  if (answer.status == 429)
    remedy = ": another export of this resource type is still running for the organization; try again when it is done";
  if (answer.status == 403 && !is_page(answer)) error.message += kDenied;
  if (answer.status == 404) error.message += "; check the setting types: the service may not offer this resource type";
  // A 500 leaves a pending job behind, and a gateway's 502 or 504 may: repeated are only those that started none for
  // sure.
  bool safe = answer.status == 429 || answer.status == 503;
  if (safe) return retry_or_fail(std::move(error), options_.retries, remedy);
  failure_ = std::move(error);
}

void Job::on_status(const http::Answer& answer, Moment now) {
  if (answer.status == 202) {
    progress_ = tidy(answer.header("X-Progress"), 100);
    failures_ = outages_ = 0;
    retry_wait_ = Backoff(options_.retry_delay, options_.retry_max_delay);
    return poll_again(poll_wait_.next(chance_(), retry_after(answer, now.wall)));
  }
  if (answer.status == 200) return on_complete(answer);
  Error error = refusal(answer, describe("the status request"), now.wall);
  if (answer.status == 404 || answer.status == 410) {
    error.status = Status::JOB_GONE;
    error.message = describe("the job") + (answer.status == 410 ? " has expired" : " is unknown to the service") +
                    " (HTTP " + std::to_string(answer.status) + ")";
    bool young = answer.status == 404 && accepted_ && now.steady - *accepted_ < kUnknownJobGrace;
    return retry_or_fail(std::move(error), young ? std::min(kUnknownJobTries, options_.retries) : 0, kStartAgain);
  }
  if (answer.status == 500 && is_operation_outcome(answer)) {
    error.status = Status::JOB_FAILED;
    error.message = describe("the job") + " failed on the service (HTTP 500)";
    error.retriable = false;
    return retry_or_fail(std::move(error), std::min(kFailedJobTries, options_.retries), kStartAgain);
  }
  if (answer.status == 403 && !is_page(answer))
    error.message += "; the service shows a job only to the client that started it; check client_id";
  if (transient(answer.status)) return outage(std::move(error), now);
  failure_ = std::move(error);
}

// A job that runs for hours outlives a restart of the service: failures in a row are forgiven for outage_limit.
void Job::outage(Error error, Moment now) {
  if (!failing_since_) failing_since_ = now.steady;
  bool lasts = now.steady - *failing_since_ >= options_.outage_limit;
  retry_or_fail(std::move(error), lasts ? options_.retries : std::numeric_limits<int>::max(), outages_, "");
}

void Job::on_complete(const http::Answer& answer) {
  try {
    manifest_ = parse_manifest(answer.body, *status_);
  } catch (const Error& e) {
    Error error = e;
    error.message = is_page(answer) ? describe("the status request") + " was answered with " + page_text(answer)
                                    : describe("the status request") + " brought no usable manifest: " + e.message;
    error.http_status = answer.status;
    // A proxy's page, or a manifest caught while it was being written, may be gone on the next try.
    retry_or_fail(std::move(error), std::min(kFailedJobTries, options_.retries));
  }
}

void Job::poll_again(Milliseconds wait) { wait_ = Wait{wait, "", false}; }

void Job::retry_or_fail(Error error, int allowed, const char* remedy) {
  retry_or_fail(std::move(error), allowed, failures_, remedy);
}

void Job::retry_or_fail(Error error, int allowed, int& count, const char* remedy) {
  if (count++ >= allowed) {
    failure_ = std::move(error);
    failure_->message += remedy;  // not while it is tried again: that would be wrong advice
    return;
  }
  wait_ = Wait{retry_wait_.next(chance_(), error.retry_after), error.message, true};
}

std::string Job::describe(const char* what) const { return std::string(what) + " for " + type_; }

}  // namespace libbcda::bulk
