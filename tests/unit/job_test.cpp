#include "bulk/job.hpp"

#include <gtest/gtest.h>

#include "bulk/running_job.hpp"
#include "support/conversation.hpp"
#include "support/errors.hpp"

namespace libbcda::bulk {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using test::error_of;
using test::holds;

const char* const kOutcome = R"({"resourceType":"OperationOutcome","issue":[{"diagnostics":"beneficiary 123"}]})";
const char* const kManifest = R"({"output":[{"type":"Patient","url":"/data/42/a.ndjson","encryptedKey":"0c"}]})";

http::Answer answer(int status, http::Headers headers = {}, std::string body = "") {
  http::Answer made;
  made.status = status;
  made.headers = std::move(headers);
  made.body = std::move(body);
  return made;
}

Error network_error() { return std::move(Error(Status::NETWORK, "connection reset").may_retry()); }

// Drives a job with a clock that moves only during waits.
class JobFlow : public testing::Test {
 protected:
  static JobOptions options() {
    JobOptions made;
    made.poll_interval = seconds(1);
    made.poll_max_interval = seconds(30);
    made.retry_delay = seconds(1);
    made.retry_max_delay = seconds(60);
    made.retries = 5;
    return made;
  }

  void make(JobOptions options, const char* service = "https://api.test:8443") {
    const http::Url url = http::parse_url(service, "url");
    http::Url kick_off = url;
    kick_off.target = "/api/v1/ExplanationOfBenefit/$export";
    http::Request request;
    request.url = kick_off;
    request.headers = {{"Accept", "application/fhir+json"}, {"Prefer", "respond-async"}};
    job_.emplace(url, KickOff{"ExplanationOfBenefit", request}, options, [this] { return jitter_; });
  }
  void SetUp() override { make(options()); }

  Step next() { return job_->next(now_); }
  // As the driver of a job does.
  void reply(const http::Answer& what) {
    if (!job_->brings_manifest(what)) return job_->on_answer(what, now_);
    try {
      job_->on_manifest(what, parse_manifest(what.body, job_->page_url()), now_);
    } catch (const Error& error) {
      job_->on_bad_manifest(what, error, now_);
    }
  }

  Send send() {
    Step step = next();
    if (auto* made = std::get_if<Send>(&step)) return *made;
    ADD_FAILURE() << "no request was wanted";
    return {};
  }
  Wait wait() {
    Step step = next();
    auto* made = std::get_if<Wait>(&step);
    if (!made) {
      ADD_FAILURE() << "no wait was wanted";
      return {};
    }
    now_ += made->duration;
    return *made;
  }
  bool finished() { return std::holds_alternative<Finished>(next()); }
  Error failure() {
    return error_of([&] { next(); });
  }

  // Kicks off and waits for the first poll.
  void accept(const char* location = "https://api.test:8443/api/v1/jobs/42") {
    send();
    reply(answer(202, {{"Content-Location", location}}));
    wait();
  }
  // Sends the next request, answers it with `what`, and expects a retry.
  Wait retried(const http::Answer& what) {
    send();
    reply(what);
    Wait made = wait();
    EXPECT_TRUE(made.retry);
    EXPECT_NE(made.why, "");
    return made;
  }

  Moment now_{Steady(hours(100)), Instant(seconds(1568990853))};
  double jitter_ = 0;
  std::optional<Job> job_;
};

TEST_F(JobFlow, KicksOffWithARawDollarAndExactHeaders) {
  Send kick_off = send();
  EXPECT_EQ(kick_off.request.method, "GET");
  EXPECT_EQ(kick_off.request.url.text(), "https://api.test:8443/api/v1/ExplanationOfBenefit/$export");
  EXPECT_EQ(kick_off.request.headers,
            (http::Headers{{"Accept", "application/fhir+json"}, {"Prefer", "respond-async"}}));
  EXPECT_EQ(kick_off.request.body, "");
  EXPECT_FALSE(kick_off.renew_token);
  EXPECT_EQ(job_->kick_off().request.url.text(), kick_off.request.url.text());
  EXPECT_EQ(job_->label(), "ExplanationOfBenefit");
}

TEST_F(JobFlow, RunsFromKickOffToManifest) {
  send();
  EXPECT_FALSE(job_->status_url());
  reply(answer(202, {{"content-location", "https://api.test:8443/api/v1/jobs/42"}}));
  EXPECT_EQ(job_->status_url()->text(), "https://api.test:8443/api/v1/jobs/42");
  Wait first = wait();
  EXPECT_EQ(first.duration, milliseconds(50));
  EXPECT_FALSE(first.retry);
  EXPECT_EQ(first.why, "");

  Send poll = send();
  EXPECT_EQ(poll.request.method, "GET");
  EXPECT_EQ(poll.request.url.text(), "https://api.test:8443/api/v1/jobs/42");
  EXPECT_EQ(poll.request.headers, (http::Headers{{"Accept", "application/json"}}));
  EXPECT_FALSE(poll.renew_token);
  reply(answer(202, {{"X-Progress", "In Progress (10%)"}}));
  EXPECT_EQ(job_->progress(), "In Progress (10%)");
  wait();

  send();
  reply(answer(200, {}, kManifest));
  EXPECT_TRUE(finished());
  EXPECT_TRUE(finished());
  ASSERT_EQ(job_->manifests().front()->size(), 1u);
  EXPECT_EQ(job_->manifests().front()->entry(0).url.text(), "https://api.test:8443/data/42/a.ndjson");
}

// ---- Content-Location

TEST_F(JobFlow, ContentLocationMayBeRelativeOrLackItsTls) {
  struct {
    const char *service, *location, *status_url;
  } const cases[] = {
      {"https://api.test", "https://api.test/api/v1/jobs/42", "https://api.test/api/v1/jobs/42"},
      {"https://api.test", "HTTPS://API.TEST:443/api/v1/jobs/42?a=%24b", "https://api.test/api/v1/jobs/42?a=%24b"},
      {"https://api.test", "/api/v1/jobs/42", "https://api.test/api/v1/jobs/42"},
      {"https://api.test", "jobs/42", "https://api.test/api/v1/ExplanationOfBenefit/jobs/42"},
      {"https://api.test", "http://api.test/api/v1/jobs/42", "https://api.test/api/v1/jobs/42"},
      {"https://api.test:8443", "http://api.test:8443/api/v1/jobs/42", "https://api.test:8443/api/v1/jobs/42"},
      {"https://api.test:8443", "http://api.test/api/v1/jobs/42", "https://api.test:8443/api/v1/jobs/42"},
      {"http://localhost:3000", "http://localhost:3000/api/v1/jobs/42", "http://localhost:3000/api/v1/jobs/42"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.location);
    make(options(), c.service);
    accept(c.location);
    EXPECT_EQ(send().request.url.text(), c.status_url);
  }
}

TEST_F(JobFlow, ContentLocationOnAnotherOriginIsRefused) {
  for (const char* location : {"https://evil.test/api/v1/jobs/42", "https://api.test/api/v1/jobs/42",
                               "http://api.test:8080/api/v1/jobs/42", "https://api.test.evil.test:8443/x"}) {
    SCOPED_TRACE(location);
    make(options());
    send();
    reply(answer(202, {{"Content-Location", location}}));
    Error error = failure();
    EXPECT_EQ(error.status, Status::PROTOCOL);
    EXPECT_TRUE(holds(error.message, "another origin"));
  }
}

TEST_F(JobFlow, ContentLocationMayLeaveTheSchemeOut) {
  accept("//api.test:8443/api/v1/jobs/42");
  EXPECT_EQ(send().request.url.text(), "https://api.test:8443/api/v1/jobs/42");
}

TEST_F(JobFlow, ContentLocationWhoseHostGoesOnIsRefused) {
  send();
  reply(answer(202, {{"Content-Location", "https://api.test:8443.evil.test/api/v1/jobs/42"}}));
  EXPECT_EQ(failure().status, Status::PROTOCOL);
}

TEST_F(JobFlow, ContentLocationMissingOrMalformedIsRefused) {
  for (const char* location :
       {"", "javascript:alert(1)", "ftp://api.test/x", "https://u:p@api.test:8443/x", "https://"}) {
    SCOPED_TRACE(location);
    make(options());
    send();
    reply(*location ? answer(202, {{"Content-Location", location}}) : answer(202));
    Error error = failure();
    EXPECT_EQ(error.status, Status::PROTOCOL);
    EXPECT_TRUE(holds(error.message, "Content-Location"));
    EXPECT_EQ(failure().status, Status::PROTOCOL);  // the failure is final
  }
}

// ---- Kick-off answers

TEST_F(JobFlow, AKickOffThatMayHaveStartedAJobIsNotRepeated) {
  for (int status : {200, 400, 403, 404, 406, 422, 500, 501, 408}) {
    SCOPED_TRACE(status);
    make(options());
    send();
    reply(answer(status, {}, kOutcome));
    Error error = failure();
    EXPECT_EQ(error.status, Status::REFUSED);
    EXPECT_EQ(error.http_status, status);
    EXPECT_EQ(error.outcome, "beneficiary 123");
    EXPECT_FALSE(holds(error.message, "beneficiary"));
  }
}

TEST_F(JobFlow, AKickOffThatNeverStartedAJobIsRepeated) {
  for (int expected : {1, 2, 4, 8, 16}) EXPECT_EQ(retried(answer(503)).duration, seconds(expected));
  EXPECT_EQ(send().request.url.target, "/api/v1/ExplanationOfBenefit/$export");
  reply(answer(503));
  EXPECT_EQ(failure().http_status, 503);
}

// The organization's other job may run for hours, so `retries` does not count.
TEST_F(JobFlow, AKickOffOfABusyServiceIsRepeatedForKickoffTimeout) {
  JobOptions chosen = options();
  chosen.kickoff_timeout = hours(2);
  chosen.retries = 0;
  make(chosen);
  const Steady begun = now_.steady;
  for (int expected : {1, 2, 4, 8, 16, 32, 60, 60, 60}) EXPECT_EQ(retried(answer(429)).duration, seconds(expected));
  while (now_.steady - begun < hours(2)) {
    const Wait made = retried(answer(429));
    EXPECT_LE(made.duration, seconds(60));
    EXPECT_EQ(made.http_status, 429);
    EXPECT_FALSE(holds(made.why, "still running"));
  }
  EXPECT_EQ(now_.steady - begun, hours(2));  // the last wait ends with the limit
  send();
  reply(answer(429));
  const Error error = failure();
  EXPECT_EQ(error.http_status, 429);
  EXPECT_TRUE(holds(error.message, "another export of this resource type is still running"));
  EXPECT_TRUE(holds(error.message, "kickoff_timeout"));
  EXPECT_TRUE(holds(error.message, "job_url"));
}

TEST_F(JobFlow, ABusyServiceDoesNotUseTheRetriesForAFault) {
  JobOptions chosen = options();
  chosen.retries = 1;
  make(chosen);
  for (int i = 0; i < 5; ++i) {
    retried(answer(429));
    retried(answer(503));
  }
  retried(answer(429));
  retried(answer(503));
  send();
  reply(answer(503));
  EXPECT_EQ(failure().http_status, 503);
}

TEST_F(JobFlow, ABusyOrganizationHasItsOwnMessage) {
  JobOptions impatient = options();
  impatient.kickoff_timeout = seconds(0);
  make(impatient);
  send();
  reply(answer(429, {{"Retry-After", "0"}}));
  Error error = failure();
  EXPECT_EQ(error.http_status, 429);
  EXPECT_TRUE(error.retriable);
  EXPECT_TRUE(holds(error.message, "another export of this resource type is still running"));
}

TEST_F(JobFlow, AnUnknownTypeOrGroupNamesTheSettings) {
  send();
  reply(answer(404));
  const std::string message = failure().message;
  EXPECT_TRUE(holds(message, "the setting types"));
  EXPECT_TRUE(holds(message, "the setting group"));
}

TEST_F(JobFlow, ARedirectedKickOffNamesTheSetting) {
  send();
  reply(answer(301, {{"Location", "https://elsewhere.test/"}}));
  Error error = failure();
  EXPECT_EQ(error.status, Status::REFUSED);
  EXPECT_TRUE(holds(error.message, "url"));
}

TEST_F(JobFlow, ARequestedDelayIsHonoredAndCapped) {
  struct {
    const char* text;
    int waits;
  } const cases[] = {{"0", 1},
                     {"7", 7},
                     {"7200", 900},
                     {"-5", 1},
                     {"soon", 1},
                     {"Fri, 20 Sep 2019 14:47:53 GMT", 20},
                     {"1568990893", 40},     // seconds since 1970
                     {"1568990893500", 40},  // and milliseconds, as SMART's reference server has both
                     {"1568990853", 1},      // now
                     {"1600000000", 900},    // a year ahead
                     {"99999999999999999", 900}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    now_.wall = Instant(seconds(1568990853));
    make(options());
    EXPECT_EQ(retried(answer(429, {{"Retry-After", c.text}})).duration, seconds(c.waits));
  }
}

TEST_F(JobFlow, TheLongestRequestedDelayIsASetting) {
  JobOptions chosen = options();
  chosen.max_retry_after = seconds(2);
  make(chosen);
  EXPECT_EQ(retried(answer(429, {{"Retry-After", "120"}})).duration, seconds(2));
  EXPECT_EQ(retried(answer(429, {{"Retry-After", "120"}})).duration, seconds(2));
  EXPECT_EQ(retried(answer(429, {{"Retry-After", "120"}})).duration, seconds(4));  // our own delay is longer now
  accept();
  for (int ms : {2000, 2000, 2000, 2000, 2000, 2000, 2250}) {
    send();
    reply(answer(202, {{"Retry-After", "120"}}));  // HAPI's, always
    EXPECT_EQ(wait().duration, milliseconds(ms));
  }
}

// ---- Network failures

TEST_F(JobFlow, AKickOffThatDidNotReachTheServiceIsRepeated) {
  send();
  job_->on_failure(network_error(), http::Reach::unsent, now_);
  Wait made = wait();
  EXPECT_TRUE(made.retry);
  EXPECT_EQ(made.why, "the kick-off for ExplanationOfBenefit: connection reset");
  EXPECT_EQ(send().request.url.target, "/api/v1/ExplanationOfBenefit/$export");
}

TEST_F(JobFlow, AKickOffWhoseAnswerBrokeOffIsNotRepeated) {
  send();
  job_->on_failure(network_error(), http::Reach::answered, now_);
  const Error error = failure();
  EXPECT_EQ(error.status, Status::NETWORK);
  EXPECT_TRUE(holds(error.message, "the service may have received it, and then a job is running there"));
}

TEST_F(JobFlow, BeforeAnUnheardKickOffIsRepeatedItsJobIsLookedUp) {
  JobOptions chosen = options();
  chosen.has_job_list = true;
  make(chosen);
  EXPECT_FALSE(send().request.may_repeat);
  job_->on_failure(network_error(), http::Reach::sent, now_);
  EXPECT_TRUE(holds(wait().why, "the service may have received it"));
  ASSERT_TRUE(job_->unheard_since());
  const Instant sent = *job_->unheard_since();
  EXPECT_TRUE(job_->lists_jobs());
  job_->on_running_jobs({}, now_);
  EXPECT_FALSE(job_->unheard_since());
  EXPECT_TRUE(holds(job_->take_notice(), "no job with its request was found"));
  now_ += minutes(20);
  send();
  job_->on_failure(network_error(), http::Reach::sent, now_);
  EXPECT_EQ(job_->unheard_since(), sent) << "the job of the first kick-off may have been late in the list";
}

TEST_F(JobFlow, WithoutAJobListAnUnheardKickOffIsToldAndRepeated) {
  send();
  job_->on_failure(network_error(), http::Reach::sent, now_);
  wait();
  ASSERT_TRUE(job_->unheard_since());
  EXPECT_FALSE(job_->lists_jobs());
  job_->on_running_jobs({}, now_);
  EXPECT_TRUE(holds(job_->take_notice(),
                    "a job may be running at the service; it is sent again, because it cannot be "
                    "looked up in a list of jobs"));
  EXPECT_EQ(send().request.url.target, "/api/v1/ExplanationOfBenefit/$export");
}

TEST_F(JobFlow, AStatusRequestIsRepeatedInBothCases) {
  accept();
  for (const http::Reach reach : {http::Reach::unsent, http::Reach::sent, http::Reach::answered}) {
    send();
    job_->on_failure(network_error(), reach, now_);
    EXPECT_TRUE(wait().retry);
  }
}

TEST_F(JobFlow, APermanentFailureIsFinal) {
  accept();
  send();
  job_->on_failure(Error(Status::TLS, "certificate"), http::Reach::unsent, now_);
  EXPECT_EQ(failure().status, Status::TLS);
}

TEST_F(JobFlow, RetriesEndAndStartAgainAfterAGoodAnswer) {
  accept();
  for (int round = 0; round < 2; ++round) {
    for (int expected : {1, 2, 4, 8, 16}) {
      send();
      job_->on_failure(network_error(), http::Reach::unsent, now_);
      EXPECT_EQ(wait().duration, seconds(expected));
    }
    send();
    if (round == 0) {
      reply(answer(202));
      wait();
    } else {
      job_->on_failure(network_error(), http::Reach::unsent, now_);
    }
  }
  EXPECT_EQ(failure().status, Status::NETWORK);
}

TEST_F(JobFlow, WithoutRetriesTheFirstFailureIsFinal) {
  JobOptions no_retries = options();
  no_retries.retries = 0;
  for (int status : {404, 408, 425, 429, 500, 502, 503, 504, 200}) {
    make(no_retries);
    accept();
    send();
    reply(answer(status, {}, status == 500 ? kOutcome : ""));
    EXPECT_NE(failure().status, Status::OK) << status;
  }
}

// ---- Polling

TEST_F(JobFlow, PollsAtOnceThenSlowerAndSlowerUpToTheLongestInterval) {
  accept();
  for (int expected : {100, 200, 400, 800, 1000, 1500, 2250, 3375, 5062, 7593, 11389, 17083, 25624, 30000, 30000}) {
    send();
    reply(answer(202, {{"X-Progress", "Pending"}}));
    Wait made = wait();
    EXPECT_EQ(made.duration, milliseconds(expected));
    EXPECT_FALSE(made.retry);
  }
}

TEST_F(JobFlow, NeverPollsFasterThanTheInterval) {
  JobOptions slow = options();
  slow.poll_interval = slow.poll_max_interval = milliseconds(20);
  make(slow);
  accept();
  for (int i = 0; i < 3; ++i) {
    send();
    reply(answer(202));
    EXPECT_EQ(wait().duration, milliseconds(20));
  }
}

TEST_F(JobFlow, JitterSpreadsThePolls) {
  jitter_ = 0.5;
  send();
  reply(answer(202, {{"Content-Location", "/api/v1/jobs/42"}}));
  EXPECT_EQ(wait().duration, milliseconds(45));
}

TEST_F(JobFlow, ARequestedDelayOfAPollIsBounded) {
  accept();
  struct {
    const char* after;
    int ms;
  } const cases[] = {{"20", 20000}, {"0", 200}, {"18000", 900000}, {"x", 800}};
  for (const auto& c : cases) {
    send();
    reply(answer(202, {{"X-Progress", "In Progress"}, {"Retry-After", c.after}}));
    EXPECT_EQ(wait().duration, milliseconds(c.ms)) << c.after;
  }
}

TEST_F(JobFlow, KeepsAShortProgressTextOnly) {
  accept();
  send();
  reply(answer(202, {{"X-Progress", std::string(5000, 'x')}}));
  EXPECT_EQ(job_->progress().size(), 100u);
  wait();
  send();
  reply(answer(202));
  EXPECT_EQ(job_->progress(), "");
}

// ---- Tokens

TEST_F(JobFlow, ARefusedTokenIsRenewedOnceAtKickOff) {
  EXPECT_FALSE(send().renew_token);
  reply(answer(401));
  Send again = send();
  EXPECT_TRUE(again.renew_token);
  EXPECT_EQ(again.request.url.target, "/api/v1/ExplanationOfBenefit/$export");
  reply(answer(401, {}, kOutcome));
  Error error = failure();
  EXPECT_EQ(error.status, Status::AUTHENTICATION);
  EXPECT_EQ(error.http_status, 401);
  EXPECT_EQ(error.outcome, "beneficiary 123");
}

TEST_F(JobFlow, WithoutATokenA401IsFinalAndNamesTheSettings) {
  for (const int status : {401, 403}) {
    JobOptions options = JobFlow::options();
    options.has_token = false;
    options.renews_on_403 = true;
    make(options);
    EXPECT_FALSE(send().renew_token);
    reply(answer(status, {}, kOutcome));
    const Error error = failure();
    EXPECT_EQ(error.http_status, status);
    EXPECT_EQ(error.outcome, "beneficiary 123");
    if (status == 401) {
      EXPECT_EQ(error.status, Status::AUTHENTICATION);
      EXPECT_TRUE(holds(error.message, "set client_id and client_secret")) << error.message;
    }
  }
}

TEST_F(JobFlow, ADenialHasARemedy) {
  send();
  reply(answer(403));
  EXPECT_TRUE(holds(failure().message, "check that the client may export"));
}

TEST_F(JobFlow, ADenialWhilePollingHasARemedy) {
  accept();
  send();
  reply(answer(403));
  EXPECT_TRUE(holds(failure().message, "check client_id"));
}

TEST_F(JobFlow, ARefusedTokenIsRenewedOnceWhilePolling) {
  accept();
  send();
  reply(answer(401));
  Send again = send();
  EXPECT_TRUE(again.renew_token);
  EXPECT_EQ(again.request.url.target, "/api/v1/jobs/42");
  reply(answer(401));
  EXPECT_EQ(failure().status, Status::AUTHENTICATION);
}

TEST_F(JobFlow, ATokenMayExpireAgainAfterAGoodAnswer) {
  accept();
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(send().renew_token);
    reply(answer(401));
    EXPECT_TRUE(send().renew_token);
    reply(answer(202));
    wait();
  }
  send();
  reply(answer(401));
  EXPECT_TRUE(send().renew_token);
  reply(answer(200, {}, kManifest));
  EXPECT_TRUE(finished());
}

// ---- Ends

TEST_F(JobFlow, AnUnknownNewJobIsRequestedAgain) {
  accept();
  for (int expected : {1, 2, 4}) EXPECT_EQ(retried(answer(404, {}, kOutcome)).duration, seconds(expected));
  send();
  reply(answer(404, {}, kOutcome));
  Error error = failure();
  EXPECT_EQ(error.status, Status::JOB_GONE);
  EXPECT_EQ(error.http_status, 404);
  EXPECT_TRUE(holds(error.message, "unknown to the service"));
}

TEST_F(JobFlow, AnUnknownNewJobMayAppear) {
  accept();
  retried(answer(404));
  send();
  reply(answer(202));
  EXPECT_FALSE(wait().retry);
}

TEST_F(JobFlow, AJobThatHasLivedForHoursMayBeUnknownForAMoment) {
  accept();
  for (int i = 0; i < 2; ++i) {
    now_ += hours(3);
    send();
    reply(answer(202));
    wait();
    for (int expected : {1, 2, 4}) EXPECT_EQ(retried(answer(404, {}, kOutcome)).duration, seconds(expected));
  }
  send();
  reply(answer(404));
  EXPECT_EQ(failure().status, Status::JOB_GONE);
}

TEST_F(JobFlow, AJobOfAnEarlierRunMayBeUnknownForAMoment) {
  job_->go_on(http::parse_url("https://api.test:8443/api/v1/jobs/42", "url"), false);
  for (int expected : {1, 2, 4}) EXPECT_EQ(retried(answer(404, {}, kOutcome)).duration, seconds(expected));
  send();
  reply(answer(404));
  EXPECT_EQ(failure().status, Status::JOB_GONE);
}

TEST_F(JobFlow, AJobIsNotUnknownForLong) {
  accept();
  EXPECT_EQ(retried(answer(404, {{"Retry-After", "30"}})).duration, seconds(30));
  send();
  reply(answer(404));
  EXPECT_EQ(failure().status, Status::JOB_GONE);
}

TEST_F(JobFlow, AnOutageAfterA404DoesNotMakeAJobUnknown) {
  accept();
  retried(answer(404));
  send();
  job_->on_failure(network_error(), http::Reach::unsent, now_);
  EXPECT_TRUE(wait().retry);
  now_ += minutes(5);
  EXPECT_TRUE(retried(answer(404)).retry);
  send();
  reply(answer(202));
  EXPECT_FALSE(wait().retry);
}

// Its URL was given by the user, and may be wrong.
TEST_F(JobFlow, AJobThatIsKnownByItsUrlAloneIsGoneAtOnce) {
  const http::Url url = http::parse_url("https://api.test:8443/api/v1/jobs/42", "url");
  job_.emplace(url, KickOff{"job 42", {}}, url, options(), [this] { return jitter_; });
  send();
  reply(answer(404));
  EXPECT_EQ(failure().status, Status::JOB_GONE);
}

TEST_F(JobFlow, AnExpiredJobIsGoneAtOnce) {
  accept();
  send();
  reply(answer(410, {{"Expires", "2019-09-20 14:47:33.975024 +0000 UTC m=+1.5"}}, kOutcome));
  Error error = failure();
  EXPECT_EQ(error.status, Status::JOB_GONE);
  EXPECT_EQ(error.http_status, 410);
  EXPECT_TRUE(holds(error.message, "expired"));
}

TEST_F(JobFlow, AFailedJobIsConfirmedByFurtherRequests) {
  for (const char* body : {kOutcome, R"({"resourceType":"OperationOutcome"})"}) {
    make(options());
    accept();
    retried(answer(500, {}, body));
    retried(answer(500, {}, body));
    send();
    reply(answer(500, {}, body));
    Error error = failure();
    EXPECT_EQ(error.status, Status::JOB_FAILED);
    EXPECT_EQ(error.http_status, 500);
    EXPECT_FALSE(error.retriable);
    EXPECT_FALSE(holds(error.message, "beneficiary"));
  }
}

TEST_F(JobFlow, AFaultThatLooksLikeAFailedJobMayBeTransient) {
  accept();
  retried(answer(500, {}, kOutcome));
  send();
  reply(answer(200, {}, kManifest));
  EXPECT_TRUE(finished());
}

TEST_F(JobFlow, APlain500WhilePollingIsTransient) {
  accept();
  for (int i = 0; i < 5; ++i) retried(answer(500, {{"Content-Type", "text/plain"}}, "oops"));
  send();
  reply(answer(500));
  Error error = failure();
  EXPECT_EQ(error.status, Status::REFUSED);
  EXPECT_EQ(error.http_status, 500);
}

TEST_F(JobFlow, ABusyServiceIsRequestedAgainAfterTheRequestedDelay) {
  accept();
  EXPECT_EQ(retried(answer(503, {{"Retry-After", "11"}})).duration, seconds(11));
  EXPECT_EQ(retried(answer(429, {{"Retry-After", "12"}})).duration, seconds(12));
  EXPECT_EQ(retried(answer(503, {{"Retry-After", "86400"}})).duration, seconds(900));
}

TEST_F(JobFlow, AKickOffThatAGatewayMayHavePassedOnIsNotRepeated) {
  for (int status : {500, 502, 504}) {
    make(options());
    send();
    reply(answer(status));
    EXPECT_EQ(failure().http_status, status);
  }
}

TEST_F(JobFlow, AnOutageIsToleratedUpToItsLimit) {
  JobOptions patient = options();
  patient.outage_limit = seconds(600);
  make(patient);
  accept();
  int tries = 0;
  for (Steady begun = now_.steady; now_.steady - begun < seconds(600); ++tries) retried(answer(503));
  EXPECT_GT(tries, patient.retries);
  send();
  reply(answer(503));
  EXPECT_EQ(failure().http_status, 503);
}

TEST_F(JobFlow, AnOutageDoesNotUseTheRetriesForAFailedJob) {
  accept();
  for (int i = 0; i < 4; ++i) retried(answer(503));
  for (int i = 0; i < 2; ++i) retried(answer(500, {}, kOutcome));
  send();
  reply(answer(500, {}, kOutcome));
  EXPECT_EQ(failure().status, Status::JOB_FAILED);
}

TEST_F(JobFlow, AnAnswerEndsTheOutage) {
  JobOptions patient = options();
  patient.outage_limit = seconds(600);
  make(patient);
  accept();
  for (int i = 0; i < 3; ++i) {
    for (Steady begun = now_.steady; now_.steady - begun < seconds(500);) retried(answer(502));
    send();
    reply(answer(202));
    wait();
  }
}

TEST_F(JobFlow, AStatusRequestThatIsRefusedIsFinal) {
  for (int status : {400, 403, 406, 413, 422, 301, 204}) {
    make(options());
    accept();
    send();
    reply(answer(status, {}, kOutcome));
    Error error = failure();
    EXPECT_EQ(error.status, Status::REFUSED);
    EXPECT_EQ(error.http_status, status);
    EXPECT_EQ(error.outcome, "beneficiary 123");
  }
}

TEST_F(JobFlow, AnUnusableManifestIsRequestedAgainAndThenAProtocolError) {
  for (const char* body :
       {"", "<html>log in</html>", "[]", R"({"output":[{}]})", R"({"output":[{"url":"ftp://h/x"}]})"}) {
    SCOPED_TRACE(body);
    make(options());
    accept();
    retried(answer(200, {{"Content-Type", "text/html"}}, body));
    retried(answer(200, {}, body));
    send();
    reply(answer(200, {}, body));
    Error error = failure();
    EXPECT_EQ(error.status, Status::PROTOCOL);
    EXPECT_EQ(error.http_status, 200);
    EXPECT_TRUE(holds(error.message, body[0] == '<' ? "was answered with a web page" : "no usable manifest"));
  }
}

TEST_F(JobFlow, AManifestThatIsCompleteAfterARetryIsAccepted) {
  accept();
  retried(answer(200, {}, R"({"output":[)"));
  send();
  reply(answer(200, {}, kManifest));
  EXPECT_TRUE(finished());
}

TEST_F(JobFlow, AnExportWithoutFilesIsFinishedToo) {
  accept();
  send();
  reply(answer(200, {}, R"({"output":null,"error":[]})"));
  EXPECT_TRUE(finished());
  EXPECT_EQ(job_->manifests().front()->size(), 0u);
}

// ---- Deadline

// The time of a kick-off that waits for a busy service does not count.
TEST_F(JobFlow, TheDeadlineCountsFromTheAcceptance) {
  JobOptions brief = options();
  brief.job_timeout = seconds(10);
  make(brief);
  for (int i = 0; i < 20; ++i) retried(answer(429));
  now_ += hours(5);
  accept();
  const Moment begun = now_ + milliseconds(-50);  // accept() has waited for the first poll
  while (now_.steady - begun.steady < seconds(9)) {
    send();
    reply(answer(202, {{"X-Progress", "In Progress (5%)"}}));
    wait();
  }
  send();
  reply(answer(202, {{"X-Progress", "In Progress (5%)"}}));
  const auto left = begun.steady + seconds(10) - now_.steady;
  EXPECT_EQ(wait().duration, left);  // shortened to end at the deadline
  Error error = failure();
  EXPECT_EQ(error.status, Status::TIMEOUT);
  EXPECT_TRUE(holds(error.message, "10s"));
  EXPECT_TRUE(holds(error.message, "In Progress (5%)"));
  EXPECT_TRUE(holds(error.message, "job_timeout"));
}

// The wall clock is set while the job runs. This must affect neither the deadline nor the outage limit.
TEST_F(JobFlow, AClockThatIsSetDoesNotEndTheJob) {
  for (auto jump : {hours(25), hours(-25)}) {
    JobOptions chosen = options();
    chosen.job_timeout = hours(24);
    chosen.outage_limit = minutes(15);
    make(chosen);
    accept();
    now_.wall += jump;
    retried(answer(503));
    now_.wall += jump;
    send();
    reply(answer(202));
    EXPECT_NO_THROW(wait());
  }
}

TEST_F(JobFlow, AClockThatIsSetBackDoesNotDelayTheDeadline) {
  JobOptions chosen = options();
  chosen.job_timeout = hours(1);
  make(chosen);
  accept();
  now_.steady += hours(1);
  now_.wall -= hours(25);
  EXPECT_EQ(error_of([&] { next(); }).status, Status::TIMEOUT);
}

// Our clock is one hour slow. The date in Retry-After is one second after the server's Date.
TEST_F(JobFlow, ARetryAfterDateIsComparedWithTheServersDate) {
  accept();
  now_.wall = Instant(seconds(1568990853)) - hours(1);
  send();
  reply(answer(202, {{"Date", "Fri, 20 Sep 2019 14:47:33 GMT"}, {"Retry-After", "Fri, 20 Sep 2019 14:47:43 GMT"}}));
  EXPECT_EQ(wait().duration, seconds(10));
}

TEST_F(JobFlow, AManifestBeforeTheDeadlineIsNotLost) {
  JobOptions brief = options();
  brief.job_timeout = seconds(10);
  make(brief);
  accept();
  send();
  now_ += hours(1);
  reply(answer(200, {}, kManifest));
  EXPECT_TRUE(finished());
}

TEST_F(JobFlow, WithoutADeadlineAJobMayTakeForever) {
  JobOptions patient = options();
  patient.job_timeout = milliseconds(0);
  make(patient);
  accept();
  now_ += hours(24 * 365);
  send();
  reply(answer(202));
  EXPECT_EQ(wait().duration, milliseconds(100));
}

// ---- What a status answer may look like

std::string outcome(const char* code) {
  return std::string(R"({"resourceType":"OperationOutcome","issue":[{"severity":"error","code":")") + code + R"("}]})";
}

TEST_F(JobFlow, APassingFaultIsRequestedAgainWhateverItsStatus) {
  for (const char* code : {"transient", "lock-error", "no-store", "timeout", "incomplete", "throttled", "Throttled"})
    for (int status : {400, 409, 412, 500, 502}) {
      SCOPED_TRACE(code + std::to_string(status));
      make(options());
      accept();
      for (int i = 0; i < 5; ++i) retried(answer(status, {}, outcome(code)));
      send();
      reply(answer(status, {}, outcome(code)));
      const Error error = failure();
      EXPECT_EQ(error.status, Status::REFUSED);
      EXPECT_EQ(error.http_status, status);
    }
}

TEST_F(JobFlow, ALastingFaultIsFinal) {
  for (int status : {400, 408, 425, 500, 502, 504}) {
    SCOPED_TRACE(status);
    make(options());
    accept();
    send();
    reply(answer(status, {}, outcome("processing")));
    EXPECT_EQ(failure().status, status == 500 ? Status::JOB_FAILED : Status::REFUSED);
  }
}

TEST_F(JobFlow, ABusyServiceIsRequestedAgainWhateverItsOutcomeSays) {
  accept();
  for (int status : {429, 503}) retried(answer(status, {}, outcome("invalid")));
  for (int status : {408, 425, 502, 504}) {
    make(options());
    accept();
    retried(answer(status));
    retried(answer(status, {}, outcome("exception")));
  }
}

// BCDA says `exception` of a failed job, and of a passing fault.
TEST_F(JobFlow, AnExceptionIsAFailedJobAfterAllRetries) {
  for (const char* code : {"exception", "Exception"}) {
    make(options());
    accept();
    for (int i = 0; i < 5; ++i) retried(answer(500, {}, outcome(code)));
    send();
    reply(answer(500, {}, outcome(code)));
    EXPECT_EQ(failure().status, Status::JOB_FAILED);
  }
}

// The body of BCDA for an expired job.
TEST_F(JobFlow, TheFirstOfTwoDocumentsCounts) {
  accept();
  send();
  reply(answer(500, {}, outcome("processing") + R"({"resourceType":"Bundle"})"));
  EXPECT_EQ(failure().status, Status::JOB_FAILED);
  make(options());
  accept();
  now_ += hours(1);
  const http::Answer gone = answer(404, {}, std::string(kOutcome) + kManifest);
  for (int i = 0; i < 3; ++i) retried(gone);
  send();
  reply(gone);
  const Error error = failure();
  EXPECT_EQ(error.status, Status::JOB_GONE);
  EXPECT_EQ(error.outcome, "beneficiary 123");
}

TEST_F(JobFlow, TheStatusMayStandInAHeader) {
  accept();
  for (const char* text : {"202 Accepted", "202"}) {
    send();
    reply(answer(200, {{"X-Export-Status", text}, {"X-Progress", "10%"}}));
    EXPECT_FALSE(wait().retry);
  }
  EXPECT_EQ(job_->progress(), "10%");
  retried(answer(200, {{"X-Export-Status", "503 Service Unavailable"}}));
  send();
  reply(answer(200, {{"X-Export-Status", "200 OK"}}, kManifest));
  EXPECT_TRUE(finished());
  make(options());
  accept();
  send();
  reply(answer(200, {{"X-Export-Status", "500 Internal Server Error"}}, outcome("processing")));
  const Error error = failure();
  EXPECT_EQ(error.status, Status::JOB_FAILED);
  EXPECT_EQ(error.http_status, 500);
}

// ---- A progress that stands still

TEST_F(JobFlow, AProgressThatStandsStillIsToldOnce) {
  accept();
  const auto poll_for = [&](minutes time, const char* progress) {
    std::vector<std::string> notices;
    for (const Steady begun = now_.steady; now_.steady - begun < time;) {
      send();
      reply(answer(202, {{"X-Progress", progress}}));
      if (std::string notice = job_->take_notice(); !notice.empty()) notices.push_back(notice);
      wait();
    }
    return notices;
  };
  EXPECT_EQ(poll_for(minutes(29), "10%").size(), 0u);
  EXPECT_EQ(poll_for(minutes(29), "20%").size(), 0u);
  const auto told = poll_for(minutes(90), "20%");
  ASSERT_EQ(told.size(), 1u);
  EXPECT_TRUE(holds(told[0], "\"20%\" for 30m")) << told[0];
  EXPECT_TRUE(holds(told[0], "job_timeout"));
  EXPECT_EQ(poll_for(minutes(90), "30%").size(), 1u);
}

TEST_F(JobFlow, AServiceWithoutProgressIsNotSaidToStandStill) {
  accept();
  now_ += hours(3);
  send();
  reply(answer(202));
  EXPECT_EQ(job_->take_notice(), "");
}

TEST_F(JobFlow, TheDeadlineSaysHowLongTheProgressStoodStill) {
  JobOptions chosen = options();
  chosen.job_timeout = hours(2);
  make(chosen);
  accept();
  send();
  reply(answer(202, {{"X-Progress", "In Progress (5%)"}}));
  now_ += hours(2);
  const Error error = failure();
  EXPECT_TRUE(holds(error.message, "(In Progress (5%), unchanged for 2h)")) << error.message;
}

// ---- A job that runs already

class BusyService : public JobFlow {
 protected:
  void SetUp() override {
    JobOptions chosen = options();
    chosen.adopts_running_job = true;
    make(chosen);
  }
  static http::Answer busy(const std::string& location) { return answer(429, {{"Content-Location", location}}); }
  static std::string manifest(const std::string& request) { return R"({"request":")" + request + R"(","output":[]})"; }
};

TEST_F(BusyService, TheOnlyRunningJobIsAdopted) {
  send();
  reply(busy("http://api.test:8443/api/v1/Job/7/$status"));
  EXPECT_TRUE(holds(job_->take_notice(), "https://api.test:8443/api/v1/Job/7/$status"));
  EXPECT_EQ(job_->take_notice(), "");
  wait();
  EXPECT_EQ(send().request.url.text(), "https://api.test:8443/api/v1/Job/7/$status");
  reply(answer(200, {}, manifest("http://internal/api/v1/ExplanationOfBenefit/%24export")));
  EXPECT_TRUE(finished());
}

TEST_F(BusyService, AJobWithAnotherRequestIsGivenBack) {
  for (const char* request :
       {"", "https://api.test:8443/api/v1/Patient/$export",
        "https://api.test:8443/api/v1/ExplanationOfBenefit/$export?_since=2020-01-01T00:00:00Z"}) {
    SCOPED_TRACE(request);
    SetUp();
    send();
    reply(busy("/api/v1/Job/7/$status"));
    wait();
    send();
    reply(answer(200, {}, manifest(request)));
    EXPECT_FALSE(job_->status_url());
    EXPECT_TRUE(holds(wait().why, "another request"));
    EXPECT_EQ(send().request.url.target, "/api/v1/ExplanationOfBenefit/$export");
    reply(busy("/api/v1/Job/8/$status"));  // no second job is adopted
    EXPECT_TRUE(wait().retry);
    EXPECT_EQ(job_->phase(), Job::Phase::to_kick_off);
    accept();
    EXPECT_EQ(send().request.url.target, "/api/v1/jobs/42");
  }
}

TEST_F(BusyService, AnAdoptedJobThatFailsLeadsBackToTheKickOff) {
  for (int status : {404, 410, 403}) {
    SetUp();
    send();
    reply(busy("/api/v1/Job/7/$status"));
    wait();
    now_ += minutes(10);
    for (int tries = 0; status == 404 && tries < 3; ++tries) retried(answer(status));
    send();
    reply(answer(status));
    EXPECT_TRUE(wait().retry);
    accept();
    EXPECT_EQ(send().request.url.target, "/api/v1/jobs/42");
    reply(answer(410));
    EXPECT_EQ(failure().status, Status::JOB_GONE);  // our own job
  }
}

TEST_F(BusyService, OfSeveralJobsNoneIsAdopted) {
  retried(busy("https://api.test:8443/api/v1/Job/7/$status, https://api.test:8443/api/v1/Job/8/$status"));
  const std::string notice = job_->take_notice();
  EXPECT_TRUE(holds(notice, "Job/7/$status, https://api.test:8443/api/v1/Job/8/$status")) << notice;
  EXPECT_TRUE(holds(notice, "job_url"));
  retried(busy("https://api.test:8443/api/v1/Job/7/$status, https://api.test:8443/api/v1/Job/8/$status"));
  EXPECT_EQ(job_->take_notice(), "");
}

TEST_F(BusyService, AJobOfAnotherOriginIsNeitherAdoptedNorNamed) {
  for (const char* location : {"https://evil.test/Job/7/$status", "javascript:alert(1)", ", , "}) {
    SetUp();
    retried(busy(location));
    EXPECT_EQ(job_->take_notice(), "");
    EXPECT_FALSE(job_->status_url());
  }
}

TEST_F(BusyService, WithoutTheSettingTheJobIsNamedOnly) {
  JobOptions chosen = options();
  chosen.kickoff_timeout = seconds(0);
  make(chosen);
  send();
  reply(busy("/api/v1/Job/7/$status"));
  EXPECT_TRUE(holds(failure().message, "as running: https://api.test:8443/api/v1/Job/7/$status"));
}

TEST_F(BusyService, AKickOffByPostAdoptsNothing) {  // because its parameters are not in its URL
  JobOptions chosen = options();
  chosen.adopts_running_job = true;
  http::Request post;
  post.method = "POST";
  post.url = http::parse_url("https://api.test:8443/$export", "url");
  job_.emplace(post.url, KickOff{"Patient", post}, chosen, [] { return 0.0; });
  retried(busy("/api/v1/Job/7/$status"));
  EXPECT_FALSE(job_->status_url());
}

TEST(SameRequest, ComparesPathAndParametersWithoutTheirOrderAndEncoding) {
  const http::Url ours =
      http::parse_url("https://h/fhir/Patient/$export?_type=A,B&_since=2020-01-01T00:00:00%2B02:00", "url");
  for (const char* same : {"https://h/fhir/Patient/$export?_type=A,B&_since=2020-01-01T00:00:00%2B02:00",
                           "http://other:80/fhir/Patient/%24export?_since=2020-01-01T00%3A00%3A00%2b02:00&_type=A%2CB",
                           "/fhir/Patient/$export?&_type=A,B&_since=2020-01-01T00:00:00%2B02:00&"})
    EXPECT_TRUE(is_same_request(same, ours)) << same;
  for (const char* other : {"", "https://h/fhir/Patient/$export", "https://h/fhir/Patient/$export?_type=A,B",
                            "https://h/fhir/Group/1/$export?_type=A,B&_since=2020-01-01T00:00:00%2B02:00",
                            "https://h/fhir/Patient/$export?_type=A,B&_type=A,B&_since=2020-01-01T00:00:00%2B02:00",
                            "https://h/fhir/Patient/$export?_type=A&_since=2020-01-01T00:00:00%2B02:00", "mailto:x"})
    EXPECT_FALSE(is_same_request(other, ours)) << other;
  EXPECT_FALSE(is_same_request("/%2", ours));
}

// ---- A whole conversation in which each step fails once

// Whichever step fails, and in whatever way, the job ends with a manifest or with a typed error.
TEST_F(JobFlow, EachStepMayFail) {
  test::Conversation conversation;
  conversation.say(answer(202, {{"Content-Location", "/api/v1/jobs/42"}}));
  conversation.say(answer(202, {{"X-Progress", "In Progress (50%)"}}));
  conversation.say(answer(401));
  conversation.say(answer(503, {{"Retry-After", "1"}}));
  conversation.say(answer(200, {}, kManifest));
  conversation.fail_each_step([&](const test::Conversation::Play& play) {
    SetUp();
    std::size_t turn = 0;
    for (;;) {
      const Step step = next();
      if (std::holds_alternative<Finished>(step)) return;
      if (auto* pause = std::get_if<Wait>(&step)) {
        now_ += pause->duration;
        continue;
      }
      const test::Conversation::Reply came = play(turn++);
      if (came.failure)
        job_->on_failure(*came.failure, came.answered ? http::Reach::answered : http::Reach::sent, now_);
      else
        reply(came.answer);
    }
  });
}

// AB2D says so.
TEST_F(JobFlow, A403MayMeanAnExpiredTokenWhereTheProfileSaysSo) {
  JobOptions options = JobFlow::options();
  options.renews_on_403 = true;
  make(options);
  send();
  reply(answer(403));
  EXPECT_TRUE(send().renew_token);
  reply(answer(403));
  EXPECT_EQ(failure().status, Status::REFUSED);
  make(JobFlow::options());
  send();
  reply(answer(403));
  EXPECT_EQ(failure().http_status, 403);
}

TEST_F(JobFlow, AVersionThatIsNotOpenNamesTheProfileToTry) {
  for (const int status : {403, 404}) {
    JobOptions options = JobFlow::options();
    options.fallback = "bcda-v2";
    make(options);
    send();
    reply(answer(status, {}, kOutcome));
    const Error error = failure();
    EXPECT_TRUE(holds(error.message, "set profile to bcda-v2")) << error.message;
    EXPECT_TRUE(holds(error.outcome, "beneficiary 123"));
  }
}

}  // namespace
}  // namespace libbcda::bulk
