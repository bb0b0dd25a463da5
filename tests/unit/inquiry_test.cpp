// Questions to the service, adopted jobs and deleted jobs, in a world without sockets.
#include "runtime/inquiry.hpp"

#include <gtest/gtest.h>

#include "runtime/run.hpp"
#include "support/errors.hpp"
#include "support/fake_service.hpp"
#include "support/files.hpp"

namespace libbcda::runtime {
namespace {

using test::error_of;
using test::FakeService;
using test::holds;
using test::http_answer;
using test::TempDir;

const char* const kOneFile =
    R"({"transactionTime":"2026-01-02T03:04:05Z","request":"http://localhost/api/v3/Patient/$export",)"
    R"("output":[{"type":"Patient","url":"/data/1/a.ndjson"}],)"
    R"("error":[{"type":"OperationOutcome","url":"/data/1/e.ndjson"}]})";
const char* const kOutcome = R"({"resourceType":"OperationOutcome","issue":[{"diagnostics":"of Jane Doe"}]})";
const char* const kJob = "http://localhost/api/v3/jobs/1";

class Inquiries : public testing::Test {
 protected:
  Inquiries() { service_.settings.set("profile", "bcda-v3"); }

  std::optional<Error> run(RunKind kind, const std::string& question = "") {
    RunRequest request;
    request.kind = kind;
    request.settings = service_.settings;
    request.settings.set("out", temp_ / "out");
    request.question = question;
    run_ = runtime::Run::start(service_.session(), std::move(request));
    service_.world->run_until([&] { return run_->mailbox().finished(); });
    return run_->mailbox().failure();
  }
  json::object answer() { return parse_json(run_->result().answer).value().as_object(); }
  std::vector<std::string> warnings() {
    std::vector<std::string> seen;
    for (Event event; run_->mailbox().next(Milliseconds(0), event) == Mailbox::Got::event;)
      if (event.kind == EventKind::warning) seen.push_back(event.text);
    return seen;
  }
  void answer_files() { service_.answer("GET /data/", {http_answer(200, "", test::kRecord)}); }

  TempDir temp_;
  FakeService service_;
  runtime::Run::Handle run_;
};

// ---- The credentials

TEST_F(Inquiries, TheCredentialsAreCheckedWithARequest) {
  service_.answer("GET /auth/welcome", {http_answer(200, "", R"({"success":"Welcome!"})")});
  EXPECT_FALSE(run(RunKind::auth));
  EXPECT_EQ(json::serialize(answer()),
            R"({"service":"http://localhost","profile":"bcda-v3","method":"basic","tokenOrigin":"http://localhost",)"
            R"("lifetime":1200,"scope":null,"checked":true,"answer":"Welcome!"})");
  EXPECT_EQ(run_->result().metadata, "");
}

TEST_F(Inquiries, WithoutSuchARequestATokenIsAllThatIsKnown) {
  service_.settings.set("profile", "bcda-2019");
  service_.answer("POST /auth/token", {http_answer(200, "", R"({"access_token":"t0k3n","scope":"a/b.c"})")});
  EXPECT_FALSE(run(RunKind::auth));
  EXPECT_EQ(answer().at("checked"), json::value(false));
  EXPECT_EQ(answer().at("lifetime"), json::value());
  EXPECT_EQ(answer().at("scope"), json::value("a/b.c"));
  EXPECT_EQ(run_->result().answer.find("t0k3n"), std::string::npos);
}

TEST_F(Inquiries, RefusedCredentialsAreSaidToBeThat) {
  service_.answer("POST /auth/token", {http_answer(401)});
  EXPECT_EQ(run(RunKind::auth)->status, Status::AUTHENTICATION);
  service_.answer("POST /auth/token", {http_answer(200, "", R"({"access_token":"t"})")});
  service_.answer("GET /auth/welcome", {http_answer(401, "", kOutcome)});
  const auto failure = run(RunKind::auth);
  EXPECT_EQ(failure->status, Status::AUTHENTICATION);
  EXPECT_EQ(failure->outcome, "of Jane Doe");
  EXPECT_FALSE(holds(failure->message, "Jane"));
  EXPECT_EQ(service_.count("GET /auth/welcome"), 2u);
  service_.answer("GET /auth/welcome", {http_answer(400, "", kOutcome)});
  EXPECT_EQ(run(RunKind::auth)->status, Status::AUTHENTICATION);
  service_.answer("GET /auth/welcome", {http_answer(403, "Content-Type: text/html\r\n", "<html>")});
  EXPECT_EQ(run(RunKind::auth)->status, Status::REFUSED);
}

TEST_F(Inquiries, EachCheckGetsANewToken) {
  service_.answer("GET /auth/welcome", {http_answer(200, "", "{}")});
  const auto session = service_.session();
  for (int i = 0; i < 2; ++i) {
    RunRequest request;
    request.kind = RunKind::auth;
    request.settings = service_.settings;
    run_ = runtime::Run::start(session, std::move(request));
    service_.world->run_until([&] { return run_->mailbox().finished(); });
    EXPECT_FALSE(run_->mailbox().failure());
  }
  EXPECT_EQ(service_.count("POST /auth/token"), 2u);
}

// ---- Jobs

TEST_F(Inquiries, AJobIsAskedForOnce) {
  service_.answer("GET /api/v3/jobs/1", {http_answer(202, "X-Progress: In Progress (80%)\r\n")});
  EXPECT_FALSE(run(RunKind::job_status, kJob));
  EXPECT_EQ(answer().at("state"), json::value("running"));
  EXPECT_EQ(answer().at("percent"), json::value(80.0));
  EXPECT_EQ(answer().at("files"), json::value());
  EXPECT_EQ(service_.count("GET /api/v3/jobs/1"), 1u);
}

TEST_F(Inquiries, AJobThatIsDoneHasItsFilesCounted) {
  service_.answer("GET /api/v3/jobs/1",
                  {http_answer(200, "Expires: 2026-01-03 03:04:05.123456 +0000 UTC\r\n", kOneFile)});
  EXPECT_FALSE(run(RunKind::job_status, kJob));
  EXPECT_EQ(json::serialize(answer()),
            R"({"url":"http://localhost/api/v3/jobs/1","state":"done","progress":null,"percent":1E2,)"
            R"("expires":"2026-01-03T03:04:05.123Z","files":1,"errorFiles":1,)"
            R"("transactionTime":"2026-01-02T03:04:05Z","request":"http://localhost/api/v3/Patient/$export"})");
}

TEST_F(Inquiries, AStatusRequestIsJudgedAsInAnExport) {
  for (const auto& [status, expected] : {std::pair(404, Status::JOB_GONE), std::pair(410, Status::JOB_GONE),
                                         std::pair(500, Status::JOB_FAILED), std::pair(503, Status::REFUSED)}) {
    service_.answer("GET /api/v3/jobs/1", {http_answer(status, "", kOutcome)});
    const std::size_t before = service_.count("GET /api/v3/jobs/1");
    const auto failure = run(RunKind::job_status, kJob);
    ASSERT_TRUE(failure) << status;
    EXPECT_EQ(failure->status, expected) << failure->message;
    EXPECT_EQ(failure->outcome, "of Jane Doe");
    EXPECT_EQ(service_.count("GET /api/v3/jobs/1"), before + 1) << status;
  }
}

TEST_F(Inquiries, ARefusedTokenIsRenewedOnce) {
  service_.answer("GET /api/v3/jobs/1", {http_answer(401), http_answer(202)});
  EXPECT_FALSE(run(RunKind::job_status, kJob));
  service_.answer("DELETE /api/v3/jobs/1", {http_answer(401), http_answer(202)});
  EXPECT_FALSE(run(RunKind::job_cancel, kJob));
  EXPECT_EQ(service_.count("POST /auth/token"), 4u);
  service_.answer("DELETE /api/v3/jobs/1", {http_answer(401)});
  EXPECT_EQ(run(RunKind::job_cancel, kJob)->status, Status::AUTHENTICATION);
  EXPECT_EQ(service_.count("DELETE "), 4u);
}

TEST_F(Inquiries, TheTokenStaysWithTheService) {
  for (const char* url : {"http://elsewhere/api/v3/jobs/1", "http://localhost:81/api/v3/jobs/1", "", "jobs/1"})
    for (const RunKind kind : {RunKind::job_status, RunKind::job_cancel})
      EXPECT_EQ(error_of([&] { run(kind, url); }).status, Status::INVALID_ARGUMENT) << url;
  EXPECT_EQ(error_of([&] { run(RunKind::attribution, "x"); }).status, Status::INVALID_ARGUMENT);
  service_.settings.set("profile", "bcda-2019");
  EXPECT_TRUE(holds(error_of([&] { run(RunKind::jobs); }).message, "no job list"));
  EXPECT_TRUE(holds(error_of([&] { run(RunKind::job_cancel, kJob); }).message, "cancels a job"));
  EXPECT_TRUE(service_.world->net().requests.empty());
}

TEST_F(Inquiries, AnOldHttpUrlOfAnEncryptedServiceIsReadAsHttps) {
  Settings settings;
  settings.set("url", "https://h");
  settings.set("profile", "bcda-v3");
  const Service service = find_service(settings);
  EXPECT_EQ(plan_inquiry(service, RunKind::job_status, "http://h/api/v3/jobs/1").request->url.text(),
            "https://h/api/v3/jobs/1");
}

// ---- Adopted jobs

TEST_F(Inquiries, AnExportAdoptsARunningJob) {
  service_.settings.set("types", "");
  service_.settings.set("job_url", kJob);
  service_.answer("GET /api/v3/jobs/1", {http_answer(202), http_answer(200, "", kOneFile)});
  answer_files();
  EXPECT_FALSE(run(RunKind::export_));
  EXPECT_EQ(service_.count("GET /api/v3/Group"), 0u);
  EXPECT_EQ(run_->result().files->size(), 2u);
  const std::string receipt = test::slurp((temp_ / "out") + "/export.json");
  EXPECT_TRUE(holds(receipt, R"("request":"http://localhost/api/v3/Patient/$export")")) << receipt;
  EXPECT_TRUE(holds(receipt, R"("statusUrl":"http://localhost/api/v3/jobs/1")")) << receipt;
}

// What the job's own request decides is refused rather than ignored.
TEST_F(Inquiries, AJobUrlGoesWithNoSettingOfTheRequest) {
  service_.settings.set("job_url", kJob);
  for (const auto& [setting, value] : {std::pair("types", "Patient"), std::pair("since", "2026-01-01T00:00:00Z")}) {
    service_.settings.set("types", "");
    service_.settings.set(setting, value);
    const Error error = error_of([&] { run(RunKind::export_); });
    EXPECT_EQ(error.status, Status::INVALID_ARGUMENT);
    EXPECT_TRUE(holds(error.message, setting)) << error.message;
  }
}

TEST_F(Inquiries, AnAdoptedJobNeedsNoLevel) {
  service_.settings.set("profile", "generic");
  service_.settings.set("auth", "none");
  service_.settings.set("types", "");
  service_.settings.set("job_url", "http://localhost/status/9");
  service_.answer("GET /status/9", {http_answer(200, "", kOneFile)});
  answer_files();
  EXPECT_FALSE(run(RunKind::export_));
}

TEST_F(Inquiries, AJobElsewhereIsNotAdopted) {
  service_.settings.set("types", "");
  service_.settings.set("job_url", "https://elsewhere/api/v3/jobs/1");
  const Error error = error_of([&] { run(RunKind::export_); });
  EXPECT_EQ(error.status, Status::INVALID_ARGUMENT);
  EXPECT_TRUE(holds(error.message, "job_url"));
}

// ---- Deleted jobs

TEST_F(Inquiries, ACompleteExportDeletesItsJob) {
  service_.settings.set("delete_job", "true");
  service_.settings.set("types", "");
  service_.settings.set("job_url", kJob);
  service_.answer("GET /api/v3/jobs/1", {http_answer(200, "", kOneFile)});
  service_.answer("DELETE /api/v3/jobs/1", {http_answer(202)});
  answer_files();
  EXPECT_FALSE(run(RunKind::export_));
  EXPECT_EQ(service_.count("DELETE /api/v3/jobs/1"), 1u);
  EXPECT_TRUE(service_.world->net().requests.back().starts_with("DELETE"));
  for (const std::string& text : warnings()) EXPECT_FALSE(holds(text, "deleted")) << text;
}

TEST_F(Inquiries, AJobThatStaysIsAWarning) {
  service_.settings.set("delete_job", "true");
  service_.settings.set("types", "");
  service_.settings.set("job_url", kJob);
  service_.answer("GET /api/v3/jobs/1", {http_answer(200, "", kOneFile)});
  service_.answer("DELETE /api/v3/jobs/1", {http_answer(410, "", kOutcome)});
  answer_files();
  EXPECT_FALSE(run(RunKind::export_));
  const auto texts = warnings();
  ASSERT_FALSE(texts.empty());
  EXPECT_TRUE(holds(texts.back(), "the export is complete"));
  EXPECT_FALSE(holds(texts.back(), "Jane"));
}

TEST_F(Inquiries, AFailedExportKeepsItsJob) {
  service_.settings.set("delete_job", "true");
  service_.settings.set("types", "");
  service_.settings.set("job_url", kJob);
  service_.settings.set("retries", "0");
  service_.answer("GET /api/v3/jobs/1", {http_answer(200, "", kOneFile)});
  service_.answer("GET /data/", {http_answer(500)});
  EXPECT_TRUE(run(RunKind::export_));
  EXPECT_EQ(service_.count("DELETE "), 0u);
}

TEST_F(Inquiries, AServiceThatDeletesNothingIsToldFirst) {
  service_.settings.set("delete_job", "true");
  service_.settings.set("profile", "bcda-2019");
  EXPECT_TRUE(holds(error_of([&] { run(RunKind::export_); }).message, "delete_job"));
}

}  // namespace
}  // namespace libbcda::runtime
