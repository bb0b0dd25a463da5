// The mark of a series, and the names of its runs.
#include <gtest/gtest.h>

#include "base/json_items.hpp"
#include "bulk/kick_off.hpp"
#include "runtime/deleted.hpp"
#include "runtime/series.hpp"
#include "support/errors.hpp"

namespace libbcda::runtime {
namespace {

using test::error_of;
using test::holds;

const json::object kRequest{{"level", "group"}, {"types", {"Patient"}}};
const json::object kOther{{"level", "group"}, {"types", {"Coverage"}}};
const Instant kNow = *parse_time("2026-11-26T04:00:00Z");

using Runs = std::map<std::string, std::optional<PastRun>>;

Mark found_in(const Runs& runs, bool partial_counts = false) {
  std::vector<std::string> names;
  for (const auto& [name, run] : runs) names.push_back(name);
  return find_mark(names, [&](const std::string& name) { return runs.at(name); }, {kRequest, partial_counts, kNow});
}

std::string mark_of(const Runs& runs, bool partial_counts = false) { return found_in(runs, partial_counts).since; }

PastRun run_at(const std::string& time, const json::object& request = kRequest, bool partial = false) {
  return {"S/run/export.json", request, time, *parse_time("2026-01-02T00:00:00Z"), partial};
}

TEST(Series, HasNoMarkBeforeItsFirstCompleteRun) {
  EXPECT_EQ(mark_of({}), "");
  EXPECT_EQ(mark_of({{"2026-01-01T00-00-00Z", std::nullopt}}), "");
}

TEST(Series, ContinuesFromTheLastRunWithAReceipt) {
  EXPECT_EQ(mark_of({{"2026-01-01T00-00-00Z", run_at("2026-01-01T00:00:00Z")},
                     {"2026-03-01T00-00-00Z", std::nullopt},
                     {"2026-02-01T00-00-00Z", run_at("2026-02-01T00:00:00.123456+01:00")}}),
            "2026-02-01T00:00:00.123456+01:00");
}

TEST(Series, IgnoresRunsOfAnotherRequestOrOfNone) {
  EXPECT_EQ(mark_of({{"2026-01-01T00-00-00Z", run_at("2026-01-01T00:00:00Z")},
                     {"2026-02-01T00-00-00Z", run_at("2026-02-01T00:00:00Z", kOther)},
                     {"2026-03-01T00-00-00Z", run_at("not read", {})}}),
            "2026-01-01T00:00:00Z");
}

TEST(Series, APartialRunMovesTheMarkOnlyByChoice) {
  const Runs runs{{"2026-01-01T00-00-00Z", run_at("2026-01-01T00:00:00Z")},
                  {"2026-02-01T00-00-00Z", run_at("2026-02-01T00:00:00Z", kRequest, true)}};
  EXPECT_EQ(mark_of(runs), "2026-01-01T00:00:00Z");
  EXPECT_EQ(mark_of(runs, true), "2026-02-01T00:00:00Z");
}

TEST(Series, ATimeInTheFutureIsAnErrorThatNamesTheReceipt) {
  const Error error = error_of([&] { mark_of({{"2026-01-01T00-00-00Z", run_at("2026-11-26T04:00:01Z")}}); });
  EXPECT_EQ(error.status, Status::FILESYSTEM);
  EXPECT_EQ(error.file, "S/run/export.json");
  EXPECT_TRUE(holds(error.message, "S/run/export.json")) << error.message;
  EXPECT_TRUE(holds(error.message, "is in the future")) << error.message;
}

// A series must not stop because a server writes its times in another way.
TEST(Series, ATimeInAnotherFormIsTheMarkInTheUsualForm) {
  EXPECT_EQ(mark_of({{"r", run_at("2026-01-01 05:00:00.5 +0000 UTC")}}), "2026-01-01T05:00:00.500Z");
  EXPECT_EQ(mark_of({{"r", run_at("Thu, 01 Jan 2026 00:00:00 GMT")}}), "2026-01-01T00:00:00.000Z");
}

TEST(Series, WithoutATimeChangesBeforeThatRunAreAskedForAgain) {
  for (const char* time : {"", "2026-01-01", "Jan 1, 2026, 5:00:00 AM"}) {
    const Mark mark = found_in({{"r", run_at(time)}});
    EXPECT_EQ(mark.since, "2025-12-31T00:00:00.000Z") << time;
    EXPECT_TRUE(holds(mark.warning, "S/run/export.json")) << mark.warning;
  }
}

TEST(Series, NamesSortByTimeAndAreNeverReused) {
  EXPECT_EQ(next_run_name({}, kNow), "2026-11-26T04-00-00Z");
  EXPECT_EQ(next_run_name({"2026-11-26T03-59-59Z"}, kNow), "2026-11-26T04-00-00Z");
  EXPECT_EQ(next_run_name({"2026-11-26T04-00-00Z"}, kNow), "2026-11-26T04-00-01Z");
  EXPECT_EQ(next_run_name({"2026-12-31T23-59-59Z", "2026-01-01T00-00-00Z"}, kNow), "2027-01-01T00-00-00Z");
  for (const char* name : {"2026-11-26T04-00-00Z", "2026-12-31T23-59-59Z"}) EXPECT_TRUE(is_run_name(name)) << name;
  for (const char* name : {"", ".bcda", "2026-11-26", "2026-11-26T04:00:00Z", "2026-13-26T04-00-00Z",
                           "2026-11-26T04-00-00Z.old", "2026-11-26T04-00-0/Z"})
    EXPECT_FALSE(is_run_name(name)) << name;
}

Service service_named(const std::string& profile) {
  Settings settings;
  settings.set("url", "https://service.example");
  settings.set("profile", profile);
  return find_service(settings);
}

// An export of another level, group, type or filter does not continue the series.
TEST(Series, TheRequestHasAllThatDecidesWhatIsExported) {
  const Service service = service_named("bcda-v3");
  const bulk::ExportWish plain;
  const json::object request = bulk::describe_wish(service, plain);
  EXPECT_EQ(request.at("group").as_string(), "all");
  EXPECT_EQ(request.at("types").as_array().size(), 3u);
  EXPECT_EQ(request.at("base").as_string(), "https://service.example/api/v3");
  EXPECT_EQ(request,
            bulk::describe_wish(service, {.types = {"Coverage", "Patient", "ExplanationOfBenefit", "Patient"}}));
  EXPECT_EQ(request, bulk::describe_wish(service, {.level = "group", .group = "all", .since = "2026-01-01T00:00:00Z"}));
  for (const bulk::ExportWish& other :
       {bulk::ExportWish{.types = {"Patient"}}, bulk::ExportWish{.level = "patient"},
        bulk::ExportWish{.group = "runout"}, bulk::ExportWish{.until = "2026-01-01T00:00:00Z"},
        bulk::ExportWish{.type_filters = {"Patient?_id=1"}}, bulk::ExportWish{.elements = {"id"}},
        bulk::ExportWish{.patients = {"Patient/1"}}})
    EXPECT_NE(request, bulk::describe_wish(service, other));
  EXPECT_NE(request, bulk::describe_wish(service_named("bcda-v2"), plain));
  EXPECT_EQ(json::serialize(bulk::describe_wish(service, {.patients = {"Patient/1234"}})).find("1234"),
            std::string::npos);
}

TEST(Deleted, ABundleNamesResources) {
  const auto named = read_bundle(R"({"resourceType":"Bundle","type":"transaction","entry":[
    {"request":{"method":"DELETE","url":"Patient/a.1"}},{"request":{"method":"DELETE","url":"https://h/fhir/Claim/-2"}},
    {"request":{"method":"DELETE","url":"https://h/fhir/Claim/3/_history/2"}}]})");
  EXPECT_EQ(named, (std::vector<DeletedResource>{{"Patient", "a.1"}, {"Claim", "-2"}, {"Claim", "3"}}));
  EXPECT_TRUE(read_bundle(R"({"resourceType":"Bundle"})").empty());
}

TEST(Deleted, WhatIsNoDeletionIsRefusedWithoutItsText) {
  const std::string begin = R"({"resourceType":"Bundle","entry":[)", end = "]}";
  for (const std::string& bundle :
       {std::string("Secret1"), std::string(R"({"resourceType":"Patient","id":"Secret1"})"), begin + "7" + end,
        begin + "{}" + end, begin + R"({"request":{"method":"PUT","url":"Patient/Secret1"}})" + end,
        begin + R"({"request":{"method":"DELETE","url":"Secret1"}})" + end,
        begin + R"({"request":{"method":"DELETE","url":"Patient/Secret1?x"}})" + end,
        begin + R"({"request":{"method":"DELETE","url":"Patient/"}})" + end}) {
    try {
      read_bundle(bundle);
      ADD_FAILURE() << bundle;
    } catch (const Malformed& malformed) {
      EXPECT_FALSE(holds(malformed.what(), "Secret1")) << malformed.what();
    }
  }
}

}  // namespace
}  // namespace libbcda::runtime
