#include "bulk/job_list.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "support/errors.hpp"

namespace libbcda::bulk {
namespace {

using test::error_of;
using test::holds;

const Instant kNow{std::chrono::seconds(1795593782)};

Service service_of(const char* profile) {
  Settings settings;
  settings.set("url", "https://h");
  settings.set("profile", profile);
  return find_service(settings);
}

http::Answer answer(int status, std::string body = "", std::string type = "application/fhir+json") {
  http::Answer made;
  made.status = status;
  made.headers = {{"Content-Type", std::move(type)}};
  made.body = std::move(body);
  return made;
}

const char* const kNotFound =
    R"({"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"not-found"}]})";

TEST(JobList, TheRequestHasTheHeadersThatTheServiceWants) {
  const http::Request request = job_list_request(service_of("bcda-v3"), {});
  EXPECT_EQ(request.url.text(), "https://h/api/v3/jobs");
  EXPECT_EQ(request.headers, (http::Headers{{"Accept", "application/fhir+json"}, {"Prefer", "respond-async"}}));
}

TEST(JobList, StatesAreOneListWithoutRepeats) {
  const Service service = service_of("bcda-v3");
  const auto target = [&](std::vector<std::string> states) { return job_list_request(service, states).url.target; };
  EXPECT_EQ(target({"In Progress", "Failed"}), "/api/v3/jobs?_status=In%20Progress,Failed");
  EXPECT_EQ(target({"Failed", "Failed"}), "/api/v3/jobs?_status=Failed");
  EXPECT_EQ(target({"FailedExpired", "Failed"}), "/api/v3/jobs?_status=FailedExpired,Failed");
}

TEST(JobList, AWrongStateIsToldBeforeAnythingIsSent) {
  const Error error = error_of([] { job_list_request(service_of("bcda-v3"), {"completed"}); });
  EXPECT_EQ(error.status, Status::INVALID_ARGUMENT);
  EXPECT_TRUE(holds(error.message, "did you mean Completed?"));
  EXPECT_TRUE(holds(error_of([] { job_list_request(service_of("bcda-v3"), {"x"}); }).message, "they have Completed"));
}

TEST(JobList, AServiceWithoutOneIsToldBeforeAnythingIsSent) {
  for (const char* profile : {"bcda-2019", "ab2d", "dpc", "hapi", "generic"}) {
    const Service service = service_of(profile);
    EXPECT_EQ(error_of([&] { job_list_request(service, {}); }).status, Status::INVALID_ARGUMENT) << profile;
    EXPECT_EQ(error_of([&] { attribution_request(service); }).status, Status::INVALID_ARGUMENT) << profile;
  }
  EXPECT_EQ(error_of([] { cancel_request(service_of("bcda-2019"), {}); }).status, Status::INVALID_ARGUMENT);
}

TEST(JobList, ReadsTasks) {
  const std::string bundle =
      R"({"resourceType":"Bundle","type":"searchset","total":1,"entry":[{"resource":{"resourceType":"Task",)"
      R"("identifier":[{"use":"official","system":"http://h/api/v3/jobs","value":"24"}],"status":"completed",)"
      R"("intent":"order","input":[{"type":{"text":"BULK FHIR Export"},"valueString":)"
      R"("GET http://h/api/v3/Patient/$export"}],)"
      R"("executionPeriod":{"start":"2026-11-25T08:38:07Z","end":"2026-11-25T08:38:09Z"}}}]})";
  EXPECT_EQ(json::serialize(read_job_list(answer(200, bundle), service_of("bcda-v3"), kNow)),
            R"([{"id":"24","status":"completed","request":"GET http://h/api/v3/Patient/$export",)"
            R"("start":"2026-11-25T08:38:07Z","end":"2026-11-25T08:38:09Z","url":"https://h/api/v3/jobs/24"}])");
}

TEST(JobList, HostileEntriesDoNoHarm) {
  const std::string bundle =
      R"({"resourceType":"Bundle","entry":[1,null,{"resource":[]},{"resource":{"resourceType":"Patient"}},)"
      R"({"resource":{"resourceType":"Task","identifier":[{"value":"../../auth\u001b"}],"status":7,"input":[3],)"
      R"("executionPeriod":[]}},{"resource":{"resourceType":"Task","identifier":[]}}]})";
  const json::array jobs = read_job_list(answer(200, bundle), service_of("bcda-v3"), kNow);
  ASSERT_EQ(jobs.size(), 2u);
  EXPECT_EQ(jobs[0].at("url").as_string(), "");  // such an id is no part of a URL
  EXPECT_EQ(jobs[0].at("status").as_string(), "");
  EXPECT_EQ(json::serialize(jobs[0]).find("\\u001b"), std::string::npos);
}

// As the service answers, with two documents in one body.
TEST(JobList, NotFoundWithAnOutcomeMeansNone) {
  const std::string two = std::string(kNotFound) + R"({"resourceType":"Bundle","type":"searchset","total":0})";
  EXPECT_TRUE(read_job_list(answer(404, two), service_of("bcda-v3"), kNow).empty());
  EXPECT_TRUE(read_attribution(answer(404, kNotFound), kNow).empty());
}

TEST(JobList, OtherAnswersAreFailures) {
  const auto status_of = [](const http::Answer& given) {
    return error_of([&] { read_job_list(given, service_of("bcda-v3"), kNow); }).status;
  };
  EXPECT_EQ(status_of(answer(404, "404 page not found", "text/plain")), Status::REFUSED);
  EXPECT_EQ(status_of(answer(403, kNotFound)), Status::REFUSED);
  EXPECT_EQ(status_of(answer(200, "<html>", "text/html")), Status::PROTOCOL);
  EXPECT_EQ(status_of(answer(200, "[]")), Status::PROTOCOL);
  EXPECT_EQ(status_of(answer(200, R"({"resourceType":"Patient"})")), Status::PROTOCOL);
  EXPECT_EQ(error_of([] { read_attribution(answer(200, "{}"), kNow); }).status, Status::PROTOCOL);
}

TEST(Attribution, TakesBothFormsOfTime) {
  const std::string body =
      R"({"ingestion_dates":[{"timestamp":"2026-11-23T08:23:36.824Z","type":"last_attribution_update"},)"
      R"({"timestamp":"2020-12-22 08:12:13.123+00","type":"last_runout_update"},{"timestamp":"soon","type":"x"},5]})";
  EXPECT_EQ(json::serialize(read_attribution(answer(200, body), kNow)),
            R"([{"type":"last_attribution_update","time":"2026-11-23T08:23:36.824Z"},)"
            R"({"type":"last_runout_update","time":"2020-12-22T08:12:13.123Z"},{"type":"x","time":"soon"}])");
}

TEST(Cancellation, IsADelete) {
  const http::Request request = cancel_request(service_of("generic"), http::parse_url("https://h/jobs/1?a=b", "url"));
  EXPECT_EQ(request.method, "DELETE");
  EXPECT_EQ(request.url.target, "/jobs/1?a=b");
}

TEST(Cancellation, EachAnswerIsToldApart) {
  const http::Url url = http::parse_url("https://h/jobs/1?signature=secret", "url");
  for (int status : {200, 202, 204}) EXPECT_NO_THROW(read_cancellation(answer(status), url, kNow));
  const Error page = error_of([&] { read_cancellation(answer(200, "<html>Sign in</html>"), url, kNow); });
  EXPECT_EQ(page.status, Status::PROTOCOL);
  http::Answer empty = answer(202);
  empty.headers = {{"Content-Type", "text/html; charset=utf-8"}};  // a framework's default, without a body
  EXPECT_NO_THROW(read_cancellation(empty, url, kNow));
  EXPECT_TRUE(holds(page.message, "was answered with")) << page.message;
  struct Case {
    int status;
    Status expected;
    const char* part;
  };
  for (const Case& c :
       {Case{404, Status::JOB_GONE, "not there"}, Case{410, Status::REFUSED, "can no longer be canceled"},
        Case{405, Status::REFUSED, "takes no request"}, Case{500, Status::REFUSED, "HTTP 500"}}) {
    const Error error = error_of([&] { read_cancellation(answer(c.status, kNotFound), url, kNow); });
    EXPECT_EQ(error.status, c.expected) << c.status;
    EXPECT_TRUE(holds(error.message, c.part)) << error.message;
    EXPECT_EQ(error.http_status, c.status);
    EXPECT_EQ(error.outcome, "not-found");
    EXPECT_EQ(error.message.find("secret"), std::string::npos);
  }
}

}  // namespace
}  // namespace libbcda::bulk
