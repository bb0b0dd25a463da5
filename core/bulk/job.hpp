// One export job from kick-off to manifest, as a state machine without sockets or clocks (Bulk Data IG, "Bulk Data
// Kick-off Request" and "Bulk Data Status Request"; BCDA guide, steps 2 and 3). Whoever drives it does what `next` says
// and reports what came of it.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "base/error.hpp"
#include "base/time.hpp"
#include "bulk/answer.hpp"
#include "bulk/manifest.hpp"

namespace libbcda::bulk {

struct JobOptions {
  Milliseconds poll_interval{1000};
  Milliseconds poll_max_interval{30000};
  Milliseconds job_timeout{24 * 3600 * 1000};  // 0: none
  Milliseconds retry_delay{1000};
  Milliseconds retry_max_delay{60000};
  int retries = 5;
  Milliseconds outage_limit{0};  // status requests are tried again for at least this long
};

// What to do next.
struct Send {
  http::Request request;     // without Authorization: the driver adds the token
  bool renew_token = false;  // the token in use was refused: get a new one first
};
struct Wait {
  Milliseconds duration;
  std::string why;     // "" for an ordinary poll
  bool retry = false;  // after a failure
};
struct Finished {};  // manifest() is there
using Step = std::variant<Send, Wait, Finished>;

class Job {
 public:
  // Kicks off an export of `type` at `service`. `chance` yields numbers in [0, 1).
  Job(http::Url service, std::string type, JobOptions options, std::function<double()> chance);

  // Goes on with a job that was accepted earlier: asks for its status.
  Job(http::Url service, std::string type, http::Url status_url, JobOptions options, std::function<double()> chance);

  // What to do now. Throws the Error that ended the job. After each Send, report its end by one of the next two;
  // after each Wait, just call next again.
  Step next(Moment now);
  void on_answer(const http::Answer& answer, Moment now);
  // `answered`: whether any byte of an answer had come.
  void on_failure(const Error& error, bool answered, Moment now);

  const std::string& type() const { return type_; }
  const http::Url& kick_off_url() const { return kick_off_; }
  const std::optional<http::Url>& status_url() const { return status_; }
  const std::string& progress() const { return progress_; }  // X-Progress of the last status answer
  const Manifest& manifest() const { return *manifest_; }

  static http::Url kick_off_url(const http::Url& service, const std::string& type);
  static http::Request status_request(const http::Url& url);

 private:
  void on_kick_off(const http::Answer& answer, Moment now);
  void on_status(const http::Answer& answer, Moment now);
  void on_complete(const http::Answer& answer);
  void poll_again(Milliseconds wait);
  void retry_or_fail(Error error, int allowed, const char* remedy = "");
  void retry_or_fail(Error error, int allowed, int& count, const char* remedy);
  void outage(Error error, Moment now);
  bool renew();
  std::string describe(const char* what) const;

  http::Url service_;
  std::string type_;
  http::Url kick_off_;
  JobOptions options_;
  std::function<double()> chance_;
  std::optional<http::Url> status_;
  std::optional<Manifest> manifest_;
  std::optional<Error> failure_;
  std::optional<Wait> wait_;
  std::optional<Steady> started_;
  std::optional<Steady> accepted_;
  std::string progress_;
  bool renew_token_ = false;
  bool token_renewed_ = false;  // since the last answer that was not a 401
  int failures_ = 0;            // in a row
  int outages_ = 0;             // the same, of answers and failures that say nothing about the job
  std::optional<Steady> failing_since_;
  Backoff retry_wait_;
  Backoff poll_wait_;
};

}  // namespace libbcda::bulk
