// Valid and invalid manifests, and manifests that differ at the second status request.
#include "crypto/key.hpp"
#include "integration/scripted_service.hpp"

namespace bcda_test {
namespace {

using Files = std::vector<std::string>;

std::string manifest_of(const Files& urls, const std::string& errors = "[]") {
  std::string output;
  for (const std::string& url : urls)
    output += (output.empty() ? "" : ",") + std::string(R"({"type":"Patient","url":")") + url + R"("})";
  return R"({"transactionTime":"2019-09-20T14:47:33Z","output":[)" + output + R"(],"error":)" + errors + "}";
}

// Runs an export from a service whose status answers list these files. The last list is repeated.
Outcome export_of(const std::vector<Files>& answers, const std::string& out, int* downloads = nullptr) {
  ScriptedService service([&](int poll) {
    return manifest_of(answers[std::min<std::size_t>(static_cast<std::size_t>(poll), answers.size()) - 1]);
  });
  Outcome outcome = export_from(service, out);
  if (downloads) *downloads = service.downloads();
  return outcome;
}

TEST(SecondAnswer, WithOtherUrlsAddsNoFileTwice) {
  const std::vector<std::vector<Files>> cases = {
      {{"/d/1/a.ndjson?sig=1", "/d/1/b.ndjson?sig=1"}, {"/d/1/a.ndjson?sig=2", "/d/1/b.ndjson?sig=2"}},
      {{"/sig1/a.ndjson", "/sig1/b.ndjson"},
       {"/sig2/a.ndjson", "/sig2/b.ndjson"},
       {"/sig3/a.ndjson", "/sig3/b.ndjson"}},
      {{"/1/a.ndjson", "/1/b.ndjson"}, {"/1/b.ndjson", "/1/a.ndjson"}},
  };
  for (const auto& answers : cases) {
    TempDir dir;
    int downloads = 0;
    Outcome outcome = export_of(answers, dir / "out", &downloads);
    EXPECT_EQ(outcome.status, BCDA_OK) << outcome.message;
    EXPECT_EQ(downloads, 2);
    EXPECT_EQ(data_files(dir / "out"), (Files{"Patient.a.ndjson", "Patient.b.ndjson"}));
    EXPECT_NE(read(dir / "out/export.json").find("\"confirmed\":true"), std::string::npos);
  }
}

TEST(SecondAnswer, ThatHasGrownAddsOnlyTheNewFiles) {
  TempDir dir;
  int downloads = 0;
  Outcome outcome = export_of({{"/1/a.ndjson"}, {"/2/b.ndjson", "/2/a.ndjson"}}, dir / "out", &downloads);
  EXPECT_EQ(outcome.status, BCDA_OK) << outcome.message;
  EXPECT_EQ(downloads, 2);
  EXPECT_EQ(data_files(dir / "out").size(), 2u);
}

// Files of two states of one job must not be mixed.
TEST(SecondAnswer, ThatLacksAFileOfTheFirstIsAnError) {
  const std::vector<std::vector<Files>> cases = {
      {{"/1/a.ndjson", "/1/b.ndjson"}, {"/1/c.ndjson", "/1/d.ndjson"}},
      {{"/1/a.ndjson", "/1/b.ndjson"}, {"/1/a.ndjson"}},
      {{"/1/a.ndjson"}, {}},
      {{"/1/a.ndjson"}, {"/1/a.ndjson", "/1/b.ndjson"}, {"/1/b.ndjson"}},
  };
  for (const auto& answers : cases) {
    TempDir dir;
    Outcome outcome = export_of(answers, dir / "out");
    EXPECT_EQ(outcome.status, BCDA_PROTOCOL);
    EXPECT_NE(outcome.message.find("has changed"), std::string::npos) << outcome.message;
    EXPECT_FALSE(fs::exists(dir / "out/export.json"));
  }
}

TEST(SecondAnswer, ThatIsMissingIsAWarning) {
  ScriptedService service([](int poll) { return poll == 1 ? manifest_of({"/1/a.ndjson"}) : "no manifest"; });
  TempDir dir;
  Outcome outcome = export_from(service, dir / "out");
  EXPECT_EQ(outcome.status, BCDA_OK) << outcome.message;
  EXPECT_TRUE(outcome.said(BCDA_EVENT_WARNING, "has grown"));
  EXPECT_NE(read(dir / "out/export.json").find("\"confirmed\":false"), std::string::npos);
}

// A file without a key is published only if it looks like NDJSON. None of these "keys" is valid.
// Without the URL of the job it would run on at the service, unknown to the client.
TEST(KickOff, IsAcceptedAlthoughTheBodyOfItsAnswerBreaksOff) {
  ScriptedServer server([](const std::string& head) -> std::string {
    if (head.find("/auth/token") != std::string::npos) return sized(R"({"access_token":"t","token_type":"bearer"})");
    if (head.find("$export") != std::string::npos)
      return "HTTP/1.1 202 Accepted\r\nContent-Location: /jobs/1\r\nContent-Length: 50\r\n\r\nabc";
    return sized(manifest_of({}));
  });
  TempDir dir;
  const Outcome outcome = export_to({{"url", server.url()},
                                     {"client_id", "id"},
                                     {"client_secret", "secret"},
                                     {"allow_plaintext", "true"},
                                     {"types", "Patient"},
                                     {"poll_interval", "1ms"},
                                     {"durability", "process"}},
                                    dir / "out");
  EXPECT_EQ(outcome.status, BCDA_OK) << outcome.message;
}

TEST(Progress, OfManySmallFilesIsNoEventForEachOfThem) {
  constexpr int kFiles = 200;
  Files urls;
  for (int i = 0; i < kFiles; ++i) urls.push_back("/d/" + std::to_string(i) + ".ndjson");
  ScriptedService service([&](int) { return manifest_of(urls); });
  TempDir dir;
  const Outcome outcome = export_from(service, dir / "out");
  EXPECT_EQ(outcome.status, BCDA_OK) << outcome.message;
  std::vector<std::int64_t> done;
  for (const bcda::Event& event : outcome.events)
    if (event.kind() == BCDA_EVENT_PROGRESS) done.push_back(event.files_done());
  ASSERT_FALSE(done.empty());
  EXPECT_LT(done.size(), kFiles / 2);
  EXPECT_EQ(done.back(), kFiles);
}

// The first URLs of the files have expired when they are used.
TEST(ExpiredUrls, OfAllFilesAreRenewedWithOneRequest) {
  const Files names = {"a", "b", "c", "d", "e", "f", "g", "h"};
  std::atomic<int> polls{0};
  const auto manifest = [&](int poll) {
    polls = poll;
    Files urls;
    for (const std::string& name : names) urls.push_back("/d/" + name + ".ndjson?sig=" + std::to_string(poll));
    return manifest_of(urls);
  };
  const auto file = [](const std::string& target) {
    if (target.ends_with("sig=1")) return std::string("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    return sized("{\"resourceType\":\"Patient\"}\n");
  };
  ScriptedService service(manifest, file);
  TempDir dir;
  const Outcome outcome = export_to(config_for(service).set("parallel", "8"), dir / "out");
  EXPECT_EQ(outcome.status, BCDA_OK) << outcome.message;
  EXPECT_EQ(data_files(dir / "out").size(), names.size());
  EXPECT_EQ(polls, 3);  // the manifest, the new URLs, and the question whether it has grown
}

TEST(FilesWithoutAKey, ThatAreEncryptedAreNotPublished) {
  std::string cipher = "{\x9d\x04\x80";
  for (int i = 0; i < 3000; ++i) cipher += static_cast<char>(i * 37 + i / 256);
  for (const char* member : {"error", "output"})
    for (const char* key : {"", R"(,"encryptedKey":null)", R"(,"encryptedKey":7)", R"(,"encryptedKey":"")"}) {
      const std::string entry = std::string(R"([{"type":"Patient","url":"/1/a.ndjson")") + key + "}]";
      ScriptedService service(
          [&](int) {
            return std::string(R"({"output":)") + (member == std::string("output") ? entry : "[]") + R"(,"error":)" +
                   (member == std::string("error") ? entry : "[]") + "}";
          },
          [&](const std::string&) { return sized(cipher); });
      TempDir dir;
      Outcome outcome = export_from(service, dir / "out");
      EXPECT_EQ(outcome.status, BCDA_VERIFICATION) << member << key << ": " << outcome.message;
      EXPECT_NE(outcome.message.find("may be encrypted"), std::string::npos) << outcome.message;
      EXPECT_EQ(data_files(dir / "out"), Files{});
    }
}

TEST(FilesWithoutAKey, HaveNoProofWithoutAStatedLength) {
  ScriptedService service(
      [](int) {
        return manifest_of({"/1/a.ndjson", "/1/b.ndjson"});
      },
      [](const std::string& target) {
        return target == "/1/a.ndjson" ? sized("{}\n") : ok("Transfer-Encoding: chunked\r\n", "3\r\n{}\n\r\n0\r\n\r\n");
      });
  TempDir dir;
  ASSERT_EQ(export_from(service, dir / "out").status, BCDA_OK);
  const std::string receipt = read(dir / "out/export.json");
  const std::size_t a = receipt.find("Patient.a"), b = receipt.find("Patient.b");
  ASSERT_LT(a, b);
  EXPECT_LT(receipt.find("\"proof\":\"length\"", a), b);
  EXPECT_NE(receipt.find("\"proof\":\"none\"", b), std::string::npos);
}

TEST(JobUrls, ThatAreSignedAreNotWritten) {
  ScriptedService service(
      [](int poll) { return poll < 2 ? std::string("{") : manifest_of({"/1/a.ndjson?sig=FILESIG"}); });
  service.status_url = "/api/v1/jobs/1?sig=JOBSIG";
  TempDir dir;
  Outcome outcome = export_from(service, dir / "out");
  ASSERT_EQ(outcome.status, BCDA_OK) << outcome.message;
  std::string said = read(dir / "out/log.ndjson") + read(dir / "out/export.json");
  for (const std::string& line : outcome.json) said += line;
  for (const char* secret : {"JOBSIG", "FILESIG"}) EXPECT_EQ(said.find(secret), std::string::npos) << secret;
  EXPECT_NE(said.find("/api/v1/jobs/1\""), std::string::npos);
}

TEST(RefusedFiles, HaveTheServersText) {
  ScriptedService service(
      [](int) { return manifest_of({"/1/a.ndjson"}); },
      [](const std::string&) {
        const std::string body =
            R"({"resourceType":"OperationOutcome","issue":[{"diagnostics":"the file was purged"}]})";
        return "HTTP/1.1 404 Not Found\r\nContent-Type: application/fhir+json\r\nContent-Length: " +
               std::to_string(body.size()) + "\r\n\r\n" + body;
      });
  TempDir dir;
  Outcome outcome = export_from(service, dir / "out");
  EXPECT_EQ(outcome.status, BCDA_REFUSED);
  EXPECT_EQ(outcome.outcome, "the file was purged");
  EXPECT_NE(outcome.message.find("24 hours"), std::string::npos) << outcome.message;
  EXPECT_TRUE(outcome.said(BCDA_EVENT_RETRY));
  EXPECT_FALSE(outcome.said(BCDA_EVENT_RETRY, "start a new export"));
  EXPECT_FALSE(outcome.said(BCDA_EVENT_WARNING));  // no warning, because the failure of a single file ends the run
}

// The run waits neither for the other jobs nor for thousands of other files.
TEST(WrongKey, EndsTheExportAfterAFewFiles) {
  bcda::Sandbox sandbox = quick_sandbox({{"files_per_type", "60"}, {"fault", "job-hangs:on=GET /api/v1/Coverage"}});
  bcda::Config config = quick_config(sandbox);
  config.set("types", "Patient,Coverage").set("parallel", 2);
  config.set("private_key_pem", libbcda::crypto::PrivateKey::generate().private_pem());
  TempDir dir;
  Outcome outcome = export_to(config, dir / "out");
  EXPECT_EQ(outcome.status, BCDA_DECRYPTION) << outcome.message;
  EXPECT_NE(outcome.message.find("private key"), std::string::npos) << outcome.message;
  const auto warnings = std::count_if(outcome.events.begin(), outcome.events.end(),
                                      [](const bcda::Event& e) { return e.kind() == BCDA_EVENT_WARNING; });
  EXPECT_LE(warnings, 5);
  EXPECT_EQ(sandbox.request_count("GET /data"), 0);
}

TEST(WrongKey, OfASingleFileStopsNoOther) {
  bcda::Sandbox sandbox = quick_sandbox({{"files_per_type", "8"}, {"fault", "wrong-label:file=0"}});
  TempDir dir;
  Outcome outcome = export_to(quick_config(sandbox).set("types", "Patient").set("parallel", 1), dir / "out");
  EXPECT_EQ(outcome.status, BCDA_DECRYPTION);
  EXPECT_EQ(data_files(dir / "out").size(), 7u);
}

// Otherwise the valid jobs would run for hours before the service refused the invalid one.
TEST(Types, ThatTheServiceDoesNotHaveAreRefusedAtOnce) {
  ScriptedService service([](int) { return manifest_of({}); });
  for (auto [types, hint] : {std::pair<const char*, const char*>{"EOB", "ExplanationOfBenefit?"},
                             {"Patients", "Patient?"},
                             {"Patient,coverage", "Coverage?"},
                             {"Practitioner,Patient", "Patient, Coverage and ExplanationOfBenefit"},
                             {"../x", "ExplanationOfBenefit"}}) {
    TempDir dir;
    Outcome outcome = export_to(config_for(service).set("types", types), dir / "out");
    EXPECT_EQ(outcome.status, BCDA_INVALID_ARGUMENT);
    EXPECT_NE(outcome.message.find(hint), std::string::npos) << outcome.message;
    EXPECT_FALSE(fs::exists(dir / "out"));
  }
}

}  // namespace
}  // namespace bcda_test
