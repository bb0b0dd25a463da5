// What the answers of a service say: outcomes, refusals, tokens, endpoints, lists of jobs.
#include "bulk/answer.hpp"

#include "auth/discovery.hpp"
#include "auth/token.hpp"
#include "bulk/job_list.hpp"
#include "bulk/running_job.hpp"
#include "fuzz/answers.hpp"
#include "fuzz/target.hpp"
#include "settings/settings.hpp"

namespace libbcda::fuzz {
namespace {

const Moment kNow{Steady{} + std::chrono::hours(1), Instant(std::chrono::seconds(1568990853))};
constexpr Milliseconds kWeek = std::chrono::hours(7 * 24);

const Service& service() {
  static const Service made = [] {
    Settings settings;
    settings.set("url", "https://api.test/api/v3");
    settings.set("profile", "bcda-v3");
    return find_service(settings);
  }();
  return made;
}

void check_texts(const http::Answer& answer) {
  const std::string outcome = bulk::outcome_text(answer);
  expect(is_clean(outcome) && outcome.size() <= 500, "an outcome may be shown");
  expect(is_clean(bulk::page_text(answer)) && bulk::page_text(answer).size() < 1000, "a page may be shown");
  bulk::wants_tls(answer);
  bulk::may_pass(answer);
  const Error error = bulk::refusal(answer, "the request", kNow.wall);
  expect(error.status == Status::REFUSED && is_clean(error.message), "a refusal may be shown");
  expect(!error.retry_after || error.retry_after->count() >= 0, "a delay is not negative");
  if (bulk::is_operation_outcome(answer) && outcome.size() > 20)
    expect(error.message.find(outcome) == std::string::npos, "the outcome is not in the message");
}

void check_token(const http::Answer& answer) {
  failure_of({Status::AUTHENTICATION, Status::REFUSED, Status::PROTOCOL}, [&] {
    const auth::Token token = auth::read_token(answer, kNow, std::chrono::minutes(10));
    const std::string_view value = token.value.reveal();
    expect(!value.empty() && is_clean(value) && value.find(' ') == value.npos, "a token fits a header");
    expect(kNow.steady <= token.renew_at && token.renew_at <= token.expires_at, "a token is renewed before its end");
    expect(token.expires_at - kNow.steady <= kWeek, "a token is used for a week at most");
  });
}

void check_endpoint(const http::Answer& answer) {
  const http::Url base = service().at("/");
  for (const auto find : {auth::token_endpoint, auth::token_endpoint_of_capabilities})
    failure_of({Status::PROTOCOL}, [&] {
      const auto endpoint = find(answer, base);
      if (endpoint) expect(endpoint->url.tls() || endpoint->url.loopback(), "credentials go nowhere in the clear");
    });
  auth::token_offer(answer);
}

void check_jobs(const http::Answer& answer) {
  for (const http::Url& url : bulk::running_jobs(answer, service().at("/"), service().origin))
    expect(http::same_origin(url, service().origin), "a running job is one of the service");
  failure_of({Status::REFUSED, Status::PROTOCOL}, [&] {
    const json::array jobs = bulk::read_job_list(answer, service(), kNow.wall);
    for (const json::value& job : jobs) {
      for (const auto& [name, value] : job.get_object()) expect(is_clean(value.get_string()), "a job may be shown");
      const std::string url = string_member(job.get_object(), "url");
      if (!url.empty())
        expect(http::same_origin(http::parse_url(url, "it"), service().origin), "the URL of a job is the service's");
    }
    for (const auto& job : bulk::running_in(jobs, service().origin))
      expect(http::same_origin(job.status_url, service().origin), "a listed job is one of the service");
  });
  failure_of({Status::REFUSED, Status::PROTOCOL}, [&] {
    for (const json::value& date : bulk::read_attribution(answer, kNow.wall))
      for (const auto& [name, value] : date.get_object()) expect(is_clean(value.get_string()), "a date may be shown");
  });
  failure_of({Status::REFUSED, Status::PROTOCOL, Status::JOB_GONE},
             [&] { bulk::read_cancellation(answer, service().at("/jobs/1"), kNow.wall); });
}

}  // namespace

FUZZ_TARGET(answer, input) {
  const http::Answer answer = read_answer(input);
  check_texts(answer);
  check_token(answer);
  check_endpoint(answer);
  check_jobs(answer);
}

}  // namespace libbcda::fuzz
