// Checks that the sandbox answers like SMART's reference server, HAPI, AB2D and DPC, and like none of them on demand.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/bytes.hpp"
#include "crypto/digest.hpp"
#include "crypto/signing_key.hpp"
#include "support/sandbox_client.hpp"

namespace {

using namespace sandbox_test;

constexpr const char* kForm = "application/x-www-form-urlencoded";
constexpr const char* kBearer = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";

std::string part(const json::object& members) {
  return libbcda::to_base64url(libbcda::as_bytes(json::serialize(members)));
}

std::int64_t seconds_now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()).time_since_epoch().count();
}

std::string base_of(const std::string& url) { return target_of(url); }

class Server : public RunningSandbox {
 public:
  Server(const char* profile, std::initializer_list<Option> options = {}) : RunningSandbox(with(profile, options)) {
    base_ = base_of(url());
  }

  // What a good assertion says.
  json::object claims() const {
    return {{"iss", setting("client_id")},
            {"sub", setting("client_id")},
            {"aud", token_url()},
            {"exp", seconds_now() + ahead_ + 240},
            {"jti", std::to_string(++nonce_)}};
  }
  json::object header() const {
    const auto key = signing_key();
    return {{"alg", key.algorithm()}, {"kid", setting("key_id")}, {"typ", "JWT"}};
  }
  libbcda::crypto::SigningKey signing_key() const {
    return libbcda::crypto::SigningKey::from_file(setting("signing_key"), {});
  }
  std::string assertion(const json::object& header, const json::object& claims) const {
    const std::string text = part(header) + "." + part(claims);
    return text + "." + libbcda::to_base64url(signing_key().sign(text));
  }
  std::string token_url() const {
    return setting("profile") == "dpc" ? url() + "/Token/auth" : origin() + "/auth/token";
  }
  Answer post(const std::string& target, const Headers& headers, const std::string& body) const {
    return converse(port(), request_text(port(), "POST " + target, headers, body));
  }
  Answer login(const std::string& assertion, const std::string& scope = "system/*.rs") const {
    return post(target_of(token_url()), {{"Content-Type", kForm}},
                "grant_type=client_credentials&scope=" + scope + "&client_assertion_type=" + kBearer +
                    "&client_assertion=" + assertion);
  }
  Answer login() const {
    return login(assertion(header(), claims()), setting("profile") == "dpc" ? "system/*.*" : "system/*.rs");
  }
  Answer form_login() const {
    return post(target_of(setting("token_url")), {{"Authorization", basic()}, {"Content-Type", kForm}},
                "grant_type=client_credentials&scope=clientCreds");
  }
  void renew() {
    const Answer answer = setting("profile") == "ab2d" ? form_login() : login();
    EXPECT_EQ(answer.status, 200) << answer.body;
    token_ = json::parse(answer.body).at("access_token").as_string();
  }

  // Moves the sandbox's clock, and logs in again.
  void advance(std::int64_t seconds) {
    control("clock", std::to_string(seconds) + "s");
    ahead_ += seconds;
    renew();
  }

  Answer send(const std::string& method, const std::string& target, Headers headers = {}) const {
    if (!token_.empty()) headers.emplace_back("Authorization", "Bearer " + token_);
    return ask(method, target, headers);
  }
  Answer get(const std::string& target, const Headers& headers = {}) const { return send("GET", target, headers); }
  Answer kick_off(const std::string& path) const {
    return get(base_ + path, {{"Accept", "application/fhir+json"}, {"Prefer", "respond-async"}});
  }
  Answer status_of(const Answer& kick_off) const { return get(target_of(kick_off.header("Content-Location"))); }
  json::value manifest_of(const std::string& path) const {
    const Answer start = kick_off(path);
    EXPECT_EQ(start.status, 202) << start.body;
    const Answer answer = status_of(start);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return json::parse(answer.body);
  }
  Answer file(const json::value& item, const Headers& headers = {}) const {
    return get(target_of(std::string(item.at("url").as_string())), headers);
  }
  const std::string& base() const { return base_; }

 private:
  static std::vector<Option> with(const char* profile, std::initializer_list<Option> options) {
    std::vector<Option> all{{"profile", profile}};
    all.insert(all.end(), options.begin(), options.end());
    return all;
  }

  std::string base_, token_;
  mutable int nonce_ = 0;
  std::int64_t ahead_ = 0;
};

const json::array& output(const json::value& manifest) { return manifest.at("output").as_array(); }

std::int64_t lines_in(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

std::int64_t records_in(const Server& server, const json::value& manifest) {
  std::int64_t records = 0;
  for (const json::value& item : output(manifest)) records += lines_in(server.file(item).body);
  return records;
}

// ---- SMART ---------------------------------------------------------------------------------------------------------

class SmartLogin : public testing::TestWithParam<const char*> {};

TEST_P(SmartLogin, AGoodAssertionGetsATokenThatLivesAsLongAsTheAssertion) {
  const Server server("generic", {{"signing_algorithm", GetParam()}});
  const Answer document = server.ask("GET", server.base() + "/.well-known/smart-configuration");
  EXPECT_EQ(document.status, 200);
  EXPECT_EQ(json::parse(document.body).at("token_endpoint"), json::value(server.token_url()));
  const Answer answer = server.login();
  ASSERT_EQ(answer.status, 200) << answer.body;
  const json::value token = json::parse(answer.body);
  EXPECT_EQ(token.at("token_type"), "bearer");
  EXPECT_EQ(token.at("scope"), "system/*.rs");
  EXPECT_LE(token.at("expires_in").as_int64(), 240);
  EXPECT_GE(token.at("expires_in").as_int64(), 230);
}

TEST_P(SmartLogin, AnAssertionThatWasChangedIsRefused) {
  const Server server("generic", {{"signing_algorithm", GetParam()}});
  std::string assertion = server.assertion(server.header(), server.claims());
  char& letter = assertion[assertion.rfind('.') + 9];
  letter = letter == 'A' ? 'B' : 'A';
  const Answer answer = server.login(assertion);
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(json::parse(answer.body).at("error"), "invalid_grant");
  EXPECT_NE(answer.body.find("invalid signature"), std::string::npos) << answer.body;
}

INSTANTIATE_TEST_SUITE_P(EachAlgorithm, SmartLogin, testing::Values("RS384", "ES384"),
                         [](const auto& each) { return std::string(each.param); });

TEST(SandboxSmart, RefusesBadAssertionsWithItsOwnWords) {
  const Server server("generic");
  auto refusal = [&](const json::object& header, const json::object& claims, const char* scope = "system/*.rs") {
    const Answer answer = server.login(server.assertion(header, claims), scope);
    EXPECT_EQ(answer.status, 400) << answer.body;
    return answer.body;
  };
  json::object claims = server.claims();
  claims["aud"] = server.token_url() + "/";
  EXPECT_EQ(refusal(server.header(), claims),
            R"({"error":"invalid_grant","error_description":"Invalid token 'aud' value. Must be ')" +
                server.token_url() + R"('."})");
  claims = server.claims();
  claims["exp"] = seconds_now() - 1;
  EXPECT_EQ(refusal(server.header(), claims),
            R"({"error":"invalid_grant","error_description":"Unable to verify the token with any of the public keys )"
            R"(found in the JWKS: jwt expired"})");
  json::object header = server.header();
  header["kid"] = "no-such-kid";
  EXPECT_EQ(refusal(header, server.claims()),
            R"({"error":"invalid_grant","error_description":"No public keys found in the JWKS with \"kid\" equal to )"
            R"(\"no-such-kid\""})");
  header.erase("kid");
  EXPECT_EQ(refusal(header, server.claims()),
            R"({"error":"invalid_request","error_description":"Invalid registration token: Invalid JWT token header. )"
            R"(Missing 'kid' property."})");
  EXPECT_EQ(refusal(server.header(), server.claims(), "system/*.*"),
            R"({"error":"invalid_scope","error_description":"Cannot grant permissions to create resources requested )"
            R"(by scope \"system/*.*\""})");
  EXPECT_EQ(refusal(server.header(), server.claims(), "system/Nonsense.rs"),
            R"({"error":"invalid_scope","error_description":"Resources of type \"Nonsense\" do not exist on this )"
            R"x(server (requested by scope \"system/Nonsense.rs\")"})x");
  EXPECT_NE(server.login("abc").body.find("Must contain 3 parts."), std::string::npos);
  claims = server.claims();
  claims.erase("exp");
  const Answer odd = server.login(server.assertion(server.header(), claims));
  EXPECT_EQ(odd.status, 200);
  EXPECT_TRUE(odd.body.starts_with("Error: ")) << odd.body;
}

TEST(SandboxSmart, KickOffsAndManifest) {
  Server server("generic", {{"beneficiaries", "20"}});
  server.renew();
  const Answer start = server.kick_off("/Patient/$export?_type=Patient,Coverage");
  EXPECT_EQ(start.status, 202);
  EXPECT_EQ(json::parse(start.body).at("resourceType"), "OperationOutcome");
  const Answer answer = server.status_of(start);
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.header("expires"), "");
  const json::value manifest = json::parse(answer.body);
  EXPECT_EQ(manifest.at("requiresAccessToken"), true);
  EXPECT_EQ(manifest.at("outputOrganizedBy"), "");
  EXPECT_TRUE(manifest.at("deleted").as_array().empty());
  for (const json::value& item : output(manifest)) {
    const Answer file = server.file(item);
    EXPECT_EQ(file.header("Content-Type"), "application/fhir+ndjson");
    EXPECT_EQ(lines_in(file.body), item.at("count").as_int64());
  }
  EXPECT_EQ(records_in(server, manifest), 20 + 40);

  // A list in Accept is refused; HEAD and PUT start a job; an unknown group is empty.
  const Answer list =
      server.get(server.base() + "/$export", {{"Accept", "application/fhir+json, */*"}, {"Prefer", "respond-async"}});
  EXPECT_EQ(list.status, 400);
  EXPECT_NE(list.body.find("The Accept header must be application/fhir+json"), std::string::npos);
  EXPECT_EQ(server.kick_off("/$export?_type=Nonsense").status, 400);
  EXPECT_EQ(server.kick_off("/$export?_since=yesterday").status, 400);
  EXPECT_EQ(server.kick_off("/$export?_since=2026-01-01T00:00:00+05:00").status, 400);  // a blank instead of a plus
  const Headers bulk{{"Accept", "application/fhir+json"}, {"Prefer", "respond-async"}};
  EXPECT_EQ(server.send("PUT", server.base() + "/$export", bulk).status, 202);
  EXPECT_TRUE(output(server.manifest_of("/Group/nosuch/$export")).empty());
  EXPECT_EQ(records_in(server, server.manifest_of("/Group/sandbox/$export?_type=Patient")), 10);
}

TEST(SandboxSmart, PostTakesAParametersResource) {
  Server server("generic");
  server.renew();
  const json::value all = server.manifest_of("/Patient/$export?_type=Patient");
  const std::string first = server.file(output(all)[0]).body;
  const std::string id(json::parse(first.substr(0, first.find('\n'))).at("id").as_string());
  const Headers headers{
      {"Accept", "application/fhir+json"}, {"Prefer", "respond-async"}, {"Content-Type", "application/fhir+json"}};
  auto post = [&](const std::string& body) { return server.post(server.base() + "/Patient/$export", headers, body); };
  const Answer start = post(R"({"resourceType":"Parameters","parameter":[{"name":"_type","valueString":"Patient"},)"
                            R"({"name":"patient","valueReference":{"reference":"Patient/)" +
                            id + R"("}}]})");
  ASSERT_EQ(start.status, 202) << start.body;
  const json::value manifest = json::parse(server.status_of(start).body);
  EXPECT_EQ(manifest.at("requiresAccessToken"), false);  // there was no token, so the job is open
  EXPECT_EQ(records_in(server, manifest), 1);
  EXPECT_NE(post(R"({"resourceType":"Bundle"})").body.find("should be a Parameters resource"), std::string::npos);
  EXPECT_EQ(post("{").status, 500);
}

TEST(SandboxSmart, SinceSelectsAndListsDeletedResources) {
  Server server("generic", {{"beneficiaries", "200"}, {"beneficiaries_per_file", "200"}});
  server.renew();
  const json::value some = server.manifest_of("/Patient/$export?_type=Patient&_since=2026-05-01T00:00:00Z");
  const std::string text = server.file(output(some)[0]).body;
  EXPECT_GT(lines_in(text), 0);
  EXPECT_LT(lines_in(text), 200);
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
    const json::value patient = json::parse(text.substr(at, text.find('\n', at) - at));
    EXPECT_GT(std::string(patient.at("meta").at("lastUpdated").as_string()), "2026-05-01");
  }
  const json::array& deleted = some.at("deleted").as_array();
  ASSERT_EQ(deleted.size(), 1u);
  EXPECT_EQ(deleted[0].at("type"), "Bundle");
  EXPECT_TRUE(server.file(deleted[0])
                  .body.starts_with(R"({"resourceType":"Bundle","type":"transaction","entry":[{"request":)"
                                    R"({"method":"DELETE","url":"Patient/)"));
  EXPECT_TRUE(output(server.manifest_of("/Patient/$export?_since=2026-07-01T00:00:00Z")).empty());
  EXPECT_TRUE(server.manifest_of("/Patient/$export").at("deleted").as_array().empty());
}

TEST(SandboxSmart, RecordsChangeWhenThatIsWanted) {
  Server server("generic", {{"beneficiaries", "100"}, {"changes", "10%"}});
  server.renew();
  const auto day = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  const std::chrono::year_month_day date(day);
  char since[40];
  std::snprintf(since, sizeof since, "%04d-%02u-%02uT00:00:00Z", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  server.advance(24 * 3600);
  const json::value changed = server.manifest_of(std::string("/Patient/$export?_type=Patient&_since=") + since);
  const std::int64_t count = records_in(server, changed);
  EXPECT_GT(count, 0);
  EXPECT_LT(count, 50);
}

TEST(SandboxSmart, OrganizesByPatient) {
  Server server("generic", {{"beneficiaries", "5"}});
  server.renew();
  const json::value manifest = server.manifest_of("/Patient/$export?organizeOutputBy=Patient");
  EXPECT_EQ(manifest.at("outputOrganizedBy"), "Patient");
  ASSERT_EQ(output(manifest).size(), 1u);
  EXPECT_FALSE(output(manifest)[0].as_object().contains("type"));
  const std::string text = server.file(output(manifest)[0]).body;
  EXPECT_TRUE(text.starts_with(R"({"resourceType":"Parameters","parameter":[{"name":"header",)"
                               R"("valueReference":{"reference":"Patient/)"));
  EXPECT_EQ(output(manifest)[0].at("count").as_int64() + 5, lines_in(text));
  EXPECT_EQ(server.kick_off("/$export?organizeOutputBy=Device").status, 400);
}

TEST(SandboxSmart, PartialManifestsGainTheirLinkLater) {
  // Five files, one every minute of the sandbox's clock.
  Server server("generic", {{"beneficiaries", "50"}, {"job_time", "5m"}, {"token_lifetime", "1h"}});
  server.renew();
  const Answer start = server.kick_off("/Patient/$export?_type=Patient&allowPartialManifests=true");
  const std::string status = target_of(start.header("Content-Location"));
  Answer page = server.get(status);
  EXPECT_EQ(page.status, 202);
  EXPECT_EQ(page.body, "");
  EXPECT_EQ(page.header("X-Progress"), "0% complete, Please wait...");
  EXPECT_EQ(page.header("Retry-After"), "1");

  server.advance(130);
  page = server.get(status);
  EXPECT_EQ(page.status, 202);
  const json::value early = json::parse(page.body);
  EXPECT_EQ(output(early).size(), 2u);
  EXPECT_FALSE(early.as_object().contains("link"));
  EXPECT_EQ(server.file(output(early)[0]).status, 200);

  server.advance(60);
  page = server.get(status);
  const std::string next(json::parse(page.body).at("link").as_array()[0].at("url").as_string());
  EXPECT_EQ(server.get(target_of(next)).body, "");  // the second page is not full yet

  server.advance(120);
  EXPECT_EQ(server.get(status).status, 200);
  const json::value second = json::parse(server.get(target_of(next)).body);
  EXPECT_EQ(output(second).size(), 2u);
  const std::string last(second.at("link").as_array()[0].at("url").as_string());
  const json::value third = json::parse(server.get(target_of(last)).body);
  EXPECT_EQ(output(third).size(), 1u);
  EXPECT_FALSE(third.as_object().contains("link"));
  EXPECT_EQ(output(json::parse(server.get(status + "?page=99").body)).size(), 5u);
}

TEST(SandboxSmart, DeleteRemovesJobAndFiles) {
  Server server("generic");
  server.renew();
  const Answer start = server.kick_off("/Patient/$export?_type=Patient");
  const std::string status = target_of(start.header("Content-Location"));
  const json::value manifest = json::parse(server.get(status).body);
  EXPECT_EQ(server.ask("GET", status).status, 401);
  EXPECT_EQ(server.ask("DELETE", status).status, 202);  // it needs no token
  EXPECT_EQ(server.get(status).status, 404);
  EXPECT_EQ(server.file(output(manifest)[0]).status, 404);
  EXPECT_EQ(server.send("DELETE", status).status, 404);
}

// ---- HAPI ----------------------------------------------------------------------------------------------------------

TEST(SandboxHapi, NeedsNoLoginAndKeepsFilesAsBinaries) {
  const Server server("hapi", {{"beneficiaries", "5"}});
  EXPECT_EQ(server.setting("client_id"), "");
  EXPECT_EQ(server.get("/fhir/.well-known/smart-configuration").status, 404);
  const Answer start = server.kick_off("/Patient/$export?_type=Patient");
  EXPECT_NE(start.header("Content-Location").find("/fhir/$export-poll-status?_jobId="), std::string::npos);
  const Answer answer = server.status_of(start);
  EXPECT_EQ(answer.header("Expires"), "");
  const json::value manifest = json::parse(answer.body);
  EXPECT_EQ(manifest.at("requiresAccessToken"), true);
  const json::value& item = output(manifest)[0];
  const Answer plain = server.file(item, {{"Accept", "application/fhir+ndjson"}, {"Accept-Encoding", "gzip"}});
  EXPECT_EQ(plain.header("Content-Type"), "application/fhir+ndjson");
  EXPECT_EQ(plain.header("Content-Length"), std::to_string(plain.body.size()));
  EXPECT_EQ(lines_in(plain.body), 5);
  EXPECT_EQ(json::parse(server.file(item, {{"Accept", "application/fhir+json"}}).body).at("resourceType"), "Binary");
  EXPECT_TRUE(server.file(item, {{"Accept", "application/fhir+xml"}}).body.starts_with("<Binary "));
  EXPECT_EQ(server.send("DELETE", target_of(start.header("Content-Location"))).status, 404);  // it is done
  EXPECT_EQ(server.file(item).status, 200);
}

TEST(SandboxHapi, AShortOutputFormatGivesXml) {
  const Server server("hapi", {{"beneficiaries", "5"}});
  const json::value manifest = server.manifest_of("/Patient/$export?_type=Patient&_outputFormat=ndjson");
  const Answer xml = server.file(output(manifest)[0], {{"Accept", "application/fhir+ndjson"}});
  EXPECT_EQ(xml.header("Content-Type"), "application/fhir+ndjson;charset=utf-8");
  EXPECT_TRUE(xml.body.starts_with("<Binary "));
  EXPECT_EQ(lines_in(server.file(output(manifest)[0], {{"Accept", "*/*"}}).body), 5);
}

TEST(SandboxHapi, LosesTheSecondTypeAndIgnoresSinceOfPatients) {
  const Server server("hapi");
  EXPECT_EQ(records_in(server, server.manifest_of("/Patient/$export?_type=Patient&_type=Coverage")), 30);
  EXPECT_EQ(records_in(server, server.manifest_of("/Patient/$export?_type=Patient&_since=2026-10-01T00:00:00Z")), 30);
  EXPECT_EQ(records_in(server, server.manifest_of("/$export?_type=Patient&_since=2026-10-01T00:00:00Z")), 0);
}

TEST(SandboxHapi, AnEmptyResultHasAMessage) {
  const Server server("hapi", {{"fault", "job-empty"}});
  const json::value manifest = server.manifest_of("/Patient/$export?_type=Patient");
  EXPECT_TRUE(output(manifest).empty());
  EXPECT_TRUE(manifest.at("message").as_string().starts_with("Export complete, but no data"));
}

// ---- AB2D ----------------------------------------------------------------------------------------------------------

std::string sha256(const std::string& text) {
  libbcda::crypto::Sha256 digest;
  digest.update(libbcda::as_bytes(text));
  return libbcda::to_hex(digest.finish());
}

void expect_facts(const json::value& item, const std::string& url, const std::string& body) {
  const json::array& extension = item.at("extension").as_array();
  EXPECT_EQ(extension[0].at("url"), json::value(url + "checksum"));
  EXPECT_EQ(extension[0].at("valueString"), json::value("sha256:" + sha256(body)));
  EXPECT_EQ(extension[1].at("url"), json::value(url + "file_length"));
  EXPECT_EQ(extension[1].at("valueDecimal"), static_cast<std::int64_t>(body.size()));
}

TEST(SandboxAb2d, ChecksumsAndSixDownloads) {
  Server server("ab2d", {{"beneficiaries", "5"}});
  server.renew();
  EXPECT_EQ(server.kick_off("/$export").status, 404);
  EXPECT_EQ(server.kick_off("/Patient/$export?_type=Patient").status, 400);
  const Answer start = server.kick_off("/Patient/$export");
  EXPECT_TRUE(start.header("Content-Location").ends_with("/$status"));
  const Answer answer = server.status_of(start);
  EXPECT_TRUE(answer.header("Expires").ends_with(" GMT"));
  const json::value item = output(json::parse(answer.body))[0];
  EXPECT_NE(item.at("url").as_string().find("/file/"), json::string::npos);
  const std::string body = server.file(item).body;
  expect_facts(item, "https://ab2d.cms.gov/", body);
  for (int i = 2; i <= 6; ++i) EXPECT_EQ(server.file(item, {{"Accept-Encoding", "gzip"}}).status, 200);
  const Answer seventh = server.file(item);
  EXPECT_EQ(seventh.status, 500);
  EXPECT_EQ(json::parse(seventh.body).at("resourceType"), "OperationOutcome");
}

TEST(SandboxAb2d, AnExpiredTokenIsForbidden) {
  Server server("ab2d", {{"token_lifetime", "60s"}});
  server.renew();
  server.control("clock", "61s");
  const Answer late = server.kick_off("/Patient/$export");
  EXPECT_EQ(late.status, 403);
  EXPECT_EQ(late.body, "");
  EXPECT_EQ(server.ask("GET", server.base() + "/Patient/$export").status, 401);
  server.renew();
  EXPECT_EQ(server.kick_off("/Patient/$export").status, 202);
}

TEST(SandboxAb2d, NamesTheRunningJobAndItsPace) {
  Server server("ab2d",
                {{"production", "true"}, {"retry_after", "5"}, {"status_retry_after", "5"}, {"job_time", "10m"}});
  server.renew();
  const Answer start = server.kick_off("/Patient/$export"), second = server.kick_off("/Patient/$export");
  EXPECT_EQ(second.status, 429);
  EXPECT_EQ(second.header("Retry-After"), "5");
  EXPECT_EQ(second.header("Content-Location"), start.header("Content-Location"));
  const Answer running = server.status_of(start);
  EXPECT_EQ(running.status, 202);
  EXPECT_EQ(running.header("X-Progress"), "0% complete");
  EXPECT_EQ(running.header("Retry-After"), "5");
  EXPECT_EQ(server.status_of(start).status, 429);
  server.control("clock", "6s");
  EXPECT_EQ(server.status_of(start).status, 202);
  const std::string status = target_of(start.header("Content-Location"));
  EXPECT_EQ(server.send("DELETE", status).status, 202);
  const Answer gone = server.get(status);
  EXPECT_EQ(gone.status, 404);
  EXPECT_NE(gone.body.find("\"code\":\"deleted\""), std::string::npos) << gone.body;
}

// ---- DPC -----------------------------------------------------------------------------------------------------------

TEST(SandboxDpc, WantsItsScopeAndANewAssertion) {
  const Server server("dpc");
  const std::string once = server.assertion(server.header(), server.claims());
  EXPECT_EQ(server.login(once, "system/*.rs").status, 400);
  const std::string good = server.assertion(server.header(), server.claims());
  EXPECT_EQ(server.login(good, "system/*.*").status, 200);
  EXPECT_EQ(server.login(good, "system/*.*").status, 400);  // its jti was used
}

TEST(SandboxDpc, ExportsAGroup) {
  Server server("dpc", {{"beneficiaries", "10"}});
  server.renew();
  const std::string path = "/Group/" + server.setting("group") + "/$export";
  const Answer list = server.get(server.base() + path,
                                 {{"Accept", "application/fhir+json"}, {"Prefer", "respond-async, handling=lenient"}});
  EXPECT_EQ(list.status, 400);
  EXPECT_EQ(server.kick_off("/Group/nosuch/$export").status, 404);
  const json::value manifest = server.manifest_of(path + "?_type=Patient");
  EXPECT_EQ(manifest.at("extension").as_array()[0].at("url"), "https://dpc.cms.gov/submit_time");
  const json::value& item = output(manifest)[0];
  const Answer file = server.file(item);
  EXPECT_EQ(file.header("Content-Type"), "application/ndjson");
  EXPECT_EQ(file.header("ETag"), sha256(file.body));
  EXPECT_EQ(item.at("count"), 5);
  expect_facts(item, "https://dpc.cms.gov/", file.body);
  const Answer part = server.file(item, {{"Range", "bytes=10-20"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, file.body.substr(10, 10));  // the end is exclusive
  EXPECT_EQ(part.header("Content-Range"), "bytes 10-20/10");
  EXPECT_EQ(server.file(item, {{"If-None-Match", sha256(file.body)}}).status, 304);
}

TEST(SandboxDpc, AnEmptyGroupIsNotAcceptable) {
  Server server("dpc", {{"beneficiaries", "0"}});
  server.renew();
  EXPECT_EQ(server.kick_off("/Group/" + server.setting("group") + "/$export").status, 406);
}

TEST(SandboxDpc, ShowsItsProgressAndForgetsJobs) {
  Server server("dpc", {{"pending_time", "10s"}, {"job_time", "100s"}});
  server.renew();
  const Answer start = server.kick_off("/Group/" + server.setting("group") + "/$export");
  EXPECT_EQ(server.status_of(start).header("X-Progress").substr(0, 7), "QUEUED:");
  server.advance(60);
  const Answer running = server.status_of(start);
  EXPECT_EQ(running.header("X-Progress").substr(0, 10), "RUNNING: 5");
  EXPECT_EQ(running.header("Retry-After"), "");
  server.advance(25 * 3600);
  const Answer late = server.status_of(start);
  EXPECT_EQ(late.status, 410);
  EXPECT_EQ(late.body, "");
}

// ---- Signed URLs ---------------------------------------------------------------------------------------------------

class SignedUrls : public testing::TestWithParam<const char*> {};

TEST_P(SignedUrls, TakeNoTokenAndExpire) {
  Server server(GetParam(), {{"signed_urls", "60s"}});
  if (server.setting("client_id") != "") server.renew();
  const std::string group = server.setting("group");
  const Answer start = server.kick_off(group.empty() ? "/Patient/$export" : "/Group/" + group + "/$export");
  const json::value manifest = json::parse(server.status_of(start).body);
  EXPECT_EQ(manifest.at("requiresAccessToken"), false);
  const std::string url(output(manifest)[0].at("url").as_string());
  const std::string storage = server.setting("allowed_origins");
  ASSERT_TRUE(url.starts_with(storage + "/")) << url;
  ASSERT_NE(storage, server.origin());
  const int port = std::stoi(storage.substr(storage.rfind(':') + 1));
  auto ask = [&](const std::string& target, const Headers& headers = {}) {
    return converse(port, request_text(port, "GET " + target, headers));
  };
  const Answer good = ask(target_of(url));
  EXPECT_EQ(good.status, 200);
  EXPECT_TRUE(good.body.starts_with("{")) << good.body;
  EXPECT_EQ(ask(target_of(url), {{"Authorization", "Bearer x"}}).status, 400);
  std::string forged = target_of(url);
  forged[forged.find("Expires=") + 8] = '9';
  EXPECT_EQ(ask(forged).status, 403);
  server.control("clock", "62s");
  EXPECT_NE(ask(target_of(url)).body.find("Request has expired"), std::string::npos);
  const std::string renewed(output(json::parse(server.status_of(start).body))[0].at("url").as_string());
  EXPECT_NE(renewed, url);
  EXPECT_EQ(ask(target_of(renewed)).status, 200);
}

INSTANTIATE_TEST_SUITE_P(EachServer, SignedUrls, testing::Values("generic", "hapi", "ab2d", "dpc"),
                         [](const auto& each) { return std::string(each.param); });

// ---- Oddities ------------------------------------------------------------------------------------------------------

struct Oddity {
  const char* fault;
  bool (*shows)(const Answer& odd, const std::string& plain);
};

bool is_gzip(const std::string& body) { return body.starts_with("\x1f\x8b\x08"); }

const Oddity kOddities[] = {
    {"bom", [](const Answer& odd, const std::string& plain) { return odd.body == "\xef\xbb\xbf" + plain; }},
    {"crlf", [](const Answer& odd, const std::string&) { return odd.body.ends_with("}\r\n"); }},
    {"blank-lines", [](const Answer& odd, const std::string&) { return odd.body.starts_with("\n{"); }},
    {"no-final-newline", [](const Answer& odd, const std::string& plain) { return odd.body + "\n" == plain; }},
    {"cut-line", [](const Answer& odd, const std::string& plain) { return odd.body.size() + 20 == plain.size(); }},
    {"outcome-file", [](const Answer& odd,
                        const std::string&) { return odd.body.starts_with(R"({"resourceType":"OperationOutcome")"); }},
    {"binary-json",
     [](const Answer& odd, const std::string&) { return odd.body.starts_with(R"({"resourceType":"Binary")"); }},
    {"binary-xml", [](const Answer& odd, const std::string&) { return odd.body.starts_with("<Binary "); }},
    {"gzip-claimed",
     [](const Answer& odd, const std::string& plain) {
       return odd.header("Content-Encoding") == "gzip" && odd.body == plain;
     }},
    {"gzip-hidden",
     [](const Answer& odd, const std::string&) { return odd.header("Content-Encoding").empty() && is_gzip(odd.body); }},
    {"gzip-members",
     [](const Answer& odd, const std::string&) {
       return odd.header("Content-Encoding") == "gzip" && is_gzip(odd.body.substr(odd.body.size() - 23));
     }},
    {"gzip-cut",
     [](const Answer& odd, const std::string&) { return is_gzip(odd.body) && !odd.reset && odd.status == 200; }},
    {"not-found-with-data",
     [](const Answer& odd, const std::string& plain) { return odd.status == 404 && odd.body.ends_with("]}" + plain); }},
    {"redirect",
     [](const Answer& odd, const std::string&) {
       return odd.status == 302 && odd.header("Location").find("&Signature=") != std::string::npos;
     }},
    {"redirect=307", [](const Answer& odd, const std::string&) { return odd.status == 307; }},
    {"header=Content-Type=text/html",
     [](const Answer& odd, const std::string& plain) {
       return odd.header("Content-Type") == "text/html" && odd.body == plain;
     }},
};

TEST(SandboxOddities, OfFiles) {
  Server server("generic", {{"beneficiaries", "5"}});
  server.renew();
  const json::value item = output(server.manifest_of("/Patient/$export?_type=Patient"))[0];
  const std::string plain = server.file(item).body;
  for (const Oddity& oddity : kOddities) {
    server.control("fault", std::string(oddity.fault) + ":count=1");
    const Answer odd = server.file(item);
    EXPECT_TRUE(oddity.shows(odd, plain)) << oddity.fault << "\n" << odd.raw.substr(0, 1000);
    EXPECT_EQ(server.file(item).body, plain) << oddity.fault;
  }
}

TEST(SandboxOddities, OfManifests) {
  Server server("generic", {{"beneficiaries", "5"}});
  server.renew();
  const Answer start = server.kick_off("/Patient/$export?_type=Patient");
  auto with = [&](const char* fault) {
    server.control("fault", std::string(fault) + ":count=1");
    return server.status_of(start);
  };
  EXPECT_TRUE(json::parse(with("null-output").body).at("output").is_null());
  EXPECT_FALSE(json::parse(with("bare-manifest").body).as_object().contains("requiresAccessToken"));
  EXPECT_TRUE(output(json::parse(with("relative-urls").body))[0].at("url").as_string().starts_with("/fhir/"));
  EXPECT_EQ(output(json::parse(with("wrong-count").body))[0].at("count"), 1);
  EXPECT_EQ(output(json::parse(with("wrong-type").body))[0].at("type"), "Basic");
  const std::string twice = with("two-documents").body;
  EXPECT_NE(twice.find("}{"), std::string::npos);
  EXPECT_TRUE(with("html").body.starts_with("<!DOCTYPE html>"));
}

TEST(SandboxOddities, OfARunningJob) {
  Server server("generic", {{"job_time", "10m"}, {"fault", "parameters-body:count=1"}});
  server.renew();
  const Answer start = server.kick_off("/$export");
  EXPECT_EQ(json::parse(server.status_of(start).body).at("resourceType"), "Parameters");
  EXPECT_EQ(server.status_of(start).body, "");
}

TEST(SandboxOddities, OfHeadersAndTokens) {
  Server server("generic");
  auto expires_in = [&](const std::string& fault) {
    server.control("fault", fault + ":count=1");
    const json::value token = json::parse(server.login().body);
    const json::value* value = token.as_object().if_contains("expires_in");
    return value ? json::serialize(*value) : "missing";
  };
  EXPECT_EQ(expires_in("expires-in"), "missing");
  EXPECT_EQ(expires_in("expires-in=\"300\""), "\"300\"");
  EXPECT_EQ(expires_in("expires-in=null"), "null");
  server.renew();
  server.control("fault", "relative-location:count=1");
  EXPECT_TRUE(server.kick_off("/$export").header("Content-Location").starts_with("/fhir/bulkstatus/"));
  server.control("fault", "header=Content-Location=http://internal:8080/job:count=1");
  EXPECT_EQ(server.kick_off("/$export").header("Content-Location"), "http://internal:8080/job");
  server.control("fault", "header=Content-Location=:count=1");
  EXPECT_EQ(server.kick_off("/$export").header("Content-Location"), "");
  auto retry_after = [&](const char* form) {
    server.control("fault", std::string("status=429:count=1:retry_after=") + form);
    return server.kick_off("/$export").header("Retry-After");
  };
  EXPECT_NEAR(static_cast<double>(std::stoll(retry_after("epoch+5"))), static_cast<double>(seconds_now() + 5), 2);
  EXPECT_EQ(retry_after("epoch-ms+5").size(), 13u);
  EXPECT_TRUE(retry_after("date+5").ends_with(" GMT"));
  EXPECT_EQ(retry_after("7"), "7");
}

// ---- BCDA ----------------------------------------------------------------------------------------------------------

TEST(SandboxBcda, SinceSelectsAndReachHasClaims) {
  const RunningSandbox sandbox({{"profile", "bcda-v2"}, {"reach", "true"}, {"beneficiaries", "100"}});
  const Answer login = sandbox.ask("POST", "/auth/token", {{"Authorization", sandbox.basic()}});
  const Headers headers{
      {"Authorization", "Bearer " + std::string(json::parse(login.body).at("access_token").as_string())},
      {"Accept", "application/fhir+json"},
      {"Prefer", "respond-async"}};
  auto records = [&](const std::string& query) {
    const Answer start = sandbox.ask("GET", "/api/v2/Group/all/$export" + query, headers);
    const json::value manifest =
        json::parse(sandbox.ask("GET", target_of(start.header("Content-Location")), headers).body);
    std::int64_t lines = 0;
    for (const json::value& item : output(manifest)) {
      const std::string body = sandbox.ask("GET", target_of(std::string(item.at("url").as_string())), headers).body;
      EXPECT_NE(body.find("\"resourceType\":\"" + std::string(item.at("type").as_string())), std::string::npos);
      lines += lines_in(body);
    }
    return lines;
  };
  EXPECT_EQ(records("?_type=Claim,ClaimResponse"), 200);
  const std::int64_t some = records("?_type=Claim&_since=2026-05-01T00:00:00Z");
  EXPECT_GT(some, 0);
  EXPECT_LT(some, 100);
  EXPECT_EQ(records("?_since=2026-07-01T00:00:00Z"), 0);
}

}  // namespace
