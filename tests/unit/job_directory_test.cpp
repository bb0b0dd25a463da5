// Runs for a manifest alone that keep their job in a directory.
#include <gtest/gtest.h>

#include <filesystem>

#include "support/errors.hpp"
#include "support/run_test.hpp"

namespace libbcda::runtime {
namespace {

using test::error_of;
using test::holds;
using test::http_answer;
using test::kTwoFiles;

class JobDirectory : public test::RunTest {
 protected:
  void SetUp() override {
    know(R"("manifest_may_grow":false)");
    service_.settings.set("retries", "0");
    service_.settings.set("job_directory", out());
    service_.answer_job(kTwoFiles);
  }
  // The next run counts its own requests.
  std::optional<Error> ask() {
    run_.reset();
    service_.world->net().requests.clear();
    return run(RunKind::manifest);
  }
  std::size_t kick_offs() const { return service_.count("GET /api/v1/Patient/$export"); }
};

TEST_F(JobDirectory, GivesTheManifestAgainWithoutARequest) {
  ASSERT_FALSE(ask());
  EXPECT_EQ(kick_offs(), 1u);
  const std::string manifest = run_->result().manifest();
  ASSERT_FALSE(ask());
  EXPECT_EQ(service_.count(""), 0u);
  EXPECT_EQ(run_->result().manifest(), manifest);
  EXPECT_TRUE(holds(manifest, "/data/1/b.ndjson"));
  EXPECT_EQ(run_->result().directory, "") << "no files are there";
}

TEST_F(JobDirectory, GoesOnWithAJobThatWasNotDone) {
  service_.answer("GET /api/v1/jobs/1", {http_answer(403)});
  ASSERT_TRUE(ask());
  service_.answer_job(kTwoFiles);
  ASSERT_FALSE(ask());
  EXPECT_EQ(kick_offs(), 0u);
  EXPECT_EQ(service_.count("GET /api/v1/jobs/1"), 1u);
}

// They are credentials, so they are not kept.
TEST_F(JobDirectory, AsksAgainForSignedUrls) {
  service_.answer_job(
      R"({"output":[{"type":"Patient","url":"/data/1/a.ndjson?X-Amz-Signature=s3cr3t"}],"requiresAccessToken":false})");
  ASSERT_FALSE(ask());
  ASSERT_FALSE(ask());
  EXPECT_EQ(kick_offs(), 0u);
  EXPECT_EQ(service_.count("GET /api/v1/jobs/1"), 1u);
  EXPECT_TRUE(holds(run_->result().manifest(), "s3cr3t"));
}

TEST_F(JobDirectory, BeginsAnewWithRestart) {
  ASSERT_FALSE(ask());
  service_.settings.set("restart", "true");
  ASSERT_FALSE(ask());
  EXPECT_EQ(kick_offs(), 1u);
}

TEST_F(JobDirectory, IsOfOneRequest) {
  ASSERT_FALSE(ask());
  service_.settings.set("types", "Coverage");
  const Error error = error_of([&] { ask(); });
  EXPECT_EQ(error.status, Status::FILESYSTEM);
  EXPECT_TRUE(holds(error.message, "an unfinished export with other settings: ")) << error.message;
}

TEST_F(JobDirectory, IsOfOneRunAtATime) {
  ASSERT_FALSE(ask());
  RunRequest request;
  request.kind = RunKind::manifest;
  request.settings = service_.settings;
  const auto first = Run::start(service_.session(), request);
  const Error error = error_of([&] { Run::start(service_.session(), request); });
  EXPECT_TRUE(holds(error.message, "is in use")) << error.message;
  service_.world->run_until([&] { return first->mailbox().finished(); });
  EXPECT_FALSE(first->mailbox().failure());
}

TEST_F(JobDirectory, HoldsNoFilesOfAnExport) {
  service_.settings.set("job_directory", "");
  service_.answer("GET /data/1/a", {http_answer(200, "", test::kRecord)});
  service_.answer("GET /data/1/b", {http_answer(403)});
  ASSERT_TRUE(run());
  service_.settings.set("job_directory", out());
  const Error error = error_of([&] { ask(); });
  EXPECT_TRUE(holds(error.message, "holds files of an unfinished export; `bcda resume")) << error.message;
  service_.settings.set("job_directory", "");
  service_.answer("GET /data/1/b", {http_answer(200, "", test::kRecord)});
  EXPECT_FALSE(again());
  EXPECT_EQ(run_->result().files->size(), 2u);
}

// A refusal discards nothing: neither tables nor what the export asks for.
TEST_F(JobDirectory, LeavesTheTablesOfAnExport) {
  service_.settings.set("job_directory", "");
  service_.settings.set("tables", "beneficiary");
  service_.answer("GET /data/1/a", {http_answer(200, "", "{\"resourceType\":\"Patient\",\"id\":\"1\"}\n")});
  service_.answer("GET /data/1/b", {http_answer(403)});
  ASSERT_TRUE(run());
  run_.reset();
  const std::string journal = out() + "/.bcda/journal.ndjson", before = test::slurp(journal);
  service_.settings.set("tables", "");
  service_.settings.set("job_directory", out());
  for (const char* restart : {"false", "true"}) {
    service_.settings.set("restart", restart);
    EXPECT_TRUE(holds(error_of([&] { ask(); }).message, "holds files of an unfinished export; `bcda resume"));
    EXPECT_EQ(test::slurp(journal), before);
    EXPECT_TRUE(std::filesystem::exists(out() + "/Patient.a.ndjson"));
  }
}

TEST_F(JobDirectory, IsNotForAnExport) {
  service_.settings.set("job_directory", temp_ / "other");
  service_.answer("GET /data/1/", {http_answer(200, "", test::kRecord)});
  EXPECT_FALSE(run());
  EXPECT_FALSE(std::filesystem::exists(temp_ / "other"));
}

TEST_F(JobDirectory, GivesItsJobToAnExport) {
  ASSERT_FALSE(ask());
  service_.settings.set("job_directory", "");
  service_.answer("GET /data/1/", {http_answer(200, "", test::kRecord)});
  EXPECT_FALSE(again());
  EXPECT_EQ(kick_offs(), 0u);
  EXPECT_EQ(run_->result().files->size(), 2u);
}

}  // namespace
}  // namespace libbcda::runtime
