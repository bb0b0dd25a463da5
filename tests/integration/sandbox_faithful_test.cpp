// Checks that the sandbox answers like the service of autumn 2019: status, header names and their order, bodies.
#include <bcda/bcda_sandbox.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <chrono>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "crypto/gcm.hpp"
#include "crypto/key.hpp"
#include "support/sandbox_client.hpp"

namespace {

using namespace sandbox_test;

class Sandbox : public RunningSandbox {
 public:
  Sandbox(std::initializer_list<Option> options = {}) : RunningSandbox(options) { renew(); }

  std::string new_token(const std::string& authorization = "") const {
    Answer answer = ask("POST", "/auth/token", {{"Authorization", authorization.empty() ? basic() : authorization}});
    if (answer.status != 200) return "";
    return std::string(json::parse(answer.body).at("access_token").as_string());
  }
  Headers bearer() const { return {{"Authorization", "Bearer " + token_}}; }
  void renew() { token_ = new_token(); }

  Answer get(const std::string& target, Headers headers = {}) const {
    Headers all = bearer();
    all.insert(all.end(), headers.begin(), headers.end());
    return ask("GET", target, all);
  }
  Answer kick_off(const std::string& type, const std::string& query = "") const {
    return get("/api/v1/" + type + "/$export" + query,
               {{"Accept", "application/fhir+json"}, {"Prefer", "respond-async"}});
  }
  json::value manifest(const std::string& id) const {
    Answer answer = get("/api/v1/jobs/" + id);
    EXPECT_EQ(answer.status, 200) << answer.raw;
    return answer.status == 200 ? json::parse(answer.body) : json::value();
  }

  // The plaintext of file `number` of a manifest. nullopt if its key or tag does not match.
  std::optional<std::string> open(const std::string& bytes, const std::string& name, const std::string& key_hex) const {
    auto key = libbcda::crypto::PrivateKey::from_file(bcda_sandbox_private_key(native()), {});
    try {
      libbcda::crypto::Opener opener(key.unwrap(*libbcda::from_hex(key_hex), name));
      std::string plain(bytes.size() + 16, '\0');
      std::size_t size =
          opener.update(libbcda::as_bytes(bytes), {reinterpret_cast<std::uint8_t*>(plain.data()), plain.size()});
      opener.finish();
      return plain.substr(0, size);
    } catch (const std::exception&) {
      return std::nullopt;
    }
  }

 private:
  std::string token_;
};

std::string text_of(const json::value& value) { return std::string(value.as_string()); }
std::string path_of(const std::string& url) { return url.substr(url.find('/', 8)); }
std::string name_of(const std::string& url) { return url.substr(url.rfind('/') + 1); }

std::string outcome(const std::string& code, const std::string& text, const std::string& diagnostics = "") {
  std::string more = diagnostics.empty() ? "" : R"(,"diagnostics":")" + diagnostics + "\"";
  return R"({"resourceType":"OperationOutcome","issue":[{"severity":"Error","code":")" + code +
         R"(","details":{"coding":[{"display":")" + text + R"("}],"text":")" + text + "\"}" + more + "}]}";
}

const std::string kInvalidToken = outcome("Exception", "Invalid Token");
const std::string kNotFound = outcome("Exception", "Not Found");
const std::string kNoPage = "404 page not found\n";

constexpr const char* kTextNames = "Connection Content-Type X-Content-Type-Options Date Content-Length";
constexpr const char* kJsonNames = "Connection Content-Type Date Content-Length";
constexpr const char* kEmptyNames = "Connection Date Content-Length";
constexpr const char* kRedirectNames = "Connection Content-Type Location Date Content-Length";
constexpr const char* kFileNames = "Accept-Ranges Connection Content-Length Content-Type Last-Modified Date";
constexpr const char* kPartNames =
    "Accept-Ranges Connection Content-Length Content-Range Content-Type Last-Modified Date";

struct Exchange {
  const char* method;
  std::string target;
  Headers headers;
  int status;
  const char* names;
  std::string body;
};

void check(const Sandbox& sandbox, const Exchange& e) {
  Answer answer = sandbox.ask(e.method, e.target, e.headers);
  std::string what = std::string(e.method) + " " + e.target;
  EXPECT_EQ(answer.status, e.status) << what;
  EXPECT_EQ(answer.names(), e.names) << what;
  EXPECT_EQ(answer.body, e.body) << what;
  EXPECT_EQ(answer.header("Connection"), "close") << what;
}

TEST(SandboxFaithful, SiteNeedsNoToken) {
  Sandbox sandbox;
  const std::vector<Exchange> exchanges{
      {"GET", "/_version", {}, 200, kJsonNames, R"({"version":"r32"})"},
      {"GET", "/_auth", {}, 200, kJsonNames, R"({"auth_provider":"alpha"})"},
      {"GET", "/_health", {}, 200, "Connection Date Content-Length Content-Type", R"({"database":"ok"})"},
      {"GET", "/", {}, 301, kRedirectNames, "<a href=\"https://bcda.cms.gov\">Moved Permanently</a>.\n\n"},
      {"GET", "/api/v1/swagger", {}, 301, kRedirectNames, "<a href=\"/api/v1/swagger/\">Moved Permanently</a>.\n\n"},
      {"GET", "/nope", {}, 404, kTextNames, kNoPage},
      {"GET", "/api/v1/nope", {}, 404, kTextNames, kNoPage},
      {"POST", "/auth/nope", {}, 404, kTextNames, kNoPage},
      {"GET", "/auth/token", {}, 405, kEmptyNames, ""},
      {"HEAD", "/api/v1/metadata", {}, 405, "Connection Date", ""},
      {"OPTIONS", "/api/v1/metadata", {}, 405, kEmptyNames, ""},
  };
  for (const Exchange& each : exchanges) check(sandbox, each);
}

TEST(SandboxFaithful, MetadataFollowsTheHost) {
  Sandbox sandbox;
  Answer answer = sandbox.ask("GET", "/api/v1/metadata", {{"Host", "api.example:99"}, {"Accept", "text/html"}});
  EXPECT_EQ(answer.names(), kJsonNames);
  EXPECT_NE(answer.body.find("Medicare \\u0026 Medicaid"), std::string::npos);
  json::value statement = json::parse(answer.body);
  EXPECT_EQ(statement.at("fhirVersion"), "3.0.1");
  EXPECT_EQ(statement.at("implementation").at("url"), "http://api.example:99");
  EXPECT_EQ(statement.at_pointer("/rest/0/operation").as_array().size(), 7u);
}

TEST(SandboxFaithful, Token) {
  Sandbox sandbox;
  Answer good = sandbox.ask("POST", "/auth/token", {{"Authorization", sandbox.basic()}});
  EXPECT_EQ(good.names(), "Cache-Control Connection Content-Type Pragma Date Content-Length");
  json::object token = json::parse(good.body).as_object();
  EXPECT_EQ(token.size(), 2u);  // no expires_in
  EXPECT_EQ(token.at("token_type"), "bearer");
  std::string jwt = text_of(token.at("access_token"));
  std::size_t dot = jwt.find('.');
  EXPECT_EQ(json::parse(libbcda::as_text(*libbcda::from_base64url(jwt.substr(0, dot)))).at("alg"), "RS512");
  json::value claims =
      json::parse(libbcda::as_text(*libbcda::from_base64url(jwt.substr(dot + 1, jwt.rfind('.') - dot - 1))));
  EXPECT_EQ(claims.at("exp").as_int64() - claims.at("iat").as_int64(), 3600);
  EXPECT_EQ(claims.at("aco"), bcda_sandbox_client_id(sandbox.native()));

  std::string lower = "basic" + sandbox.basic().substr(5);
  EXPECT_EQ(sandbox.ask("POST", "/auth/token", {{"Authorization", lower}}).status, 200);
  const std::string id = bcda_sandbox_client_id(sandbox.native());
  const std::vector<Exchange> refused{
      {"POST", "/auth/token", {}, 400, kTextNames, "Bad Request\n"},
      {"POST", "/auth/token", {{"Authorization", "Basic !!!"}}, 400, kTextNames, "Bad Request\n"},
      {"POST", "/auth/token", {{"Authorization", "Bearer x"}}, 400, kTextNames, "Bad Request\n"},
      {"POST",
       "/auth/token",
       {{"Authorization", "Basic " + Sandbox::encoded(id, "deadbeef")}},
       401,
       kTextNames,
       "Unauthorized\n"},
      {"POST",
       "/auth/token",
       {{"Authorization", "Basic " + Sandbox::encoded(id, "")}},
       401,
       kTextNames,
       "Unauthorized\n"},
      {"POST",
       "/auth/token",
       {{"Authorization", "Basic " + Sandbox::encoded("alice", "x")}},
       401,
       kTextNames,
       "Unauthorized\n"},
  };
  for (const Exchange& each : refused) check(sandbox, each);
  EXPECT_EQ(sandbox.count("POST /auth/token"), 9);
}

TEST(SandboxFaithful, KickOffChecksInOrder) {
  Sandbox sandbox;
  const std::string target = "/api/v1/Patient/$export";
  std::pair<std::string, std::string> token = sandbox.bearer()[0], accept{"Accept", "application/fhir+json"},
                                      prefer{"Prefer", "respond-async"};
  auto bad = [](const char* why) { return outcome("Structural Issue", "Formatting Error", why); };
  const std::string only = bad("application/fhir+json is the only supported response format");
  const std::string async = bad("Only asynchronous responses are supported");
  const std::string lower = "bearer" + token.second.substr(6);
  const std::vector<Exchange> exchanges{
      {"GET", target, {accept, prefer}, 401, kJsonNames, kInvalidToken},
      {"GET", target, {}, 401, kJsonNames, kInvalidToken},
      {"GET", target, {{"Authorization", "Bearer not.a.jwt"}, accept, prefer}, 401, kJsonNames, kInvalidToken},
      {"GET",
       target,
       {{"Authorization", token.second.substr(0, token.second.size() - 4) + "AAAA"}, accept, prefer},
       401,
       kJsonNames,
       kInvalidToken},
      {"GET", target, {{"Authorization", lower}, accept, prefer}, 401, kJsonNames, kInvalidToken},
      {"GET", target, {{"Authorization", sandbox.basic()}, accept, prefer}, 401, kJsonNames, kInvalidToken},
      {"GET", target, {token, prefer}, 400, kJsonNames, bad("Accept header is required")},
      {"GET", target, {token}, 400, kJsonNames, bad("Accept header is required")},
      {"GET", target, {token, {"Accept", "*/*"}, prefer}, 400, kJsonNames, only},
      {"GET", target, {token, {"Accept", "application/FHIR+json"}, prefer}, 400, kJsonNames, only},
      {"GET", target, {token, {"Accept", "application/fhir+json; charset=utf-8"}, prefer}, 400, kJsonNames, only},
      {"GET", target, {token, accept}, 400, kJsonNames, bad("Prefer header is required")},
      {"GET", target, {token, accept, {"Prefer", "return=minimal"}}, 400, kJsonNames, async},
      {"GET", target, {token, accept, {"Prefer", "respond-async, handling=lenient"}}, 400, kJsonNames, async},
      {"GET", "/api/v1/Patient/%24export", {token, accept, prefer}, 404, kTextNames, kNoPage},
      {"GET", target + "/", {token, accept, prefer}, 404, kTextNames, kNoPage},
      {"GET", "/api/v1/Claim/$export", {token, accept, prefer}, 404, kTextNames, kNoPage},
      {"GET", "/api/v1/patient/$export", {token, accept, prefer}, 404, kTextNames, kNoPage},
      {"POST", target, {token, accept, prefer}, 405, kEmptyNames, ""},
      {"HEAD", target, {token, accept, prefer}, 405, "Connection Date", ""},
      {"GET", target, {token, accept, prefer}, 202, "Connection Content-Location Date Content-Length", ""},
  };
  for (const Exchange& each : exchanges) check(sandbox, each);
  EXPECT_EQ(sandbox.kick_off("Coverage").header("Content-Location"), sandbox.url() + "/api/v1/jobs/2");
}

TEST(SandboxFaithful, ProgressGoesFileByFile) {
  Sandbox sandbox({{"pending_time", "100s"}, {"job_time", "300s"}});
  sandbox.kick_off("ExplanationOfBenefit");
  auto expect = [&](const char* progress) {
    Answer answer = sandbox.get("/api/v1/jobs/1");
    EXPECT_EQ(answer.status, 202);
    EXPECT_EQ(answer.names(), "Connection X-Progress Date Content-Length");
    EXPECT_EQ(answer.header("X-Progress"), progress);
  };
  expect("Pending");
  for (const char* progress : {"In Progress (0%)", "In Progress (33%)", "In Progress (66%)"}) {
    sandbox.control("clock", "100s");
    expect(progress);
  }
  sandbox.control("clock", "100s");
  Answer answer = sandbox.get("/api/v1/jobs/1", {{"Accept", "text/html"}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.names(), "Connection Content-Type Expires Date Transfer-Encoding");
}

TEST(SandboxFaithful, ManifestMembers) {
  Sandbox sandbox;
  EXPECT_EQ(sandbox.kick_off("Patient", "?a=1&b=%3Cx%3E").status, 202);
  Answer answer = sandbox.get("/api/v1/jobs/01", {{"Host", "other.example:8443"}});
  EXPECT_EQ(answer.header("Content-Type"), "application/json");
  EXPECT_TRUE(answer.header("Expires").ends_with(" +0000 UTC")) << answer.header("Expires");
  EXPECT_NE(answer.body.find("$export?a=1\\u0026b=%3Cx%3E\""), std::string::npos);
  EXPECT_EQ(answer.body.find("http://other.example:8443/data/01/"), answer.body.find("http://other"));

  json::object manifest = json::parse(answer.body).as_object();
  std::string names;
  for (const auto& member : manifest) names += std::string(member.key()) + " ";
  EXPECT_EQ(names, "transactionTime request requiresAccessToken output error KeyMap JobID ");
  EXPECT_EQ(manifest.at("JobID"), 1);
  EXPECT_TRUE(manifest.at("error").as_array().empty());
  EXPECT_EQ(manifest.at("output").as_array().size(), 3u);
  for (const json::value& file : manifest.at("output").as_array()) {
    EXPECT_EQ(file.at("type"), "Patient");
    EXPECT_EQ(file.at("encryptedKey").as_string().size(), 512u);
    EXPECT_EQ(manifest.at("KeyMap").at(name_of(text_of(file.at("url")))), file.at("encryptedKey"));
  }
  std::string before;
  for (const auto& member : manifest.at("KeyMap").as_object()) {
    EXPECT_LT(before, std::string(member.key()));
    before = std::string(member.key());
  }
  EXPECT_EQ(sandbox.get("/api/v1/jobs/01").body, sandbox.get("/api/v1/jobs/01").body);  // keys are wrapped once
}

TEST(SandboxFaithful, SmallManifestHasALength) {
  Sandbox sandbox({{"files_per_type", "1"}});
  sandbox.kick_off("Patient");
  EXPECT_EQ(sandbox.get("/api/v1/jobs/1").names(), "Connection Content-Type Expires Date Content-Length");
}

TEST(SandboxFaithful, StatusRefusals) {
  Sandbox sandbox;
  sandbox.kick_off("Patient");
  for (const char* id : {"999999", "abc", "-1", "3000000000", "99999999999999999999"})
    check(sandbox, {"GET", std::string("/api/v1/jobs/") + id, sandbox.bearer(), 404, kJsonNames, kNotFound});
  check(sandbox, {"GET", "/api/v1/jobs/1", {}, 401, kJsonNames, kInvalidToken});
  check(sandbox, {"DELETE", "/api/v1/jobs/1", sandbox.bearer(), 405, kEmptyNames, ""});
  check(sandbox, {"HEAD", "/api/v1/jobs/1", sandbox.bearer(), 405, "Connection Date", ""});
}

TEST(SandboxFaithful, FilesDecryptToRecords) {
  Sandbox sandbox;
  int job = 0, records = 0;
  for (const char* type : {"Patient", "Coverage", "ExplanationOfBenefit"}) {
    sandbox.kick_off(type);
    json::value manifest = sandbox.manifest(std::to_string(++job));
    for (const json::value& file : manifest.at("output").as_array()) {
      std::string url = text_of(file.at("url"));
      Answer answer = sandbox.get(path_of(url));
      EXPECT_EQ(answer.names(), kFileNames);
      EXPECT_EQ(answer.header("Content-Type"), "application/octet-stream");
      auto plain = sandbox.open(answer.body, name_of(url), text_of(file.at("encryptedKey")));
      ASSERT_TRUE(plain);
      EXPECT_EQ(plain->size() + 28, answer.body.size());
      for (std::size_t at = 0, end; at < plain->size(); at = end + 1, ++records) {
        end = plain->find('\n', at);
        ASSERT_NE(end, std::string::npos);
        EXPECT_EQ(json::parse(plain->substr(at, end - at)).at("resourceType"), type);
      }
    }
  }
  EXPECT_GT(records, 30 + 90 + 60);
}

struct RangeCase {
  Headers headers;
  int status;
  const char* names;
  std::string content_range;
  std::size_t from, size;
};

TEST(SandboxFaithful, RangesAndConditions) {
  Sandbox sandbox;
  sandbox.kick_off("Coverage");
  std::string path = path_of(text_of(sandbox.manifest("1").at_pointer("/output/0/url")));
  Answer whole = sandbox.get(path);
  const std::string modified = whole.header("Last-Modified"), old = "Sat, 01 Jan 2000 00:00:00 GMT";
  const std::size_t n = whole.body.size();
  const std::string of = "/" + std::to_string(n);
  auto span = [&](std::size_t from, std::size_t size) {
    return "bytes " + std::to_string(from) + "-" + std::to_string(from + size - 1) + of;
  };
  const std::vector<RangeCase> cases{
      {{{"Range", "bytes=0-99"}}, 206, kPartNames, span(0, 100), 0, 100},
      {{{"Range", "bytes=" + std::to_string(n - 50) + "-"}}, 206, kPartNames, span(n - 50, 50), n - 50, 50},
      {{{"Range", "bytes=-16"}}, 206, kPartNames, span(n - 16, 16), n - 16, 16},
      {{{"Range", "bytes=5-9999999"}}, 206, kPartNames, span(5, n - 5), 5, n - 5},
      {{{"Range", "bytes=0-9"}, {"If-Range", modified}}, 206, kPartNames, span(0, 10), 0, 10},
      {{{"Range", "bytes=0-9"}, {"If-Range", old}}, 200, kFileNames, "", 0, n},
      {{{"Range", "bytes=0-9"}, {"If-Range", "\"tag\""}}, 200, kFileNames, "", 0, n},
      {{{"If-Modified-Since", old}}, 200, kFileNames, "", 0, n},
      {{{"If-Modified-Since", modified}}, 304, "Connection Last-Modified Date", "", 0, 0},
      {{{"If-None-Match", "*"}}, 304, "Connection Last-Modified Date", "", 0, 0},
      {{{"If-Unmodified-Since", old}}, 412, "Connection Last-Modified Date Content-Length", "", 0, 0},
      {{{"Accept-Encoding", "gzip"}, {"Connection", "keep-alive"}}, 200, kFileNames, "", 0, n},
  };
  for (const RangeCase& c : cases) {
    Answer answer = sandbox.get(path, c.headers);
    std::string what = c.headers[0].first + ": " + c.headers[0].second;
    EXPECT_EQ(answer.status, c.status) << what;
    EXPECT_EQ(answer.names(), c.names) << what;
    EXPECT_EQ(answer.header("Content-Range"), c.content_range) << what;
    EXPECT_EQ(answer.body, whole.body.substr(c.from, c.size)) << what;
  }

  Answer outside = sandbox.get(path, {{"Range", "bytes=" + std::to_string(n) + "-"}});
  EXPECT_EQ(outside.status, 416);
  EXPECT_EQ(outside.names(),
            "Connection Content-Range Content-Type Last-Modified X-Content-Type-Options Date Content-Length");
  EXPECT_EQ(outside.header("Content-Range"), "bytes */" + std::to_string(n));
  EXPECT_EQ(outside.body, "invalid range: failed to overlap\n");
  Answer unit = sandbox.get(path, {{"Range", "lines=1-2"}});
  EXPECT_EQ(unit.names(), "Connection Content-Type Last-Modified X-Content-Type-Options Date Content-Length");
  EXPECT_EQ(unit.body, "invalid range\n");

  Answer parts = sandbox.get(path, {{"Range", "bytes=20-29, 0-9"}});
  std::string type = parts.header("Content-Type"), boundary = type.substr(type.find('=') + 1);
  EXPECT_EQ(type, "multipart/byteranges; boundary=" + boundary);
  EXPECT_EQ(boundary.size(), 60u);
  std::string part = "\r\nContent-Type: application/octet-stream\r\n\r\n";
  EXPECT_EQ(parts.body, "--" + boundary + "\r\nContent-Range: " + span(20, 10) + part + whole.body.substr(20, 10) +
                            "\r\n--" + boundary + "\r\nContent-Range: " + span(0, 10) + part +
                            whole.body.substr(0, 10) + "\r\n--" + boundary + "--\r\n");

  Answer http10 = sandbox.ask("GET", path, sandbox.bearer(), "HTTP/1.0");
  EXPECT_TRUE(http10.raw.starts_with("HTTP/1.0 200 OK\r\n"));
  EXPECT_EQ(http10.body, whole.body);
}

TEST(SandboxFaithful, DataRefusals) {
  Sandbox sandbox({{"second_client_id", "second"}, {"second_client_secret", "hush"}});
  sandbox.kick_off("Patient");
  std::string path = path_of(text_of(sandbox.manifest("1").at_pointer("/output/0/url")));
  Headers other_client{{"Authorization", "Bearer " + sandbox.new_token("Basic " + Sandbox::encoded("second", "hush"))}};
  const std::vector<Exchange> exchanges{
      {"GET", path, {}, 401, kJsonNames, kInvalidToken},
      {"GET", path, other_client, 404, kJsonNames, kNotFound},
      {"GET", "/api/v1/jobs/1", other_client, 404, kJsonNames, kNotFound},
      {"GET", "/data/1/3fbf7fb9-7cc2-4dc4-a1eb-5add0dab9fd8.ndjson", sandbox.bearer(), 404, kTextNames, kNoPage},
      {"GET", "/data/999999/x.ndjson", sandbox.bearer(), 404, kJsonNames, kNotFound},
      {"GET", "/data/1/", sandbox.bearer(), 404, kTextNames, kNoPage},
      {"GET", "/data/1/..%2f1%2fx.ndjson", sandbox.bearer(), 400, kTextNames, "invalid URL path\n"},
      {"POST", path, sandbox.bearer(), 405, kEmptyNames, ""},
      {"HEAD", path, sandbox.bearer(), 405, "Connection Date", ""},
  };
  for (const Exchange& each : exchanges) check(sandbox, each);
}

TEST(SandboxFaithful, ClockExpiresTokensThenJobsThenFiles) {
  Sandbox sandbox;
  sandbox.kick_off("Patient");
  std::string path = path_of(text_of(sandbox.manifest("1").at_pointer("/output/0/url")));
  sandbox.control("clock", "61m");
  EXPECT_EQ(sandbox.get("/api/v1/jobs/1").body, kInvalidToken);
  EXPECT_EQ(sandbox.get(path).status, 401);
  sandbox.renew();
  EXPECT_EQ(sandbox.get("/api/v1/jobs/1").status, 200);
  sandbox.control("clock", "23h");
  sandbox.renew();
  Answer gone = sandbox.get("/api/v1/jobs/1");
  EXPECT_EQ(gone.status, 410);
  EXPECT_EQ(gone.names(), "Connection Content-Type Expires Date Content-Length");
  EXPECT_EQ(gone.body, outcome("Exception", "Deleted"));
  EXPECT_EQ(sandbox.get(path).status, 200);  // not cleaned up yet
  sandbox.control("clock", "1h");
  sandbox.renew();
  EXPECT_EQ(sandbox.get("/api/v1/jobs/1").status, 410);
  EXPECT_EQ(sandbox.get(path).body, kNoPage);
}

TEST(SandboxFaithful, ProductionTakesOneJobOfAType) {
  Sandbox sandbox({{"production", "true"}, {"pending_time", "1h"}, {"retry_after", "30"}, {"token_lifetime", "100h"}});
  EXPECT_EQ(sandbox.kick_off("Patient").status, 202);
  Answer refused = sandbox.kick_off("Patient");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.names(), "Connection Retry-After Date Content-Length");
  EXPECT_EQ(refused.header("Retry-After"), "30");
  EXPECT_EQ(sandbox.kick_off("Coverage").status, 202);
  EXPECT_EQ(sandbox.ask("GET", "/").status, 404);
  sandbox.control("clock", "25h");
  EXPECT_EQ(sandbox.kick_off("Patient").status, 202);
}

TEST(SandboxFaithful, AnOrganizationWithoutBeneficiaries) {
  Sandbox sandbox({{"beneficiaries", "0"}});
  Answer answer = sandbox.kick_off("Patient");
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.body, outcome("Exception", "Processing Failure"));
  sandbox.control("production", "true");
  EXPECT_EQ(sandbox.kick_off("Patient").status, 429);  // the failed kick-off left its job behind
}

json::value partly_failed(Sandbox& sandbox) {
  sandbox.kick_off("Patient");
  return sandbox.manifest("1");
}

TEST(SandboxFaithful, ErrorFilesOfSeptemberAreNotListed) {
  Sandbox sandbox({{"error_rate", "20%"}});
  json::value manifest = partly_failed(sandbox);
  EXPECT_TRUE(manifest.at("error").as_array().empty());
  std::string path = path_of(text_of(manifest.at_pointer("/output/0/url")));
  EXPECT_EQ(sandbox.get(path.substr(0, path.rfind('.')) + "-error.ndjson").body, kNoPage);
}

TEST(SandboxFaithful, ErrorFilesOfOctoberArePlain) {
  Sandbox sandbox({{"error_rate", "20%"}, {"era", "oct2019"}});
  json::value manifest = partly_failed(sandbox);
  ASSERT_FALSE(manifest.at("error").as_array().empty());
  for (const json::value& file : manifest.at("error").as_array()) {
    EXPECT_EQ(file.at("type"), "OperationOutcome");
    EXPECT_EQ(file.at("encryptedKey"), "");
    std::string url = text_of(file.at("url"));
    EXPECT_FALSE(manifest.at("KeyMap").as_object().contains(name_of(url)));
    Answer answer = sandbox.get(path_of(url));
    EXPECT_EQ(answer.header("Content-Type"), "text/plain; charset=utf-8");
    EXPECT_TRUE(
        answer.body.starts_with(R"({"resourceType":"OperationOutcome","issue":[{"severity":"Error","code":"Exception",)"
                                R"("details":{"coding":[{"display":"Error retrieving Patient for beneficiary )"));
  }
}

TEST(SandboxFaithful, KeysOfNovember2018AreInTheMapOnly) {
  Sandbox sandbox({{"error_rate", "20%"}, {"era", "nov2018"}});
  json::value manifest = partly_failed(sandbox);
  ASSERT_EQ(manifest.at("output").as_array().size(), 1u);
  ASSERT_EQ(manifest.at("error").as_array().size(), 1u);
  for (const char* list : {"output", "error"}) {
    json::object file = manifest.at(list).as_array()[0].as_object();
    EXPECT_FALSE(file.contains("encryptedKey"));
    std::string url = text_of(file.at("url")), name = name_of(url), padded = name;
    padded.resize(127, ' ');
    auto plain = sandbox.open(sandbox.get(path_of(url)).body, name, text_of(manifest.at("KeyMap").at(padded)));
    ASSERT_TRUE(plain) << list;
    EXPECT_TRUE(plain->starts_with("{"));
  }
}

TEST(SandboxFaithful, WithoutEncryptionThereAreNoKeys) {
  Sandbox sandbox({{"error_rate", "20%"}, {"era", "nov2019-off"}});
  json::value manifest = partly_failed(sandbox);
  EXPECT_FALSE(manifest.as_object().contains("KeyMap"));
  EXPECT_FALSE(manifest.at("error").as_array().empty());
  json::object file = manifest.at("output").as_array()[0].as_object();
  EXPECT_EQ(file.size(), 2u);
  Answer answer = sandbox.get(path_of(text_of(file.at("url"))), {{"Range", "bytes=0-9"}});
  EXPECT_EQ(answer.header("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(answer.body, "{\"address\"");
}

TEST(SandboxFaithful, HalfTheBeneficiariesFailingFailsTheJob) {
  Sandbox sandbox({{"error_rate", "90%"}});
  sandbox.kick_off("Patient");
  check(sandbox,
        {"GET", "/api/v1/jobs/1", sandbox.bearer(), 500, kJsonNames, R"({"resourceType":"OperationOutcome"})"});
}

// ---- Faults ------------------------------------------------------------------------------------------------------

TEST(SandboxFaults, StatusSkipsAndCounts) {
  Sandbox sandbox;
  sandbox.control("fault", "status=503:on=GET /_version:skip=1:count=2:retry_after=7");
  std::string seen;
  for (int i = 0; i < 4; ++i) seen += std::to_string(sandbox.ask("GET", "/_version").status) + " ";
  EXPECT_EQ(seen, "200 503 503 200 ");
  sandbox.control("fault", "status=429:retry_after=3");
  EXPECT_EQ(sandbox.ask("GET", "/_version").header("Retry-After"), "3");
  sandbox.control("fault", "none");
  EXPECT_EQ(sandbox.ask("GET", "/_version").status, 200);
}

TEST(SandboxFaults, RevokedTokens) {
  Sandbox sandbox;
  sandbox.kick_off("Patient");
  sandbox.control("fault", "revoke:on=GET /api/v1/jobs:count=1");
  EXPECT_EQ(sandbox.get("/api/v1/jobs/1").status, 401);
  EXPECT_EQ(sandbox.get("/api/v1/jobs/1").status, 401);
  sandbox.renew();
  EXPECT_EQ(sandbox.get("/api/v1/jobs/1").status, 200);
}

TEST(SandboxFaults, Connections) {
  Sandbox sandbox;
  sandbox.kick_off("Coverage");
  std::string path = path_of(text_of(sandbox.manifest("1").at_pointer("/output/0/url")));
  const std::string whole = sandbox.get(path).body;
  auto with = [&](const char* fault, Headers headers = {}) {
    sandbox.control("fault", fault);
    Answer answer = sandbox.get(path, headers);
    sandbox.control("fault", "none");
    return answer;
  };
  Answer cut = with("truncate:at=1000");
  EXPECT_FALSE(cut.reset);
  EXPECT_EQ(cut.body, whole.substr(0, 1000));
  Answer broken = with("reset:at=50%");
  EXPECT_TRUE(broken.reset);
  EXPECT_EQ(broken.body, whole.substr(0, whole.size() / 2));
  std::string flipped = with("flip:at=1000").body;
  EXPECT_EQ(flipped[1000] ^ whole[1000], 1);
  flipped[1000] = whole[1000];
  EXPECT_EQ(flipped, whole);
  EXPECT_EQ(with("flip:at=1000", {{"Range", "bytes=990-1009"}}).body[10] ^ whole[1000], 1);
  EXPECT_EQ(with("no-answer").raw, "");
  EXPECT_EQ(with("ignore-range", {{"Range", "bytes=0-9"}}).body, whole);
  EXPECT_EQ(with("huge-header=300KiB").header("X-Filler").size(), 300u << 10);
  EXPECT_EQ(with("html:on=GET /data").header("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(with("plaintext").header("Content-Type"), "text/plain; charset=utf-8");
  auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(with("stall:at=10:for=150ms").body, whole);
  EXPECT_EQ(with("delay=100ms").body, whole);
  EXPECT_EQ(with("drip=20KiB").body, whole);
  EXPECT_GT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(500));
}

TEST(SandboxFaults, Keys) {
  Sandbox sandbox({{"files_per_type", "2"}});
  sandbox.kick_off("Patient");
  auto manifest_with = [&](const char* fault) {
    sandbox.control("fault", fault);
    json::value manifest = sandbox.manifest("1");
    sandbox.control("fault", "none");
    return manifest;
  };
  json::value honest = sandbox.manifest("1");
  std::string url = text_of(honest.at_pointer("/output/0/url")), name = name_of(url),
              bytes = sandbox.get(path_of(url)).body;
  auto opens = [&](const json::value& key) { return sandbox.open(bytes, name, text_of(key)).has_value(); };
  EXPECT_TRUE(opens(honest.at_pointer("/output/0/encryptedKey")));
  EXPECT_FALSE(opens(manifest_with("wrong-key").at_pointer("/output/0/encryptedKey")));
  EXPECT_FALSE(opens(manifest_with("wrong-label:file=0").at_pointer("/output/0/encryptedKey")));
  EXPECT_TRUE(opens(manifest_with("wrong-key:file=1").at_pointer("/output/0/encryptedKey")));

  json::value no_key = manifest_with("no-key");
  EXPECT_FALSE(no_key.at_pointer("/output/0").as_object().contains("encryptedKey"));
  EXPECT_TRUE(opens(no_key.at("KeyMap").at(name)));
  EXPECT_FALSE(manifest_with("no-keymap").as_object().contains("KeyMap"));
  json::value differ = manifest_with("keys-differ");
  EXPECT_NE(differ.at("KeyMap").at(name), differ.at_pointer("/output/0/encryptedKey"));
  EXPECT_TRUE(text_of(manifest_with("other-origin=https://evil.example:8443:count=1").at_pointer("/output/0/url"))
                  .starts_with("https://evil.example:8443/data/1/"));
  EXPECT_NE(text_of(manifest_with("traversal").at_pointer("/output/1/url")).find("/..%2f..%2f"), std::string::npos);
}

TEST(SandboxFaults, Jobs) {
  Sandbox sandbox;
  int id = 0;
  auto job_with = [&](const char* fault) {
    sandbox.control("fault", fault);
    Answer answer = sandbox.kick_off("Patient");
    sandbox.control("fault", "none");
    ++id;
    return answer;
  };
  auto status = [&] { return sandbox.get("/api/v1/jobs/" + std::to_string(id)); };
  job_with("job-fails:on=GET /api/v1/Patient");
  EXPECT_EQ(status().status, 500);
  job_with("job-fails:on=GET /api/v1/Coverage");
  EXPECT_EQ(status().status, 200);
  job_with("job-hangs");
  EXPECT_EQ(status().header("X-Progress"), "In Progress (100%)");
  job_with("job-expires");
  EXPECT_EQ(status().status, 410);
  job_with("job-empty");
  EXPECT_NE(status().body.find("\"output\":null,\"error\":[],\"KeyMap\":{},"), std::string::npos);
  job_with("job-grows");
  EXPECT_EQ(json::parse(status().body).at("output").as_array().size(), 2u);
  EXPECT_EQ(json::parse(status().body).at("output").as_array().size(), 3u);
  EXPECT_EQ(job_with("no-location").header("Content-Location"), "");
  sandbox.control("fault", "not-json:count=1");
  boost::system::error_code malformed;
  json::parse(status().body, malformed);
  EXPECT_TRUE(malformed);
}

// ---- The library -------------------------------------------------------------------------------------------------

TEST(SandboxLibrary, BigDataHasItsLengthAndIsWhole) {
  Sandbox sandbox({{"bytes_per_type", "3MiB"}, {"files_per_type", "2"}});
  sandbox.kick_off("ExplanationOfBenefit");
  json::value manifest = sandbox.manifest("1");
  std::string last_line;
  for (const json::value& file : manifest.at("output").as_array()) {
    std::string url = text_of(file.at("url"));
    Answer answer = sandbox.get(path_of(url));
    EXPECT_EQ(answer.header("Content-Length"), std::to_string(answer.body.size()));
    EXPECT_GT(answer.body.size(), 1400u << 10);
    EXPECT_LE(answer.body.size(), 28 + (1536u << 10));
    auto plain = sandbox.open(answer.body, name_of(url), text_of(file.at("encryptedKey")));
    ASSERT_TRUE(plain);
    std::size_t start = plain->rfind('\n', plain->size() - 2) + 1;
    std::string line = plain->substr(start, plain->size() - start - 1);
    EXPECT_EQ(json::parse(line).at("resourceType"), "ExplanationOfBenefit");
    EXPECT_NE(text_of(json::parse(line).at("id")), last_line);
    last_line = text_of(json::parse(line).at("id"));
  }
}

TEST(SandboxLibrary, TheSeedDecidesTheRecords) {
  auto plain = [](const char* seed) {
    Sandbox sandbox({{"seed", seed}, {"era", "nov2019-off"}});
    sandbox.kick_off("Patient");
    return sandbox.get(path_of(text_of(sandbox.manifest("1").at_pointer("/output/0/url")))).body;
  };
  std::string one = plain("1");
  EXPECT_EQ(one, plain("1"));
  EXPECT_NE(one, plain("2"));
}

TEST(SandboxLibrary, OptionsAreATable) {
  bcda_sandbox_options* options = nullptr;
  ASSERT_EQ(bcda_sandbox_options_create(&options, nullptr), BCDA_OK);
  for (int32_t i = 0; i < bcda_sandbox_option_count(); ++i) {
    EXPECT_EQ(bcda_sandbox_options_set(options, bcda_sandbox_option_name(i), bcda_sandbox_option_default(i), nullptr),
              BCDA_OK)
        << bcda_sandbox_option_name(i);
    EXPECT_STRNE(bcda_sandbox_option_help(i), "");
  }
  EXPECT_STREQ(bcda_sandbox_option_name(-1), "");
  EXPECT_EQ(bcda_sandbox_options_set(options, "ear", "oct2019", nullptr), BCDA_INVALID_ARGUMENT);
  const Headers bad{{"era", "1999"},
                    {"port", "70000"},
                    {"tls", "maybe"},
                    {"job_time", "soon"},
                    {"error_rate", "150%"},
                    {"fault", "explode"},
                    {"fault", "status"},
                    {"fault", "status=99"},
                    {"fault", "reset=4"},
                    {"fault", "reset:at=x"},
                    {"fault", "reset:if=x"},
                    {"bytes_per_type", "3 apples"},
                    {"fault", "reset:on=/data/"},
                    {"fault", "reset:on=get /data/"},
                    {"fault", "reset:on=GET data"}};
  for (const auto& [name, value] : bad)
    EXPECT_EQ(bcda_sandbox_options_set(options, name.c_str(), value.c_str(), nullptr), BCDA_INVALID_ARGUMENT)
        << name << "=" << value;
  const Headers dashed{{"job-time", "1s"},
                       {"beneficiaries-per-file", "3"},
                       {"fault", "status=429:retry-after=1"},
                       {"fault", "job_fails"},
                       {"fault", "other_origin=https://x.example:8443:on=GET"}};
  for (const auto& [name, value] : dashed)
    EXPECT_EQ(bcda_sandbox_options_set(options, name.c_str(), value.c_str(), nullptr), BCDA_OK) << name << "=" << value;
  bcda_sandbox_options_destroy(options);

  Sandbox sandbox;
  EXPECT_EQ(bcda_sandbox_control(sandbox.native(), "beneficiaries", "5", nullptr), BCDA_INVALID_ARGUMENT);
}

TEST(SandboxLibrary, StopsAtOnceWithStalledConnections) {
  Sandbox sandbox({{"fault", "stall:at=10:for=1h"}});
  Sandbox other;  // several at a time
  sandbox.kick_off("Patient");
  std::string path = path_of(text_of(sandbox.manifest("1").at_pointer("/output/0/url")));
  Connection stalled(sandbox.port()), silent(sandbox.port());
  stalled.send(sandbox.request("GET", path, sandbox.bearer()));
  char byte;
  EXPECT_EQ(stalled.receive(&byte, 1), 1);
  auto start = std::chrono::steady_clock::now();
  std::string key = bcda_sandbox_private_key(sandbox.native());
  sandbox.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
  EXPECT_FALSE(std::ifstream(key).good());
  EXPECT_EQ(other.ask("GET", "/_version").status, 200);
}

TEST(SandboxLibrary, TlsFilesExist) {
  bcda_sandbox* sandbox = nullptr;
  ASSERT_EQ(bcda_sandbox_start(nullptr, &sandbox, nullptr), BCDA_OK);
  EXPECT_TRUE(std::string(bcda_sandbox_url(sandbox)).starts_with("https://localhost:"));
  EXPECT_TRUE(std::ifstream(bcda_sandbox_ca_file(sandbox)).good());
  EXPECT_EQ(json::parse(bcda_sandbox_json(sandbox)).at("url"), bcda_sandbox_url(sandbox));
  bcda_sandbox_destroy(sandbox);
}

}  // namespace
