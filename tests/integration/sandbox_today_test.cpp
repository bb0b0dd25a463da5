// Checks that the sandbox answers like the service of 2026: status, headers and bodies.
#include <bcda/bcda_sandbox.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "support/sandbox_client.hpp"

namespace {

using namespace sandbox_test;

class Sandbox : public RunningSandbox {
 public:
  Sandbox(std::initializer_list<Option> options = {}) : RunningSandbox(with_profile(options)) { renew(); }

  Answer send(const std::string& method, const std::string& target, Headers headers = {}) const {
    headers.emplace_back("Authorization", "Bearer " + token_);
    return ask(method, target, headers);
  }
  Answer get(const std::string& target, const Headers& headers = {}) const { return send("GET", target, headers); }
  Answer bulk(const std::string& target) const {
    return get(target, {{"Accept", "application/fhir+json"}, {"Prefer", "respond-async"}});
  }
  std::string basic(const std::string& secret = "") const {
    return secret.empty() ? RunningSandbox::basic() : "Basic " + encoded(bcda_sandbox_client_id(native()), secret);
  }
  void renew() {
    token_ = json::parse(ask("POST", "/auth/token", {{"Authorization", basic()}}).body).at("access_token").as_string();
  }
  const std::string& url() const { return origin(); }

 private:
  static std::vector<Option> with_profile(std::initializer_list<Option> options) {
    std::vector<Option> all{{"profile", "bcda-v3"}};
    all.insert(all.end(), options.begin(), options.end());
    return all;
  }

  std::string token_;
};

std::string outcome(int version, const std::string& code, const std::string& text) {
  std::string details;
  if (version == 2) {
    details = R"(,"details":{"coding":[{"system":"http://hl7.org/fhir/ValueSet/operation-outcome","code":)"
              R"("Request Error","display":")" +
              text + R"("}],"text":")" + text + "\"}";
  }
  if (version == 3) details = R"(,"details":{"text":")" + text + "\"}";
  return R"({"resourceType":"OperationOutcome","issue":[{"severity":"error","code":")" + code + R"(","diagnostics":")" +
         text + "\"" + details + "}]}";
}

constexpr const char* kBare1 =
    R"({"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"not-found"}]})";
constexpr const char* kBare3 =
    R"({"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"not-found","details":{}}]})";

void expect_outcome(const Answer& answer, int status, int version, const std::string& code, const std::string& text) {
  EXPECT_EQ(answer.status, status) << text;
  EXPECT_EQ(answer.header("Content-Type"), "application/fhir+json");
  EXPECT_EQ(answer.body, outcome(version, code, text));
}

std::string path_of(const json::value& file) {
  const std::string url(file.at("url").as_string());
  return url.substr(url.find('/', 8));
}

json::value manifest_of(const Sandbox& sandbox, const Answer& kick_off) {
  const std::string url = kick_off.header("Content-Location");
  const Answer answer = sandbox.get(url.substr(url.find('/', 8)));
  EXPECT_EQ(answer.status, 200) << answer.body;
  return json::parse(answer.body);
}

// Unpacks every member.
std::string gunzipped(const std::string& packed) {
  std::string plain;
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  char buffer[4096];
  while (stream.avail_in > 0) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer);
    stream.avail_out = sizeof buffer;
    const int state = inflate(&stream, Z_NO_FLUSH);
    plain.append(buffer, sizeof buffer - stream.avail_out);
    if (state == Z_STREAM_END) inflateReset(&stream);
    if (state != Z_STREAM_END && state != Z_OK) break;
  }
  inflateEnd(&stream);
  return plain;
}

TEST(SandboxToday, Tokens) {
  Sandbox sandbox;
  const Answer good = sandbox.ask("POST", "/auth/token", {{"Authorization", sandbox.basic()}});
  EXPECT_EQ(good.names(), "Cache-Control Connection Content-Type Pragma Date Content-Length");
  EXPECT_TRUE(good.body.ends_with(R"(", "expires_in": "1200", "token_type":"bearer"})"));
  const Answer wrong = sandbox.ask("POST", "/auth/token", {{"Authorization", sandbox.basic("deadbeef")}});
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(wrong.body, "Unauthorized\n");
  const Answer none = sandbox.ask("POST", "/auth/token");
  EXPECT_EQ(none.status, 400);
  EXPECT_EQ(none.body, "Bad Request\n");
  EXPECT_EQ(sandbox.get("/auth/welcome").body, R"({"success":"Welcome to the Beneficiary Claims Data API!"})");

  const std::string target = "/api/v3/Patient/$export";
  expect_outcome(sandbox.ask("GET", target), 401, 3, "forbidden", "Invalid Token");
  expect_outcome(sandbox.ask("GET", target, {{"Authorization", "Bearer abc"}}), 400, 3, "structure", "Request Error");
  sandbox.control("clock", "21m");
  expect_outcome(sandbox.bulk(target), 401, 3, "forbidden", "Expired Token");
}

TEST(SandboxToday, KickOffRefusals) {
  Sandbox sandbox;
  const std::vector<std::pair<std::string, std::string>> refused{
      {"_type=Practitioner",
       "invalid resource type Practitioner. Supported types [Coverage ExplanationOfBenefit Patient]"},
      {"_type=", "invalid resource type . Supported types [Coverage ExplanationOfBenefit Patient]"},
      {"_type=Patient,Patient", "Repeated resource type Patient"},
      {"_since=2020-02-13", "Invalid date format supplied in _since parameter.  Date must be in FHIR Instant format."},
      {"_since=2020-02-13T08:00:00.000+05:00",
       "Invalid date format supplied in _since parameter.  Date must be in FHIR Instant format."},
      {"_since=2130-02-13T08:00:00.000-05:00",
       "Invalid date format supplied in _since parameter. Date must be a date that has already passed"},
      {"_elements=Patient.id", "Invalid parameter: this server does not support the _elements parameter."},
      {"_outputFormat=text/csv",
       "_outputFormat parameter must be one of [application/fhir+ndjson application/ndjson ndjson]"},
      {"??_type=Patient", "Invalid parameter: query parameters cannot start with ?"},
      {"_typeFilter=Patient%3Fgender%3Dmale", "invalid _typeFilter Resource Type (Only EOBs valid): Patient"},
      {"_typeFilter=ExplanationOfBenefit%3Foutcome%3Dqueued",
       "invalid outcome value: queued. Supported outcome values are 'complete' and 'partial'"},
      {"_typeFilter=ExplanationOfBenefit%3Fservice-date%3Dge2021-13-01",
       "invalid service-date value: ge2021-13-01. Pass a valid FHIR date parameter"},
      {"_typeFilter=ExplanationOfBenefit%3F_tag%3DSharedSystem",
       "invalid _tag value: SharedSystem. Searching by tag requires a token (system|code) to be specified"},
      {"_typeFilter=", "missing question mark "},
  };
  for (const auto& [query, why] : refused)
    expect_outcome(sandbox.bulk("/api/v3/Patient/$export?" + query), 400, 3, "structure", why);
  expect_outcome(sandbox.bulk("/api/v2/Patient/$export?_type=Claim"), 400, 2, "structure",
                 "unauthorized resource type Claim");
  expect_outcome(sandbox.bulk("/api/v1/Patient/$export?_elements=id"), 400, 1, "structure",
                 "Invalid parameter: this server does not support the _elements parameter.");
  expect_outcome(sandbox.bulk("/api/v3/Group/ALL/$export"), 400, 3, "structure", "Invalid group ID");
  const Answer old = sandbox.bulk("/api/v1/ExplanationOfBenefit/$export");
  EXPECT_EQ(old.status, 404);
  EXPECT_EQ(old.body, "404 page not found\n");
}

TEST(SandboxToday, KickOffHeaders) {
  Sandbox sandbox;
  const std::string target = "/api/v1/Patient/$export";
  const std::pair<std::string, std::string> accept{"Accept", "application/fhir+json"},
      prefer{"Prefer", "respond-async"};
  expect_outcome(sandbox.get(target, {prefer}), 400, 1, "structure", "Accept header is required");
  expect_outcome(sandbox.get(target, {{"Accept", "*/*"}, prefer}), 400, 1, "structure",
                 "application/fhir+json is the only supported response format");
  expect_outcome(sandbox.get(target, {accept}), 400, 1, "structure", "Prefer header is required");
  expect_outcome(sandbox.get(target, {accept, {"Prefer", "return=minimal"}}), 400, 1, "structure",
                 "Only asynchronous responses are supported");
  const Headers lists{{"Accept", "text/html, application/FHIR+json;q=0"}, {"Prefer", "return=minimal; respond-async"}};
  const Answer started = sandbox.get(target, lists);
  EXPECT_EQ(started.status, 202);
  EXPECT_EQ(started.names(), "Connection Content-Location Date Content-Length");
  EXPECT_EQ(started.header("Content-Location"), sandbox.url() + "/api/v1/jobs/1");
  const Answer post = sandbox.send("POST", target);
  EXPECT_EQ(post.status, 405);
  EXPECT_EQ(post.header("Allow"), "GET");
}

TEST(SandboxToday, ManifestListsEveryType) {
  Sandbox sandbox;
  for (const char* target : {"/api/v1/Group/all/$export", "/api/v2/Group/runout/$export", "/api/v3/Patient/$export"}) {
    const json::value manifest = manifest_of(sandbox, sandbox.bulk(target));
    EXPECT_EQ(manifest.as_object().size(), 6u);
    EXPECT_EQ(manifest.at("request").as_string(), sandbox.url() + target);
    EXPECT_EQ(manifest.at("output").as_array().size(), 9u);
    EXPECT_EQ(manifest.at_pointer("/output/0").as_object().size(), 2u);
    EXPECT_EQ(manifest.at_pointer("/output/0/type"), "Patient");
    EXPECT_EQ(manifest.at_pointer("/output/3/type"), "ExplanationOfBenefit");
    EXPECT_EQ(manifest.at_pointer("/output/6/type"), "Coverage");
  }
  const Answer status = sandbox.get("/api/v1/jobs/3");  // every version answers for every job
  EXPECT_EQ(status.names(), "Connection Content-Type Expires Date Content-Length");
  EXPECT_TRUE(status.header("Expires").ends_with(" +0000 UTC"));
}

TEST(SandboxToday, WarningsAreListedAsErrorsInVersion3) {
  Sandbox sandbox;
  const json::value manifest = manifest_of(sandbox, sandbox.bulk("/api/v3/Patient/$export"));
  const Answer file = sandbox.get(path_of(manifest.at_pointer("/error/0")));
  EXPECT_EQ(path_of(manifest.at_pointer("/error/0")), "/data/1/warnings-and-info.ndjson");
  EXPECT_EQ(file.names(), "Accept-Ranges Connection Content-Length Content-Type Last-Modified Date");
  EXPECT_EQ(file.body.size(), 194u);
  EXPECT_EQ(json::parse(file.body).at_pointer("/issue/0/severity"), "warning");
  const auto without = [&](const char* query) {
    return manifest_of(sandbox, sandbox.bulk("/api/v3/Patient/$export?" + std::string(query)))
        .at("error")
        .as_array()
        .empty();
  };
  EXPECT_TRUE(without("_type=Patient,Coverage"));
  EXPECT_TRUE(
      without("_typeFilter=ExplanationOfBenefit%3F_tag%3Dhttps%3A%2F%2Fbluebutton.cms.gov%2Ffhir%2FCodeSystem%2F"
              "System-Type%7CSharedSystem"));
  EXPECT_FALSE(without("_type=ExplanationOfBenefit&_type=Patient"));  // the second is ignored
}

TEST(SandboxToday, RecordsAreResourcesOfTheirType) {
  Sandbox sandbox;
  for (const char* version : {"v1", "v2", "v3"}) {
    const std::string target = "/api/" + std::string(version) + "/Patient/$export";
    const json::value manifest = manifest_of(sandbox, sandbox.bulk(target));
    for (const json::value& file : manifest.at("output").as_array()) {
      const std::string text = sandbox.get(path_of(file)).body;
      for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
        const json::value resource = json::parse(text.substr(at, text.find('\n', at) - at));
        EXPECT_EQ(resource.at("resourceType"), file.at("type"));
        EXPECT_TRUE(resource.at("meta").as_object().contains("lastUpdated"));
      }
    }
  }
}

TEST(SandboxToday, FaultsWorkInEveryVersion) {
  Sandbox sandbox({{"fault", "job-fails:count=1"}});
  sandbox.bulk("/api/v3/Patient/$export");
  expect_outcome(sandbox.get("/api/v3/jobs/1"), 500, 3, "exception",
                 "Service encountered numerous errors. Job failed to complete.");
  const json::value manifest = manifest_of(sandbox, sandbox.bulk("/api/v2/Patient/$export"));
  const std::string path = path_of(manifest.at_pointer("/output/0"));
  const std::pair<std::string, std::string> gzip{"Accept-Encoding", "gzip"};
  const std::string whole = sandbox.get(path, {gzip}).body;
  sandbox.control("fault", "truncate:at=50:count=1");
  EXPECT_EQ(sandbox.get(path, {gzip}).body, whole.substr(0, 50));
  sandbox.control("fault", "flip:at=50:count=1");
  EXPECT_NE(sandbox.get(path, {gzip}).body, whole);
  EXPECT_EQ(sandbox.get(path, {gzip}).body, whole);
}

TEST(SandboxToday, ErrorFiles) {
  Sandbox sandbox({{"error_rate", "0.3"}});
  const json::value manifest = manifest_of(sandbox, sandbox.bulk("/api/v2/Patient/$export?_type=Patient"));
  ASSERT_FALSE(manifest.at("error").as_array().empty());
  const std::string path = path_of(manifest.at_pointer("/error/0"));
  EXPECT_TRUE(path.ends_with("-error.ndjson"));
  const Answer file = sandbox.get(path);
  EXPECT_NE(file.body.find(R"("diagnostics":"Error retrieving Patient for beneficiary MBI 1S0)"), std::string::npos);
  EXPECT_EQ(sandbox.get(path, {{"Accept-Encoding", "gzip"}}).header("Content-Encoding"), "gzip");
}

TEST(SandboxToday, FilesAreStoredGzipped) {
  Sandbox sandbox;
  const json::value manifest = manifest_of(sandbox, sandbox.bulk("/api/v3/Patient/$export"));
  const std::string path = path_of(manifest.at_pointer("/output/0"));
  const Answer plain = sandbox.get(path, {{"Range", "bytes=0-99"}});
  EXPECT_EQ(plain.status, 200);
  EXPECT_EQ(plain.names(), "Connection Content-Type Date Transfer-Encoding");
  EXPECT_EQ(plain.header("Content-Type"), "application/fhir+ndjson");
  EXPECT_TRUE(json::parse(plain.body.substr(0, plain.body.find('\n'))).at("id").as_string().starts_with("-"));

  const Answer packed = sandbox.get(path, {{"Accept-Encoding", "gzip;q=0"}});
  EXPECT_EQ(packed.names(), "Accept-Ranges Connection Content-Encoding Content-Type Last-Modified Date Content-Length");
  EXPECT_EQ(packed.header("Content-Encoding"), "gzip");
  EXPECT_EQ(gunzipped(packed.body), plain.body);
  EXPECT_EQ(packed.body.substr(packed.body.size() - 23, 4), std::string("\x1f\x8b\x08\x00", 4));
}

TEST(SandboxToday, RangesCountCompressedBytes) {
  Sandbox sandbox;
  const json::value manifest = manifest_of(sandbox, sandbox.bulk("/api/v3/Patient/$export"));
  const std::string path = path_of(manifest.at_pointer("/output/0"));
  const std::pair<std::string, std::string> gzip{"Accept-Encoding", "gzip"};
  const Answer whole = sandbox.get(path, {gzip});
  const std::string stored = whole.body.substr(0, whole.body.size() - 23), size = std::to_string(stored.size());
  const Answer part = sandbox.get(path, {gzip, {"Range", "bytes=100-"}, {"If-Range", whole.header("Last-Modified")}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.names(),
            "Accept-Ranges Connection Content-Encoding Content-Length Content-Range Content-Type Last-Modified Date");
  EXPECT_EQ(part.header("Content-Range"), "bytes 100-" + std::to_string(stored.size() - 1) + "/" + size);
  EXPECT_EQ(part.body, stored.substr(100));
  EXPECT_EQ(sandbox.get(path, {gzip, {"Range", "bytes=100-"}, {"If-Range", "x"}}).body, whole.body);
  const Answer outside = sandbox.get(path, {gzip, {"Range", "bytes=" + size + "-"}});
  EXPECT_EQ(outside.status, 416);
  EXPECT_EQ(outside.header("Content-Range"), "bytes */" + size);
  EXPECT_EQ(outside.body.size(), 56u);
}

TEST(SandboxToday, UnknownJobsAndFiles) {
  Sandbox sandbox;
  const json::value manifest = manifest_of(sandbox, sandbox.bulk("/api/v3/Patient/$export"));
  EXPECT_EQ(sandbox.get("/api/v3/jobs/99999").body, kBare3);
  EXPECT_EQ(sandbox.get("/api/v1/jobs/99999").body, kBare1);
  EXPECT_EQ(sandbox.get("/api/v1/jobs/99999").status, 404);
  EXPECT_EQ(sandbox.get("/api/v3/jobs/abc").status, 400);
  EXPECT_EQ(sandbox.get("/api/v3/jobs/-1").status, 400);
  expect_outcome(sandbox.get("/data/1/nothing.ndjson"), 404, 1, "not-found", "Job not found");
  EXPECT_EQ(sandbox.get("/data/99999/x.ndjson").body, kBare1);
  EXPECT_EQ(sandbox.get("/data/abc/x.ndjson").status, 400);
  expect_outcome(sandbox.ask("GET", path_of(manifest.at_pointer("/output/0"))), 401, 1, "forbidden", "Invalid Token");
  EXPECT_EQ(sandbox.send("HEAD", "/data/1/x").header("Allow"), "GET");
}

TEST(SandboxToday, CancelledJobs) {
  Sandbox sandbox({{"pending_time", "1h"}});
  sandbox.bulk("/api/v3/Patient/$export");
  EXPECT_EQ(sandbox.get("/api/v2/jobs/1").header("X-Progress"), "Pending");
  const Answer cancelled = sandbox.send("DELETE", "/api/v3/jobs/1");
  EXPECT_EQ(cancelled.status, 202);
  EXPECT_EQ(cancelled.body, "");
  expect_outcome(sandbox.get("/api/v3/jobs/1"), 404, 3, "not-found", "Job has been cancelled.");
  expect_outcome(sandbox.get("/api/v1/jobs/1"), 404, 1, "not-found", "Job has been cancelled.");
  expect_outcome(sandbox.send("DELETE", "/api/v3/jobs/1"), 410, 3, "not-found",
                 "job was not cancelled because it is not Pending or In Progress");
}

TEST(SandboxToday, OldJobs) {
  Sandbox sandbox;
  const json::value manifest = manifest_of(sandbox, sandbox.bulk("/api/v3/Patient/$export"));
  const std::string path = path_of(manifest.at_pointer("/output/0")), plain = sandbox.get(path).body;
  EXPECT_EQ(sandbox.send("DELETE", "/api/v3/jobs/1").status, 410);
  sandbox.control("clock", "24h");
  sandbox.renew();
  EXPECT_EQ(sandbox.get("/api/v3/jobs/1").status, 410);
  EXPECT_EQ(sandbox.get("/api/v3/jobs/1").body, kBare3);
  EXPECT_EQ(sandbox.get(path).body, plain);
  sandbox.control("clock", "1h");
  sandbox.renew();
  EXPECT_EQ(sandbox.get("/api/v3/jobs/1").status, 404);
  EXPECT_EQ(sandbox.get("/api/v3/jobs/1").body, std::string(kBare3) + kBare3);
  EXPECT_EQ(sandbox.get(path).status, 404);
  EXPECT_EQ(sandbox.get(path).body, kBare1 + plain);
}

TEST(SandboxToday, JobList) {
  Sandbox sandbox;
  const Answer none = sandbox.bulk("/api/v3/jobs?_status=In%20Progress");
  EXPECT_EQ(none.status, 404);
  EXPECT_TRUE(none.body.ends_with(R"([In Progress]"}}]}{"resourceType":"Bundle","type":"searchset","total":0})"));
  sandbox.bulk("/api/v1/Patient/$export");
  const json::value bundle = json::parse(sandbox.bulk("/api/v3/jobs?_status=Completed&_status=Failed").body);
  EXPECT_EQ(bundle.at("total"), 1);
  EXPECT_EQ(bundle.at_pointer("/entry/0/resource/identifier/0/value"), "1");
  EXPECT_EQ(bundle.at_pointer("/entry/0/resource/status"), "completed");
  EXPECT_EQ(bundle.at_pointer("/entry/0/resource/input/0/valueString").as_string(),
            "GET " + sandbox.url() + "/api/v1/Patient/$export");
  expect_outcome(sandbox.bulk("/api/v3/jobs?_status=Completed,Completed"), 400, 3, "structure",
                 "Repeated status type Completed");
  EXPECT_EQ(sandbox.bulk("/api/v3/jobs?_status=completed").status, 400);
  EXPECT_EQ(sandbox.get("/api/v3/jobs").status, 400);
}

TEST(SandboxToday, OverlappingJobs) {
  Sandbox sandbox({{"production", "true"}, {"retry_after", "30"}, {"job_time", "1h"}});
  EXPECT_EQ(sandbox.bulk("/api/v3/Patient/$export?_type=Patient").status, 202);
  const Answer busy = sandbox.bulk("/api/v3/Group/all/$export?_type=Patient,Coverage");
  EXPECT_EQ(busy.status, 429);
  EXPECT_EQ(busy.names(), "Connection Retry-After Date Content-Length");
  EXPECT_EQ(busy.header("Retry-After"), "30");
  EXPECT_EQ(sandbox.bulk("/api/v3/Patient/$export").status, 429);
  EXPECT_EQ(sandbox.bulk("/api/v3/Patient/$export?_type=Coverage").status, 202);
  EXPECT_EQ(sandbox.bulk("/api/v2/Patient/$export").status, 202);
}

TEST(SandboxToday, Metadata) {
  Sandbox sandbox;
  EXPECT_EQ(json::parse(sandbox.ask("GET", "/api/v1/metadata").body).at("fhirVersion"), "3.0.1");
  const json::value statement = json::parse(sandbox.ask("GET", "/api/v3/metadata").body);
  EXPECT_EQ(statement.at("fhirVersion"), "4.0.1");
  EXPECT_EQ(statement.at_pointer("/rest/0/security/extension/0/extension/0/valueUri").as_string(),
            sandbox.url() + "/auth/token");
  EXPECT_EQ(sandbox.ask("GET", "/api/v4/metadata").status, 404);
  const json::value dates = json::parse(sandbox.get("/api/v3/attribution_status").body);
  EXPECT_EQ(dates.at_pointer("/ingestion_dates/0/type"), "last_attribution_update");
}

}  // namespace
