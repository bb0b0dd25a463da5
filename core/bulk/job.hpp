// One export job from kick-off to manifest, as a state machine without sockets or clocks (Bulk Data IG, "Bulk Data
// Kick-off Request" and "Bulk Data Status Request"; BCDA guide, steps 2 and 3). Its driver does what `next` says and
// reports the result.
//
//   to_kick_off --202, Content-Location--> to_poll --200, manifest--> finished
//        |  ^                                |  ^
//        +--+ 429, or a failure              +--+ 202, or a failure that allows a retry
//        +-- refused, or half answered --> failed <-- the job failed, is gone, or takes too long
//
// A 429 may name a job of the organization that runs already. Then that job is polled instead. If it fails, or its
// manifest is not the answer to this kick-off, the kick-off is sent again.
//
// Each kind of failure has a budget of its own: a kick-off that comes while the service is busy, requests that found no
// service, and answers that say something about the job.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "base/time.hpp"
#include "bulk/answer.hpp"
#include "bulk/kick_off.hpp"
#include "bulk/manifest.hpp"
#include "bulk/pages.hpp"
#include "bulk/running_job.hpp"
#include "http/retry.hpp"
#include "http/step.hpp"

namespace libbcda::bulk {

using http::Finished;
using http::Send;
using http::Step;
using http::Wait;

struct JobOptions {
  Milliseconds poll_interval{1000};
  Milliseconds poll_max_interval{30000};
  Milliseconds kickoff_timeout{24 * 3600 * 1000};  // a kick-off that is refused with 429 is repeated for this time
  Milliseconds job_timeout{24 * 3600 * 1000};      // from the acceptance on; 0: no limit
  Milliseconds retry_delay{1000};
  Milliseconds retry_max_delay{60000};
  int retries = 5;
  Milliseconds outage_limit{0};  // failing status requests are retried for at least this time
  bool renews_on_403 = false;    // 403 may mean an expired token
  Milliseconds max_retry_after{http::kLongestRequested};
  bool adopts_running_job = false;  // poll the job because of which a 429 came, if it is one with the same request
  bool has_job_list = false;        // the service lists its jobs, so a 429 need not name them
  bool has_token = true;            // requests have a token, which may be renewed
  bool has_nothing_yet = false;     // a 404 with an OperationOutcome at kick-off: there is no data yet
  std::string fallback;             // the profile to try if this one is not open to the organization; "": none
};

// The delays between status requests. The first ones are short, because a small job is done at once. They double until
// they reach poll_interval, and then grow slowly up to poll_max_interval.
class PollDelays {
 public:
  explicit PollDelays(const JobOptions& options);
  Milliseconds next(double jitter, std::optional<Milliseconds> requested = {});

 private:
  Milliseconds interval_, early_, longest_requested_;
  http::Backoff later_;
};

class Job {
 public:
  enum class Phase {
    to_kick_off,  // the kick-off is the next request
    to_poll,      // the service has accepted the job, and a status request is next
    finished,     // the manifest has arrived
    failed,       // `next` throws the error
  };

  // For a new export at `service`. `jitter` returns numbers in [0, 1).
  Job(http::Url service, KickOff kick_off, JobOptions options, std::function<double()> jitter);

  // For a job that the service has accepted earlier. It starts with a status request.
  Job(http::Url service, KickOff kick_off, http::Url status_url, JobOptions options, std::function<double()> jitter);

  // These continue what an earlier run began. They are called before `next`.
  // The service has accepted the job. `is_adopted`: another kick-off started it.
  void go_on(http::Url status_url, bool is_adopted);
  // A page of its manifest that was kept. `is_last`: the job is done, and it has no more pages.
  void on_kept_page(std::shared_ptr<const Manifest> page, bool is_last);
  // The kick-off was sent then, and its answer is not known: a job may run.
  void on_unheard_kick_off(Instant sent);

  // Returns the next step, or throws the Error that ended the job. After a Send, the driver reports the result with one
  // of the functions below. After a Wait, it calls `next` again.
  Step next(Moment now);
  // Whether the body of an answer with this head is a manifest. It may be large, so the driver reads it as it arrives,
  // and calls on_manifest or, if it is none, on_bad_manifest with the beginning of the body. Other answers go to
  // on_answer.
  bool brings_manifest(const http::Answer& head) const;
  void on_manifest(const http::Answer& answer, std::shared_ptr<const Manifest> page, Moment now);
  void on_bad_manifest(const http::Answer& answer, const Error& why, Moment now);
  void on_answer(const http::Answer& answer, Moment now);
  void on_failure(const Error& error, http::Reach reach, Moment now);

  // Whether the driver should ask the service for its job list before it calls `next`: the kick-off was refused because
  // of another job, and the answer did not name it. True once at most.
  bool wants_running_jobs() const { return wants_running_jobs_; }
  // Set after a kick-off whose answer is not known: its job did not begin before that time. Before the driver sends the
  // kick-off again, it asks for the job list if the service has one (lists_jobs), and reports it.
  const std::optional<Instant>& unheard_since() const { return unheard_since_; }
  bool lists_jobs() const { return options_.has_job_list && kick_off_.request.method == "GET"; }
  // Reports the jobs that run; {} also if the list could not be had. The only one with the same request is adopted.
  // After an unheard kick-off, it is the newest one that began since.
  void on_running_jobs(const std::vector<RunningJob>& jobs, Moment now);

  bool is_adopted() const { return is_adopted_; }  // another kick-off started it
  Phase phase() const { return phase_; }
  const std::string& label() const { return kick_off_.label; }
  const KickOff& kick_off() const { return kick_off_; }
  const std::optional<http::Url>& status_url() const { return status_; }
  const http::Url& page_url() const { return pages_.url(); }  // what status requests ask for
  const std::string& progress() const { return progress_; }   // X-Progress of the last status answer
  // What the user should know, once: a job whose progress stands still, jobs that run already. "": nothing new.
  std::string take_notice() { return std::exchange(notice_, ""); }
  // The manifest, or its pages: all of them once the job is finished.
  const Manifests& manifests() const { return pages_.all(); }
  std::size_t kept_bytes() const { return pages_.kept_bytes(); }
  // When the service removes the files, as the last manifest's Expires says.
  const std::optional<Steady>& expires() const { return expires_; }
  // The files that the last answer added.
  Pages::Fresh take_fresh() { return pages_.take_fresh(); }

 private:
  void on_kick_off(const http::Answer& answer, Moment now);
  void on_busy(const http::Answer& answer, Error error, Moment now);
  void take_unheard(std::vector<RunningJob> same, Moment now);
  void on_accepted(const http::Answer& answer, Moment now);
  void begin_polling(http::Url status_url, Moment now);
  void adopt(http::Url status_url, Moment now);
  void give_back(const std::string& why);
  void on_status(const http::Answer& answer, Moment now);
  void on_progress(const http::Answer& answer, Moment now);
  void on_no_manifest(const http::Answer& answer, Error error, Moment now);
  void on_heard(int status, Moment now);
  void retry_or_fail(Error error, http::RetryBudget& budget, Moment now, int limit, const char* remedy = "");
  void fail(Error error);
  Error timeout(Moment now) const;
  std::string request_name() const;

  Phase phase_ = Phase::to_kick_off;
  http::Url service_;
  KickOff kick_off_;
  JobOptions options_;
  std::function<double()> jitter_;
  std::optional<http::Url> status_;
  Pages pages_;
  std::optional<Error> failure_;
  std::optional<Wait> pause_;      // before the next request
  std::optional<Steady> started_;  // of the time limit
  std::optional<Steady> unknown_;  // since when the service answers that there is no such job
  std::optional<Steady> expires_;  // the files
  std::optional<Steady> moved_;    // when the progress changed
  std::string progress_, notice_;
  bool told_stall_ = false, told_running_ = false;
  bool wants_running_jobs_ = false, asked_for_jobs_ = false;
  std::optional<Instant> sent_, first_unheard_, unheard_since_;  // of kick-offs
  std::set<std::string> given_back_;  // the URLs of jobs that were adopted, and were of no use
  bool may_adopt_;                    // at most one job, because a service could name one after the other
  bool is_adopted_ = false;           // the job was started by another kick-off
  bool has_lived_ = false;            // the service has accepted the job, or has said that it runs
  http::TokenTrust token_;
  struct Budgets {
    http::RetryBudget failures;  // for answers about this job
    http::RetryBudget outages;   // for failures that say nothing about the job
    http::RetryBudget busy;      // for a kick-off that is refused with 429
  } budgets_;
  PollDelays poll_delays_;
};

// The request for the status of the job at `url`.
http::Request status_request(const http::Url& url);

}  // namespace libbcda::bulk
