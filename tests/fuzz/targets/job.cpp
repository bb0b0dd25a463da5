// A job, with answers of a service that may say anything in any order.
#include "bulk/job.hpp"

#include <deque>

#include "fuzz/answers.hpp"
#include "fuzz/target.hpp"

namespace libbcda::fuzz {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kMostSteps = 5000;

// Answers of the service, or failures of the network: "refused" and "broken" instead of a status.
std::deque<std::string> script_of(std::string_view input) {
  std::deque<std::string> script;
  while (!input.empty()) script.emplace_back(take_until(input, "\n====\n"));
  if (script.empty()) script.emplace_back("404");
  return script;
}

class Conversation {
 public:
  explicit Conversation(std::string_view input)
      : script_(script_of(input)), dice_(input), job_(service_, kick_off(), options(), [this] { return jitter(); }) {}

  void run() {
    for (int step = 0; step < kMostSteps; ++step) {
      if (job_.wants_running_jobs()) job_.on_running_jobs({}, now_);
      const bulk::Step next = job_.next(now_);
      if (std::holds_alternative<bulk::Finished>(next)) return check_end();
      if (const auto* wait = std::get_if<bulk::Wait>(&next)) {
        expect(wait->duration.count() >= 0 && wait->duration <= hours(24), "a wait is in bounds");
        expect(is_clean(wait->why), "the reason of a wait may be shown");
        now_ += wait->duration;
      } else {
        check(std::get<bulk::Send>(next).request);
        reply();
      }
      expect(is_clean(job_.take_notice()), "a notice may be shown");
      now_ += seconds(1);
    }
    expect(false, "the job ends");
  }

 private:
  static bulk::KickOff kick_off() {
    http::Request request;
    request.url = http::parse_url("https://api.test/api/v3/Group/all/$export?_type=Patient", "it");
    return {"Patient", request, true};
  }
  static bulk::JobOptions options() {
    bulk::JobOptions made;
    made.kickoff_timeout = made.job_timeout = hours(1);
    made.retries = 2;
    made.outage_limit = minutes(5);
    made.renews_on_403 = made.adopts_running_job = made.has_job_list = made.has_nothing_yet = true;
    return made;
  }
  double jitter() { return static_cast<double>(dice_.below(100)) / 100; }

  void check(const http::Request& request) const {
    expect(http::same_origin(request.url, service_), "requests with the token go to the service");
  }

  // The last answer is repeated.
  void reply() {
    const std::string text = script_.front();
    if (script_.size() > 1) script_.pop_front();
    if (text.starts_with("refused") || text.starts_with("broken"))
      return job_.on_failure(std::move(Error(Status::NETWORK, "a failure").may_retry()),
                             text.starts_with("broken") ? http::Reach::answered : http::Reach::sent, now_);
    const http::Answer answer = read_answer(text);
    if (!job_.brings_manifest(answer)) return job_.on_answer(answer, now_);
    try {
      job_.on_manifest(answer, bulk::parse_manifest(answer.body, job_.page_url()), now_);
    } catch (const Error& error) {
      job_.on_bad_manifest(answer, error, now_);
    }
  }

  void check_end() const {
    expect(!job_.manifests().empty(), "a job that is finished has a manifest");
    expect(job_.status_url() && http::same_origin(*job_.status_url(), service_), "the job is one of the service");
  }

  http::Url service_ = http::parse_url("https://api.test/", "it");
  Moment now_{Steady(hours(100)), Instant(seconds(1568990853))};
  std::deque<std::string> script_;
  Dice dice_;
  bulk::Job job_;
};

}  // namespace

// Answers, with a line "====" between them.
FUZZ_TARGET(job, input) {
  failure_of({Status::AUTHENTICATION, Status::REFUSED, Status::JOB_FAILED, Status::JOB_GONE, Status::PROTOCOL,
              Status::LIMIT, Status::NETWORK, Status::TIMEOUT},
             [&] { Conversation(input).run(); });
}

}  // namespace libbcda::fuzz
