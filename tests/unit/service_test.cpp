#include "profiles/service.hpp"

#include <gtest/gtest.h>

#include <set>

#include "support/errors.hpp"
#include "support/files.hpp"

namespace libbcda {
namespace {

using test::error_of;
using test::holds;

Service service_for(const std::string& url, std::initializer_list<std::pair<const char*, const char*>> more = {}) {
  Settings settings;
  settings.set("url", url);
  for (const auto& [name, value] : more) settings.set(name, value);
  return find_service(settings);
}

std::string chosen(const std::string& url, std::initializer_list<std::pair<const char*, const char*>> more = {}) {
  return service_for(url, more).profile.name;
}

TEST(Services, KnownHostsMeanTheirProfile) {
  EXPECT_EQ(chosen("https://api.bcda.cms.gov"), "bcda-v3");
  EXPECT_EQ(chosen("https://sandbox.bcda.cms.gov/"), "bcda-v3");
  EXPECT_EQ(chosen("https://api.bcda.cms.gov/api/v2"), "bcda-v2");
  EXPECT_EQ(chosen("https://API.bcda.cms.gov./api/v1/"), "bcda-v1");
  EXPECT_EQ(chosen("https://sandbox.ab2d.cms.gov"), "ab2d");
  EXPECT_EQ(chosen("https://sandbox.dpc.cms.gov"), "dpc");
  EXPECT_EQ(chosen("https://sandbox.dpc.cms.gov/api/v1"), "dpc");
}

TEST(Services, AnUnknownVersionOfAKnownHostIsAnError) {
  EXPECT_TRUE(holds(error_of([] { chosen("https://api.bcda.cms.gov/api/v9"); }).message, "/api/v9"));
}

TEST(Services, AVersionInTheUrlAndAnotherOneByProfileContradictEachOther) {
  const Error error = error_of([] { chosen("https://api.bcda.cms.gov/api/v2", {{"profile", "bcda-v3"}}); });
  EXPECT_EQ(error.status, Status::INVALID_ARGUMENT);
  EXPECT_TRUE(holds(error.message, "is of the profile bcda-v2, but the setting profile is bcda-v3")) << error.message;
  EXPECT_EQ(chosen("https://api.bcda.cms.gov/api/v2", {{"profile", "bcda-v2"}}), "bcda-v2");
  EXPECT_EQ(chosen("https://api.bcda.cms.gov/api/v2", {{"profile", "generic"}}), "generic");
}

TEST(Services, ABareOriginIsDecidedByWhatConcernsEncryptedFiles) {
  EXPECT_EQ(chosen("https://localhost:1"), "bcda-v3");
  EXPECT_EQ(chosen("https://localhost:1", {{"private_key", "key.pem"}}), "bcda-2019");
  EXPECT_EQ(chosen("https://localhost:1", {{"private_key_pem", "text"}}), "bcda-2019");
  EXPECT_EQ(chosen("https://localhost:1", {{"allow_plaintext", "true"}}), "bcda-2019");
  EXPECT_EQ(chosen("https://localhost:1", {{"private_key", ""}}), "bcda-v3");
  EXPECT_EQ(chosen("https://api.bcda.cms.gov", {{"private_key", "key.pem"}}), "bcda-v3");
}

// Otherwise plaintext would be accepted from a service whose files should be encrypted.
TEST(Services, APrivateKeyMeansEncryptedFilesAtTheBaseOf2019) {
  EXPECT_EQ(chosen("https://localhost:1/api/v1"), "bcda-v1");
  EXPECT_EQ(chosen("https://localhost:1/api/v1", {{"private_key", "key.pem"}}), "bcda-2019");
  EXPECT_EQ(chosen("https://localhost:1/api/v1", {{"allow_plaintext", "true"}}), "bcda-2019");
  EXPECT_EQ(chosen("https://localhost:1/api/v2", {{"private_key", "key.pem"}}), "bcda-v2");
}

TEST(Services, ASigningKeyRulesOutBcda) {
  for (const char* url : {"https://dpc.test/api/v1", "https://h/api/v3", "https://h"})
    EXPECT_EQ(chosen(url, {{"signing_key", "key.pem"}}), "generic") << url;
  EXPECT_EQ(chosen("https://sandbox.dpc.cms.gov", {{"signing_key_text", "{}"}}), "dpc");
  EXPECT_EQ(chosen("https://h", {{"signing_key", "s.pem"}, {"private_key", "key.pem"}}), "bcda-2019");
}

TEST(Services, AnotherFhirBaseIsGeneric) {
  EXPECT_EQ(chosen("https://h/api/v2"), "bcda-v2");
  EXPECT_EQ(chosen("https://h/r4"), "generic");
  EXPECT_EQ(service_for("https://h/r4/").base, "/r4");
}

TEST(Services, AProfileThatIsNamedCounts) {
  const Service hapi = service_for("http://localhost:1/hapi/fhir", {{"profile", "hapi"}});
  EXPECT_EQ(hapi.profile.name, "hapi");
  EXPECT_EQ(hapi.at("/$export").text(), "http://localhost:1/hapi/fhir/$export");
  EXPECT_EQ(service_for("http://localhost:1", {{"profile", "hapi"}}).at("/metadata").target, "/fhir/metadata");
}

TEST(Services, AFileReplacesFieldsOfTheProfile) {
  test::TempDir dir;
  const std::string path = std::string(dir.path()) + "/profile.json";
  test::spill(path, R"({"default_group": "mine", "job_timeout": "30m", "types": ["Patient"], "gzip": false})");
  const Profile profile = service_for("https://h", {{"profile_file", path.c_str()}}).profile;
  EXPECT_EQ(profile.default_group, "mine");
  EXPECT_EQ(profile.job_timeout, std::chrono::minutes(30));
  EXPECT_EQ(profile.types, std::vector<std::string>{"Patient"});
  EXPECT_FALSE(profile.gzip);
  EXPECT_EQ(profile.name, "bcda-v3");
}

std::string refused_file(const std::string& text) {
  Profile profile;
  return error_of([&] { override_profile(profile, text, "the file f"); }).message;
}

TEST(Services, AFileThatIsNoProfileIsRefused) {
  EXPECT_TRUE(holds(refused_file("[]"), "the file f has no JSON object"));
  EXPECT_TRUE(holds(refused_file("{"), "the file f is no JSON"));
  EXPECT_TRUE(holds(refused_file(R"({"gzpi": true})"), "did you mean gzip?"));
  EXPECT_TRUE(holds(refused_file(R"({"gzip": 1})"), "gzip takes true or false"));
  EXPECT_TRUE(holds(refused_file(R"({"types": "Patient"})"), "types takes a list of texts"));
  EXPECT_TRUE(holds(refused_file(R"({"job_timeout": 5})"), "job_timeout takes a duration"));
  for (const char* number : {"-1", "1.5", "\"6\"", "true", "1000001", "18446744073709551615"})
    EXPECT_TRUE(
        holds(refused_file(std::string(R"({"pace_requests": )") + number + "}"), "pace_requests takes a whole number"))
        << number;
  EXPECT_TRUE(holds(refused_file(R"({"token_urls": {"h": 1}})"), "token_urls takes an object of texts"));
}

TEST(Services, AValueThatARequestCannotHoldIsRefused) {
  for (const char* field : {"base_path", "system_path", "patient_path", "group_path", "metadata_path"})
    for (const char* value : {"api", "/a b", "/a\\r\\nX: y", "/caf\xC3\xA9", "/a#b"})
      EXPECT_TRUE(holds(refused_file("{\"" + std::string(field) + "\": \"" + value + "\"}"), field)) << value;
  EXPECT_TRUE(holds(refused_file(R"({"group_path": "/Group/{group}/$export?x=1"})"), "group_path"));
  EXPECT_TRUE(holds(refused_file(R"({"token_url": "https://h/a b"})"), "token_url"));
  EXPECT_TRUE(holds(refused_file(R"({"token_urls": {"h": "https://h/\u0000"}})"), "token_urls"));
  EXPECT_TRUE(holds(refused_file(R"({"accept": "a\r\nX: y"})"), "accept"));
  EXPECT_TRUE(holds(refused_file(R"({"prefer": "a\u007f"})"), "prefer"));
  for (const char* text :
       {R"({"types": ["Patient\u007f"]})", R"({"title": "a\nb"})", R"({"token_urls": {"h\u001b": "/"}})"})
    EXPECT_TRUE(holds(refused_file(text), "without control characters")) << text;
  EXPECT_TRUE(holds(refused_file(R"({"auth": "Basic"})"), "basic, form, smart, none"));
  EXPECT_TRUE(holds(refused_file(R"({"default_level": "all"})"), "system, patient, group"));
}

TEST(Profiles, EachRowIsAValueOfTheSettingAndReadsItselfBack) {
  std::set<std::string> names{"auto"};
  for (const Profile& row : profiles()) {
    names.insert(row.name);
    Profile copy;
    override_profile(copy, json::serialize(to_json(row)), "the row");
    EXPECT_EQ(to_json(copy), to_json(row)) << row.name;
    EXPECT_TRUE(row.fallback.empty() || find_profile(row.fallback)) << row.name;
  }
  std::string choices = find_setting("profile")->choices;
  for (const std::string& name : names) EXPECT_TRUE(holds("," + choices + ",", "," + name + ",")) << name;
  EXPECT_EQ(std::count(choices.begin(), choices.end(), ',') + 1, static_cast<std::ptrdiff_t>(names.size()));
}

TEST(Services, UrlsThatCannotBeABaseAreRefused) {
  for (const char* url : {"https://h/fhir?x=1", "http://example.org/fhir", ""})
    EXPECT_EQ(error_of([&] { chosen(url); }).status, Status::INVALID_ARGUMENT) << url;
}

}  // namespace
}  // namespace libbcda
