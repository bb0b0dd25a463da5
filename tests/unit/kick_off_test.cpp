#include "bulk/kick_off.hpp"

#include <gtest/gtest.h>

#include "support/errors.hpp"

namespace libbcda::bulk {
namespace {

using test::error_of;
using test::holds;

const Instant kNow = *parse_time("2026-11-25T12:00:00Z");

Service service_of(const char* profile, const char* url = "https://h") {
  Settings settings;
  settings.set("url", url);
  settings.set("profile", profile);
  return find_service(settings);
}

std::vector<KickOff> plan(const char* profile, const ExportWish& wish) {
  return plan_kick_offs(service_of(profile), wish, kNow);
}

std::string target(const char* profile, const ExportWish& wish) { return plan(profile, wish).at(0).request.url.target; }

std::string refusal_of(const char* profile, const ExportWish& wish) {
  const Error error = error_of([&] { plan(profile, wish); });
  EXPECT_EQ(error.status, Status::INVALID_ARGUMENT);
  return error.message;
}

TEST(KickOffs, TodaysBcdaExportsTheGroupAllInOneJob) {
  const auto jobs = plan("bcda-v3", {});
  ASSERT_EQ(jobs.size(), 1u);
  EXPECT_EQ(jobs[0].label, "Group/all");
  EXPECT_EQ(jobs[0].request.method, "GET");
  EXPECT_EQ(jobs[0].request.url.text(), "https://h/api/v3/Group/all/$export");
  EXPECT_EQ(jobs[0].request.headers, (http::Headers{{"Accept", "application/fhir+json"}, {"Prefer", "respond-async"}}));
}

// BCDA reads the first _type alone.
TEST(KickOffs, TypesAreOneCommaListWithoutRepetitions) {
  const auto jobs = plan("bcda-v2", {.types = {"Patient", "Claim", "Patient"}});
  ASSERT_EQ(jobs.size(), 1u);
  EXPECT_EQ(jobs[0].request.url.target, "/api/v2/Group/all/$export?_type=Patient,Claim");
  EXPECT_EQ(jobs[0].label, "Patient,Claim");
}

TEST(KickOffs, The2019ServiceHasAJobForEachTypeAndNoQuery) {
  const auto jobs = plan("bcda-2019", {});
  ASSERT_EQ(jobs.size(), 3u);
  EXPECT_EQ(jobs[0].request.url.target, "/api/v1/Patient/$export");
  EXPECT_EQ(jobs[2].request.url.target, "/api/v1/ExplanationOfBenefit/$export");
  EXPECT_EQ(jobs[2].label, "ExplanationOfBenefit");
  EXPECT_EQ(plan("bcda-2019", {.types = {"Coverage"}}).size(), 1u);
}

TEST(KickOffs, LevelAndGroupChooseThePath) {
  EXPECT_EQ(target("bcda-v3", {.level = "patient"}), "/api/v3/Patient/$export");
  EXPECT_EQ(target("bcda-v3", {.group = "runout"}), "/api/v3/Group/runout/$export");
  EXPECT_EQ(target("generic", {.level = "system"}), "/$export");
  EXPECT_EQ(target("generic", {.group = "g-1"}), "/Group/g-1/$export");
  EXPECT_EQ(target("ab2d", {}), "/api/v2/fhir/Patient/$export");
  EXPECT_EQ(target("dpc", {.group = "64d0"}), "/api/v1/Group/64d0/$export");
}

TEST(KickOffs, WhatTheUserMustChooseIsNamed) {
  EXPECT_TRUE(holds(refusal_of("generic", {}), "the setting level: it is missing; choose system or patient or group"));
  EXPECT_TRUE(holds(refusal_of("dpc", {}), "the setting group: it is missing"));
  EXPECT_TRUE(holds(refusal_of("bcda-v3", {.level = "system"}), "at the level patient or group, not system"));
  EXPECT_TRUE(holds(refusal_of("ab2d", {.group = "all"}), "level=group only"));
  for (const char* group : {"../x", "..", ".", "a_b", "a b"})
    EXPECT_TRUE(holds(refusal_of("generic", {.group = group}), "the setting group")) << group;
}

// A '+' that is not encoded is a blank for every server.
TEST(KickOffs, TimesAreCheckedAndEncoded) {
  EXPECT_EQ(target("bcda-v3", {.since = "2026-02-13T08:00:00.000+05:00"}),
            "/api/v3/Group/all/$export?_since=2026-02-13T08:00:00.000%2B05:00");
  EXPECT_TRUE(holds(refusal_of("bcda-v3", {.since = "2027-01-01T00:00:00Z"}), "is in the future"));
  EXPECT_TRUE(holds(refusal_of("bcda-v3", {.since = "2026-02-13"}), "is no time with a zone"));
  EXPECT_TRUE(holds(refusal_of("bcda-v3", {.until = "2026-01-01T00:00:00Z"}), "does not take _until"));
}

TEST(KickOffs, ATimeHasNoOtherForm) {
  for (const char* text : {"Tue, 15 Nov 1994 08:12:31 GMT", "2026-02-13T08:00:00Zgarbage", "2026-02-13T08:00:00Z ",
                           " 2026-02-13T08:00:00Z", "2026-02-13T08:00Z", "2026-02-13 08:00:00Z", "2026-02-13T08:00:00",
                           "2026-02-13T08:00:00.Z", "2026-02-13T08:00:00+0500", "2026-02-13T08:00:00+05",
                           "2026-02-13t08:00:00z", "2026-13-13T08:00:00Z", "T", "Z"})
    EXPECT_TRUE(holds(refusal_of("bcda-v3", {.since = text}), "is no time with a zone")) << text;
  EXPECT_NO_THROW(plan("bcda-v3", {.since = "2026-02-13T08:00:00.1234567-11:30"}));
  EXPECT_TRUE(holds(refusal_of("ab2d", {.since = "2026-02-13T08:00:00Z", .until = "2026-02-13T08:00:00+01:00"}),
                    "is before since"));
  EXPECT_NO_THROW(plan("ab2d", {.since = "2026-02-13T08:00:00+01:00", .until = "2026-02-13T08:00:00Z"}));
}

TEST(KickOffs, AFilterIsOneEncodedValue) {
  EXPECT_EQ(target("bcda-v3", {.type_filters = {"ExplanationOfBenefit?service-date=ge2025&outcome=complete"}}),
            "/api/v3/Group/all/$export?_typeFilter="
            "ExplanationOfBenefit%3Fservice-date%3Dge2025%26outcome%3Dcomplete");
  EXPECT_EQ(target("generic", {.level = "patient", .type_filters = {"A?x=1", "B?y=2"}}),
            "/Patient/$export?_typeFilter=A%3Fx%3D1&_typeFilter=B%3Fy%3D2");
  EXPECT_TRUE(holds(refusal_of("bcda-v2", {.type_filters = {"Patient?x=1"}}), "does not take _typeFilter"));
  EXPECT_TRUE(holds(refusal_of("bcda-v3", {.type_filters = {"outcome=complete"}}), "the setting type_filters"));
  EXPECT_TRUE(holds(refusal_of("bcda-v3", {.types = {"Patient"}, .type_filters = {"Coverage?x=1"}}), "Coverage"));
}

TEST(KickOffs, BcdaTakesOneFilterAndDecodesItTwice) {
  EXPECT_TRUE(holds(refusal_of("bcda-v3", {.type_filters = {"Patient?x=1", "Patient?x=2"}}), "takes one filter only"));
  EXPECT_EQ(target("bcda-v3", {.type_filters = {"ExplanationOfBenefit?service-date=ge2025-01-01T00:00:00+05:00"}}),
            "/api/v3/Group/all/$export?_typeFilter="
            "ExplanationOfBenefit%3Fservice-date%3Dge2025-01-01T00:00:00%252B05:00");
  EXPECT_EQ(target("bcda-v3", {.type_filters = {"Patient?x=5%&y=a%7Cb"}}),
            "/api/v3/Group/all/$export?_typeFilter=Patient%3Fx%3D5%2525%26y%3Da%257Cb");
  EXPECT_EQ(target("generic", {.level = "patient", .type_filters = {"A?x=+"}}),
            "/Patient/$export?_typeFilter=A%3Fx%3D%2B");
}

TEST(KickOffs, WhatTheServerLacksIsRefusedBeforeAnythingIsSent) {
  EXPECT_TRUE(holds(refusal_of("bcda-v3", {.elements = {"id"}}), "does not take _elements"));
  EXPECT_TRUE(holds(refusal_of("bcda-v3", {.patients = {"Patient/1"}}), "by GET only"));
  EXPECT_TRUE(holds(refusal_of("bcda-v3", {.types = {"Claim"}}), "no resource type \"Claim\""));
  EXPECT_TRUE(holds(refusal_of("bcda-v3", {.types = {"patients"}}), "did you mean Patient?"));
  EXPECT_TRUE(holds(refusal_of("bcda-v3", {.types = {"EOB"}}), "did you mean ExplanationOfBenefit?"));
  EXPECT_TRUE(holds(refusal_of("ab2d", {.types = {"Practitioner"}}), "it exports ExplanationOfBenefit"));
  EXPECT_TRUE(holds(refusal_of("generic", {.types = {"a b"}, .level = "system"}), "no name of a resource type"));
  EXPECT_TRUE(holds(refusal_of("generic", {.level = "patient", .patients = {"Patient/1"}, .method = "GET"}), "POST"));
}

// Otherwise an export would have more patients, or more resources, than were wanted.
TEST(KickOffs, WhatTheServerIgnoresIsRefused) {
  const std::string time = "2026-01-01T00:00:00Z";
  EXPECT_TRUE(holds(refusal_of("hapi", {.level = "patient", .since = time}), "ignores _since with level=patient"));
  EXPECT_TRUE(holds(refusal_of("hapi", {.level = "patient", .until = time}), "ignores _until"));
  EXPECT_TRUE(holds(refusal_of("hapi", {.group = "1", .patients = {"Patient/1"}}), "the setting patients"));
  EXPECT_NO_THROW(plan("hapi", {.level = "system", .since = time}));
  EXPECT_NO_THROW(plan("hapi", {.level = "patient", .patients = {"Patient/1"}}));
  EXPECT_NO_THROW(plan("generic", {.level = "patient", .since = time}));
}

TEST(KickOffs, PatientsAreReferences) {
  EXPECT_TRUE(holds(refusal_of("generic", {.level = "system", .patients = {"Patient/1"}}), "level=patient"));
  for (const char* patient : {"987", "Patient/", "/987", "Patient/..", "Patient/987 b", "Patient/987/2", "P@t/987"}) {
    const std::string message = refusal_of("generic", {.level = "patient", .patients = {"Patient/1", patient}});
    EXPECT_TRUE(holds(message, "such as Patient/123")) << patient;
    EXPECT_FALSE(holds(message, "987")) << message;
  }
}

TEST(KickOffs, PatientsAreSentByPostAsParameters) {
  const auto jobs = plan("generic", {.types = {"Patient", "Claim"},
                                     .level = "patient",
                                     .since = "2026-01-01T00:00:00Z",
                                     .patients = {"Patient/1", "Patient/2"}});
  ASSERT_EQ(jobs.size(), 1u);
  const http::Request& request = jobs[0].request;
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url.target, "/Patient/$export");
  EXPECT_EQ(request.body, R"({"resourceType":"Parameters","parameter":[{"name":"_type","valueString":"Patient,Claim"},)"
                          R"({"name":"_since","valueInstant":"2026-01-01T00:00:00Z"},)"
                          R"({"name":"patient","valueReference":{"reference":"Patient/1"}},)"
                          R"({"name":"patient","valueReference":{"reference":"Patient/2"}}]})");
  EXPECT_EQ(request.headers.back(), (std::pair<std::string, std::string>("Content-Type", "application/fhir+json")));
}

}  // namespace
}  // namespace libbcda::bulk
