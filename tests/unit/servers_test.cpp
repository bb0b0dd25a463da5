// What runs make of the manifests and files of today's servers.
#include <gtest/gtest.h>

#include "crypto/digest.hpp"
#include "runtime/forecast.hpp"
#include "support/errors.hpp"
#include "support/gzip.hpp"
#include "support/run_test.hpp"

namespace libbcda::runtime {
namespace {

using test::holds;
using test::http_answer;
using test::Names;
using test::names_in;
using test::slurp;

const std::string kPatient = test::kRecord;

std::string sha256_of(const std::string& text) {
  crypto::Sha256 digest;
  digest.update(as_bytes(text));
  return to_hex(digest.finish());
}

// A server of the Bulk Data IG, without credentials.
class Servers : public test::RunTest {
 protected:
  Servers() {
    service_.settings = Settings();
    service_.settings.set("url", "http://localhost/fhir");
    service_.settings.set("profile", "generic");
    service_.settings.set("auth", "none");
    service_.settings.set("level", "system");
    service_.settings.set("durability", "process");
    service_.settings.set("retries", "2");
    service_.answer("GET /fhir/$export", {http_answer(202, "Content-Location: /fhir/status/1\r\n")});
  }
  // `items`: of `output`; `more`: further members.
  static std::string manifest(const std::string& items, const std::string& more = "") {
    return R"({"transactionTime":"2026-01-01T00:00:00Z","requiresAccessToken":false,"output":[)" + items + "]" + more +
           "}";
  }
  static std::string item(const std::string& url, const std::string& more = "") {
    return R"({"type":"Patient","url":")" + url + "\"" + more + "}";
  }
  void answer_job(const std::string& manifest) {
    service_.answer("GET /fhir/status/1", {http_answer(200, "", manifest)});
  }
  void answer_job_with(const std::string& more) { answer_job(manifest(item("/f/a.ndjson", more))); }
  bool is_published(const std::string& name) const { return std::filesystem::exists(out() + "/" + name); }
  std::string receipt() const { return slurp(out() + "/export.json"); }
  bool warned(const std::string& text) {
    bool found = false;
    for (const std::string& event : events()) found = found || (event.starts_with("warning") && holds(event, text));
    return found;
  }
};

// ---- What the manifest says about a file -----------------------------------------------------------------------------

TEST_F(Servers, AChecksumOfTheManifestProvesAFile) {
  const std::string checksum = "sha256:" + sha256_of(kPatient);
  for (const std::string& extension :
       {R"([{"url":"https://ab2d.cms.gov/checksum","valueString":")" + checksum +
            R"("},{"url":"https://ab2d.cms.gov/file_length","valueDecimal":)" + std::to_string(kPatient.size()) + "}]",
        R"([{"url":"https://dpc.cms.gov/checksum","valueString":")" + checksum + "\"}]",
        R"({"https://ab2d.cms.gov/checksum":")" + checksum + "\"}"}) {
    SCOPED_TRACE(extension);
    answer_job_with(",\"extension\":" + extension);
    service_.answer("GET /f/a", {http_answer(200, "", kPatient)});
    std::filesystem::remove_all(out());
    EXPECT_FALSE(run());
    EXPECT_TRUE(holds(receipt(), R"("proof":"sha256")"));
  }
}

TEST_F(Servers, AFileWithAnotherChecksumIsFetchedAgainAndNeverPublished) {
  answer_job_with(R"(,"extension":[{"url":"https://ab2d.cms.gov/checksum","valueString":"sha256:)" +
                  sha256_of("other") + "\"}]");
  service_.answer("GET /f/a", {http_answer(200, "", kPatient)});
  const auto failure = run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->status, Status::VERIFICATION);
  EXPECT_TRUE(holds(failure->message, "SHA-256"));
  EXPECT_EQ(service_.count("GET /f/a"), 3u);
  EXPECT_FALSE(is_published("Patient.a.ndjson"));
}

TEST_F(Servers, AFileOfAnotherLengthIsRefused) {
  answer_job_with(R"(,"extension":[{"url":"https://dpc.cms.gov/file_length","valueDecimal":99.0}])");
  service_.answer("GET /f/a", {http_answer(200, "", kPatient)});
  const auto failure = run();
  ASSERT_TRUE(failure);
  EXPECT_TRUE(holds(failure->message, "but the manifest says 99"));
}

// DPC writes "sha256:" with nothing behind it when it has no checksum.
TEST_F(Servers, AnEmptyChecksumProvesNothing) {
  answer_job_with(R"(,"extension":[{"url":"https://dpc.cms.gov/checksum","valueString":"sha256:"}])");
  service_.answer("GET /f/a", {http_answer(200, "", kPatient)});
  EXPECT_FALSE(run());
  EXPECT_TRUE(holds(receipt(), R"("proof":"length")"));
}

TEST_F(Servers, ACountThatIsWrongIsAWarning) {
  answer_job_with(R"(,"count":7)");
  service_.answer("GET /f/a", {http_answer(200, "", kPatient)});
  EXPECT_FALSE(run());
  EXPECT_TRUE(warned("has 1 records, but the manifest says 7"));
}

TEST_F(Servers, AWeakerProofThanTheCallerDemandsIsRefused) {
  service_.settings.set("require_proof", "sha256");
  answer_job_with("");
  service_.answer("GET /f/a", {http_answer(200, "", kPatient)});
  const auto failure = run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->status, Status::VERIFICATION);
  EXPECT_TRUE(holds(failure->message, "require_proof"));
}

// ---- Lists of the manifest -------------------------------------------------------------------------------------------

TEST_F(Servers, DeletedFilesHaveADirectoryAndAListOfTheirOwn) {
  const std::string bundle = R"({"resourceType":"Bundle","type":"transaction"})" + std::string("\n");
  answer_job(manifest(item("/f/a.ndjson"), R"(,"deleted":[{"url":"/f/d.ndjson"}],"outcome":[{"url":"/f/o.ndjson"}])"));
  service_.answer("GET /f/a", {http_answer(200, "", kPatient)});
  service_.answer("GET /f/d", {http_answer(200, "", bundle)});
  service_.answer("GET /f/o", {http_answer(200, "", R"({"resourceType":"OperationOutcome"})")});
  EXPECT_FALSE(run());
  EXPECT_EQ(slurp(out() + "/deleted/Bundle.d.ndjson"), bundle);
  EXPECT_EQ(names_in(out() + "/error"), (Names{"OperationOutcome.o.ndjson"}));
  EXPECT_TRUE(holds(receipt(), R"("deleted":[{"type":"Bundle","path":"deleted/Bundle.d.ndjson")"));
}

TEST_F(Servers, AManifestWithoutOutputIsAnEmptyOne) {
  answer_job(R"({"transactionTime":"2026-01-01T00:00:00Z","message":"nothing to export"})");
  EXPECT_FALSE(run());
  EXPECT_EQ(run_->result().files->size(), 0u);
}

TEST_F(Servers, AResourceIsNoManifest) {
  answer_job(R"({"resourceType":"Parameters","transactionTime":"2026-01-01T00:00:00Z","output":[]})");
  const auto failure = run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->status, Status::PROTOCOL);
}

// ---- Pages -----------------------------------------------------------------------------------------------------------

TEST_F(Servers, PartialManifestsAreFollowedPageByPage) {
  service_.settings.set("allow_partial_manifests", "true");
  const std::string json = "Content-Type: application/json\r\n";
  const std::string next = R"(,"link":[{"relation":"next","url":"/fhir/page/2"}])";
  service_.answer("GET /fhir/status/1", {http_answer(202), http_answer(202, json, R"({"resourceType":"Parameters"})"),
                                         http_answer(202, json, manifest(item("/f/a.ndjson"))),
                                         http_answer(202, json, manifest(item("/f/a.ndjson"), next))});
  service_.answer("GET /fhir/page/2", {http_answer(202), http_answer(200, json, manifest(item("/f/b.ndjson")))});
  service_.answer("GET /f/", {http_answer(200, "", kPatient)});
  EXPECT_FALSE(run());
  EXPECT_EQ(service_.count("GET /fhir/$export?allowPartialManifests=true"), 1u);
  EXPECT_EQ(names_in(out()), (Names{"Patient.a.ndjson", "Patient.b.ndjson", "export.json", "log.ndjson"}));
  EXPECT_EQ(service_.count("GET /f/a"), 1u);
  EXPECT_TRUE(holds(receipt(), R"("files":2)"));
}

TEST_F(Servers, AJobThatFailsAfterItsFirstPageLeavesNoReceipt) {
  service_.settings.set("allow_partial_manifests", "true");
  const std::string next = R"(,"link":[{"relation":"next","url":"/fhir/page/2"}])";
  service_.answer("GET /fhir/status/1",
                  {http_answer(202, "Content-Type: application/json\r\n", manifest(item("/f/a.ndjson"), next))});
  service_.answer("GET /fhir/page/2", {http_answer(400)});
  service_.answer("GET /f/", {http_answer(200, "", kPatient)});
  EXPECT_TRUE(run());
  EXPECT_FALSE(is_published("export.json"));
}

// ---- The content of files --------------------------------------------------------------------------------------------

TEST_F(Servers, AnOperationOutcomeOrABinaryIsNoDataFile) {
  for (const char* type : {"OperationOutcome", "Binary"})
    for (const std::string& body : {R"({"id":"1","resourceType":")" + std::string(type) + "\"}\n",
                                    "{\n  \"resourceType\": \"" + std::string(type) + "\",\n  \"id\": \"1\"\n}\n"}) {
      SCOPED_TRACE(body);
      answer_job_with("");
      service_.answer("GET /f/a", {http_answer(200, "", body)});
      std::filesystem::remove_all(out());
      service_.settings.set("restart", "true");
      const auto failure = run();
      ASSERT_TRUE(failure);
      EXPECT_EQ(failure->status, Status::VERIFICATION);
      EXPECT_TRUE(holds(failure->message, type));
    }
}

TEST_F(Servers, XmlIsNoDataFile) {
  answer_job_with("");
  service_.answer("GET /f/a", {http_answer(200, "Content-Type: application/fhir+ndjson\r\n",
                                           R"(<Binary xmlns="http://hl7.org/fhir"></Binary>)")});
  const auto failure = run();
  ASSERT_TRUE(failure);
  EXPECT_TRUE(holds(failure->message, "XML"));
}

TEST_F(Servers, TheBodyOfARefusalIsNeverData) {
  answer_job_with("");
  service_.answer("GET /f/a", {http_answer(404, "", R"({"resourceType":"OperationOutcome"})" + kPatient)});
  EXPECT_TRUE(run());
  EXPECT_FALSE(is_published("Patient.a.ndjson"));
}

// The names of codings are case-insensitive.
TEST_F(Servers, APackedRefusalIsRead) {
  answer_job_with("");
  for (const char* coding : {"gzip", "X-GZip"}) {
    service_.answer(
        "GET /f/a",
        {http_answer(400, "Content-Encoding: " + std::string(coding) + "\r\n",
                     test::gzip(R"({"resourceType":"OperationOutcome","issue":[{"diagnostics":"why"}]})"))});
    std::filesystem::remove_all(out());
    const auto failure = run();
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->outcome, "why");
  }
}

TEST_F(Servers, LinesOfEveryFormAreKeptAsTheyCame) {
  const std::string body = "\xEF\xBB\xBF{\"resourceType\":\"Patient\"}\r\n\r\n \n{\"resourceType\":\"Patient\"}";
  answer_job_with(R"(,"count":2)");
  service_.answer("GET /f/a", {http_answer(200, "", body)});
  EXPECT_FALSE(run());
  EXPECT_EQ(slurp(out() + "/Patient.a.ndjson"), body);
  for (const std::string& event : events()) EXPECT_FALSE(event.starts_with("warning")) << event;
}

TEST_F(Servers, AnotherResourceTypeThanTheManifestSaysIsAWarning) {
  answer_job_with("");
  service_.answer("GET /f/a", {http_answer(200, "", R"({"resourceType":"Group"})")});
  EXPECT_FALSE(run());
  EXPECT_TRUE(warned("begins with a resource \"Group\""));
}

TEST_F(Servers, PlainBytesThatAreDeclaredAsGzipAreTakenWithoutThatProof) {
  answer_job_with("");
  service_.answer("GET /f/a", {http_answer(200, "Content-Encoding: GZIP\r\n", kPatient)});
  EXPECT_FALSE(run());
  EXPECT_TRUE(holds(receipt(), R"("proof":"length")"));
}

// What was declared is not what came.
TEST_F(Servers, TheProofThatIsDemandedIsTheOneThatCame) {
  service_.settings.set("require_proof", "gzip");
  answer_job_with("");
  service_.answer("GET /f/a", {http_answer(200, "Content-Encoding: gzip\r\n", kPatient)});
  const auto failure = run();
  ASSERT_TRUE(failure);
  EXPECT_TRUE(holds(failure->message, "require_proof"));
  EXPECT_FALSE(is_published("Patient.a.ndjson"));
  service_.settings.set("restart", "true");
  service_.answer("GET /f/a", {http_answer(200, "", test::gzip(kPatient))});
  EXPECT_FALSE(run());
  EXPECT_TRUE(holds(receipt(), R"("proof":"gzip")"));
}

TEST_F(Servers, AnEarlierFileMustFitWhatTheManifestSaysNow) {
  const auto manifests = [&](const std::string& more) {
    return bulk::parse_manifests(manifest(item("/f/a.ndjson", more) + "," + item("/f/b.ndjson")),
                                 http::parse_url("http://localhost/", "base"));
  };
  service_.answer("GET /f/a", {http_answer(200, "", kPatient)});
  service_.answer("GET /f/b", {http_answer(410)});
  EXPECT_TRUE(run(RunKind::fetch, manifests("")));
  EXPECT_TRUE(is_published("Patient.a.ndjson"));
  service_.answer("GET /f/b", {http_answer(200, "", kPatient)});
  const auto failure = run(RunKind::fetch, manifests(R"(,"extension":{"https://ab2d.cms.gov/checksum":"sha256:)" +
                                                     sha256_of("other") + "\"}"));
  ASSERT_TRUE(failure);
  EXPECT_TRUE(holds(failure->message, "exists already"));
  EXPECT_FALSE(run(RunKind::fetch, manifests("")));
}

TEST_F(Servers, PackedBytesThatAreNotDeclaredAreUnpacked) {
  answer_job_with("");
  service_.answer("GET /f/a", {http_answer(200, "", test::gzip(kPatient))});
  EXPECT_FALSE(run());
  EXPECT_EQ(slurp(out() + "/Patient.a.ndjson"), kPatient);
  EXPECT_TRUE(holds(receipt(), R"("proof":"gzip")"));
}

TEST_F(Servers, AFileThatIsNoNdjsonIsNotFetchedAgainBecauseItIsPacked) {
  answer_job_with("");
  service_.answer("GET /f/a", {http_answer(200, "Content-Encoding: gzip\r\n", test::gzip("no record\n"))});
  EXPECT_TRUE(run());
  EXPECT_EQ(service_.count("GET /f/a"), 1u);
}

// ---- Redirects and other origins -------------------------------------------------------------------------------------

TEST_F(Servers, ARedirectIsFollowedOnTheServiceAndToListedOrigins) {
  service_.settings.set("allowed_origins", "http://localhost:81");
  answer_job_with("");
  service_.answer("GET /f/a", {http_answer(302, "Location: /g/a\r\n")});
  service_.answer("GET /g/a", {http_answer(307, "Location: http://localhost:81/h/a?sig=s\r\n")});
  service_.answer("GET /h/a?sig=s", {http_answer(200, "", kPatient)});
  EXPECT_FALSE(run());
  EXPECT_EQ(slurp(out() + "/Patient.a.ndjson"), kPatient);
}

TEST_F(Servers, ARedirectToAnUnlistedOriginOrWithoutEndIsRefused) {
  answer_job_with("");
  service_.answer("GET /f/a", {http_answer(302, "Location: http://localhost:81/h/a?sig=s3cr3t\r\n")});
  auto failure = run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->status, Status::PROTOCOL);
  EXPECT_TRUE(holds(failure->message, "allowed_origins"));
  EXPECT_EQ(failure->message.find("s3cr3t"), std::string::npos);
  service_.settings.set("restart", "true");
  service_.answer("GET /f/a", {http_answer(302, "Location: /f/a.ndjson\r\n")});
  failure = run();
  ASSERT_TRUE(failure);
  EXPECT_TRUE(holds(failure->message, "more than 5 times"));
  EXPECT_EQ(service_.count("GET /f/a"), 7u);
}

// ---- Other origins in the network of the user

// The service is on the Internet, and files are at another origin, which the user has listed.
class OtherOrigins : public Servers {
 protected:
  OtherOrigins() {
    service_.settings.set("url", "http://api.test/fhir");
    service_.settings.set("allow_http", "true");
    service_.settings.set("allowed_origins", "http://files.test");
    answer_job(manifest(item("http://files.test/f/a.ndjson")));
    service_.answer("GET /f/", {http_answer(200, "", kPatient)});
    addresses()["api.test"] = {"203.0.113.1"};
  }
  std::map<std::string, std::vector<std::string>>& addresses() { return service_.world->net().addresses; }
  // The addresses that were tried since the last call, without that of the service.
  std::vector<std::string> tried() {
    std::vector<std::string> all;
    for (const auto& [address, when] : std::exchange(service_.world->net().attempts, {}))
      if (address != "203.0.113.1") all.push_back(address);
    return all;
  }
};

TEST_F(OtherOrigins, AreNotReachedAtPrivateAddresses) {
  for (const char* address : {"169.254.169.254", "127.0.0.1", "10.1.2.3", "fd00:ec2::254", "::ffff:192.168.1.1"}) {
    addresses()["files.test"] = {address};
    const auto failure = run();
    ASSERT_TRUE(failure) << address;
    EXPECT_EQ(failure->status, Status::PROTOCOL) << failure->message;
    EXPECT_TRUE(holds(failure->message, "http://files.test has a private address"));
    EXPECT_TRUE(holds(failure->message, "allow_private_addresses"));
    EXPECT_EQ(tried(), std::vector<std::string>()) << address;
    service_.settings.set("restart", "true");
  }
}

TEST_F(OtherOrigins, AreNotReachedAtPrivateAddressesByARedirectEither) {
  addresses()["files.test"] = {"169.254.169.254"};
  answer_job(manifest(item("/f/a.ndjson")));
  service_.answer("GET /f/", {http_answer(302, "Location: http://files.test/latest/meta-data\r\n")});
  const auto failure = run();
  ASSERT_TRUE(failure);
  EXPECT_TRUE(holds(failure->message, "allow_private_addresses"));
  EXPECT_EQ(tried(), std::vector<std::string>());
}

TEST_F(OtherOrigins, AreNotReachedAtPrivateAddressesBesidePublicOnes) {
  addresses()["files.test"] = {"10.0.0.1", "203.0.113.9"};
  EXPECT_FALSE(run());
  EXPECT_EQ(tried(), std::vector<std::string>{"203.0.113.9"});
}

TEST_F(OtherOrigins, MayBeWhereTheServiceIsOrWhereTheUserSaysSo) {
  addresses()["files.test"] = {"10.0.0.2"};
  addresses()["api.test"] = {"10.0.0.1"};
  EXPECT_FALSE(run());
  addresses()["api.test"] = {"203.0.113.1"};
  service_.settings.set("allow_private_addresses", "true");
  std::filesystem::remove_all(out());
  EXPECT_FALSE(run());
}

// The token goes to the service, and to the origins in token_origins.
TEST_F(Servers, TheTokenGoesToListedOriginsAlone) {
  service_.settings.set("auth", "token");
  service_.settings.set("access_token", "t0ken");
  service_.settings.set("allowed_origins", "http://localhost:81");
  service_.settings.set("token_origins", "http://localhost:82");
  answer_job(R"({"transactionTime":"2026-01-01T00:00:00Z","requiresAccessToken":true,"output":[)" +
             item("/f/a.ndjson") + "," + item("http://localhost:81/f/b.ndjson") + "," +
             item("http://localhost:82/f/c.ndjson") + "]}");
  service_.answer("GET /f/", {http_answer(200, "", kPatient)});
  EXPECT_FALSE(run());
  const auto has_token = [&](const std::string& file) {
    for (const std::string& head : service_.world->net().heads)
      if (head.starts_with("GET /f/" + file)) return head.find("t0ken") != std::string::npos;
    return false;
  };
  EXPECT_TRUE(has_token("a"));
  EXPECT_FALSE(has_token("b"));
  EXPECT_TRUE(has_token("c"));
}

TEST_F(Servers, ARefusalWithoutATokenIsNotTakenForAnExpiredOne) {
  service_.settings.set("auth", "token");
  service_.settings.set("access_token", "t0ken");
  answer_job_with("");  // requiresAccessToken is false
  service_.answer("GET /f/a", {http_answer(401)});
  EXPECT_TRUE(run());
  EXPECT_EQ(service_.count("GET /f/a"), 1u);
}

// ---- Time limits of the service ---------------------------------------------------------------------------------------

TEST(Forecasts, WarnOnceWhenTheFilesWillNotArriveInTime) {
  const Steady start{};
  const auto at = [&](int seconds) { return start + std::chrono::seconds(seconds); };
  Forecast forecast;
  EXPECT_FALSE(forecast.lateness(at(100), 10, 1000)) << "nothing was found";
  forecast.found(start, {});
  EXPECT_FALSE(forecast.lateness(at(100), 10, 1000)) << "nothing is known to expire";
  forecast.found(start, at(5000));
  forecast.found(start, at(1000));
  EXPECT_FALSE(forecast.lateness(at(20), 10, 10000)) << "too early";
  EXPECT_FALSE(forecast.lateness(at(100), 2, 10000)) << "too few files";
  EXPECT_FALSE(forecast.lateness(at(100), 10, 90)) << "in time";
  EXPECT_EQ(forecast.lateness(at(100), 10, 100), std::chrono::seconds(100));
  EXPECT_FALSE(forecast.lateness(at(101), 10, 100)) << "told";
}

TEST_F(Servers, ExpiresOfTheManifestIsCompared) {
  std::string items;
  for (int i = 0; i < 40; ++i) items += (i > 0 ? "," : "") + item("/f/" + std::to_string(i) + ".ndjson");
  service_.settings.set("parallel", "1");
  service_.settings.set("retry_delay", "20s");
  service_.answer("GET /fhir/status/1", {http_answer(200,
                                                     "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
                                                     "Expires: Thu, 01 Jan 2026 00:02:00 GMT\r\n",
                                                     manifest(items))});
  for (int i = 0; i < 40; ++i)
    service_.answer("GET /f/" + std::to_string(i) + ".ndjson", {http_answer(503), http_answer(200, "", kPatient)});
  EXPECT_FALSE(run());
  EXPECT_TRUE(warned("after the service removes them"));
}

// ---- A job that runs already ----------------------------------------------------------------------------------------

std::string task(const std::string& id, const std::string& status, const std::string& request) {
  return R"({"resource":{"resourceType":"Task","status":")" + status + R"(","identifier":[{"value":")" + id +
         R"("}],"input":[{"valueString":"GET )" + request + "\"}]}}";
}

// BCDA's 429 has no body, but its list has the job.
TEST_F(Servers, ARunningJobWithTheSameRequestIsFoundInTheJobListAndAdopted) {
  service_.settings.set("profile", "bcda-v3");
  service_.settings.set("url", "http://localhost/api/v3");
  service_.settings.set("level", "group");
  service_.settings.set("types", "Patient");
  const std::string same = "http://localhost/api/v3/Group/all/$export?_type=Patient";
  service_.answer("GET /api/v3/Group/all/$export", {http_answer(429)});
  service_.answer(
      "GET /api/v3/jobs/51",
      {http_answer(202), http_answer(200, "", manifest(item("/data/51/a.ndjson"), R"(,"request":")" + same + "\""))});
  service_.answer("GET /api/v3/jobs",
                  {http_answer(200, "",
                               R"({"resourceType":"Bundle","entry":[)" + task("50", "completed", same) + "," +
                                   task("51", "in-progress", same) + "," +
                                   task("52", "in-progress", "http://localhost/api/v3/Patient/$export") + "]}")});
  service_.answer("GET /data/51/", {http_answer(200, "", kPatient)});
  EXPECT_FALSE(run());
  EXPECT_EQ(service_.count("GET /api/v3/Group"), 1u);
  EXPECT_TRUE(holds(receipt(), "/api/v3/jobs/51"));
  EXPECT_TRUE(warned("runs already"));
}

TEST_F(Servers, AJobListThatFailsOrHasNoSuchJobChangesNothing) {
  service_.settings.set("profile", "bcda-v3");
  service_.settings.set("url", "http://localhost/api/v3");
  service_.settings.set("level", "group");
  for (const std::string& list :
       {http_answer(500), http_answer(200, "", "[]"),
        http_answer(200, "",
                    R"({"resourceType":"Bundle","entry":[)" +
                        task("52", "in-progress", "http://localhost/api/v3/Patient/$export") + "]}")}) {
    SCOPED_TRACE(list);
    service_.answer("GET /api/v3/Group/all/$export",
                    {http_answer(429), http_answer(429), http_answer(202, "Content-Location: /api/v3/jobs/1\r\n")});
    service_.answer("GET /api/v3/jobs/1", {http_answer(200, "", manifest(item("/data/1/a.ndjson")))});
    service_.answer("GET /api/v3/jobs", {list});
    service_.answer("GET /data/1/", {http_answer(200, "", kPatient)});
    const std::size_t before = service_.count("GET /api/v3/jobs ") + service_.count("GET /api/v3/jobs");
    std::filesystem::remove_all(out());
    EXPECT_FALSE(run());
    EXPECT_EQ(service_.count("GET /api/v3/jobs") - before, 2u);  // the list once, and the status
  }
}

// ---- URLs that expire ------------------------------------------------------------------------------------------------

TEST_F(Servers, AnExpiredUrlIsRenewedByAskingForTheManifestAgain) {
  service_.answer("GET /fhir/status/1", {http_answer(200, "", manifest(item("/f/a.ndjson?sig=1"))),
                                         http_answer(200, "", manifest(item("/f/a.ndjson?sig=2")))});
  service_.answer("GET /f/a.ndjson?sig=1", {http_answer(403)});
  service_.answer("GET /f/a.ndjson?sig=2", {http_answer(200, "", kPatient)});
  EXPECT_FALSE(run());
  EXPECT_EQ(service_.count("GET /fhir/status/1"), 2u);
}

TEST_F(Servers, ARefusalThatNoNewUrlCuresIsFinal) {
  service_.answer("GET /fhir/status/1", {http_answer(200, "", manifest(item("/f/a.ndjson?sig=1")))});
  service_.answer("GET /f/a", {http_answer(403)});
  const auto failure = run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->http_status, 403);
  EXPECT_EQ(service_.count("GET /f/a"), 1u);
}

// A file may arrive later than the manifest.
TEST_F(Servers, AMissingFileIsAskedForAgainAlthoughItsUrlIsTheSame) {
  service_.answer("GET /fhir/status/1", {http_answer(200, "", manifest(item("/f/a.ndjson?sig=1")))});
  service_.answer("GET /f/a", {http_answer(404), http_answer(200, "", kPatient)});
  EXPECT_FALSE(run());
}

TEST_F(Servers, TheUrlOfAFileOnAPageThatHasGrownIsRenewed) {
  service_.settings.set("allow_partial_manifests", "true");
  const std::string json = "Content-Type: application/json\r\n",
                    done = item("/f/a.ndjson?sig=2") + "," + item("/f/b.ndjson");
  service_.answer("GET /fhir/status/1", {http_answer(202, json, manifest(item("/f/a.ndjson?sig=1"))),
                                         http_answer(200, json, manifest(done))});
  service_.answer("GET /f/a.ndjson?sig=1", {http_answer(403)});
  service_.answer("GET /f/a.ndjson?sig=2", {http_answer(200, "", kPatient)});
  service_.answer("GET /f/b", {http_answer(200, "", kPatient)});
  EXPECT_FALSE(run());
}

TEST_F(Servers, ANewUrlOfAnotherFileIsNotTaken) {
  service_.answer("GET /fhir/status/1", {http_answer(200, "", manifest(item("/f/a.ndjson?sig=1"))),
                                         http_answer(200, "", manifest(item("/f/b.ndjson?sig=2")))});
  service_.answer("GET /f/a", {http_answer(403)});
  service_.answer("GET /f/b", {http_answer(200, "", kPatient)});
  EXPECT_TRUE(run());
  EXPECT_EQ(service_.count("GET /f/b"), 0u);
}

}  // namespace
}  // namespace libbcda::runtime
