#include "runtime/client_log.hpp"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "base/json.hpp"
#include "support/errors.hpp"

namespace libbcda::runtime::client_log {
namespace {

using test::holds;

const Instant kNow = Instant(std::chrono::milliseconds(1568990853975));
const std::string kExport = "https://api.test/api/v1/jobs/42";

std::shared_ptr<const bulk::Manifest> manifest() {
  return bulk::parse_manifest(
      R"({"transactionTime":"2019-09-20T14:47:33Z","output":[
          {"type":"Patient","url":"https://cdn.test/a.ndjson?X-Signature=hunter2"},{"type":"Patient","url":"/b.ndjson"}],
          "error":[{"type":"OperationOutcome","url":"/a-error.ndjson"}]})",
      http::parse_url(kExport, "base"));
}

Error failure() {
  Error error(Status::REFUSED, "the file was refused");
  error.with_http(403).with_outcome("beneficiary 123");
  return error;
}

std::vector<std::string> all() {
  transfer::Facts facts;
  facts.bytes = 5000000000;
  facts.records = 7;
  auto entry = manifest()->entry(0);
  return {kick_off(kExport, "https://api.test/api/v1/Patient/$export", kNow),
          status_progress(kExport, "In Progress (5%)\n\"", kNow),
          status_complete(kExport, {manifest()}, kNow),
          status_error(kExport, failure(), kNow),
          manifest_complete(kExport, {manifest()}, kNow),
          download_request(kExport, entry, kNow),
          download_complete(kExport, entry, facts, kNow),
          download_error(kExport, entry, failure(), kNow),
          export_complete(kExport, 2, 5000000000, Milliseconds(1500), kNow)};
}

json::value detail(const std::string& line) { return parse_json(line)->at("eventDetail"); }

TEST(ClientLog, EveryLineIsOneJsonObjectOfTheSharedForm) {
  std::set<std::string> events;
  for (const std::string& text : all()) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      auto values = split_json_sequence(line);
      ASSERT_TRUE(values && values->size() == 1) << line;
      const json::object object = parse_json(values->front())->as_object();
      EXPECT_EQ(string_member(object, "exportId"), kExport);
      EXPECT_EQ(string_member(object, "timestamp"), "2019-09-20T14:47:33.975Z");
      EXPECT_TRUE(object.at("eventDetail").is_object());
      events.insert(string_member(object, "eventId"));
    }
  }
  EXPECT_EQ(events, (std::set<std::string>{"kickoff", "status_progress", "status_complete", "status_page_complete",
                                           "status_error", "manifest_complete", "download_request", "download_complete",
                                           "download_error", "export_complete"}));
}

TEST(ClientLog, HasNoSignatureOfAUrlAndNoTextOfTheServer) {
  for (const std::string& text : all()) {
    EXPECT_FALSE(holds(text, "hunter2"));
    EXPECT_FALSE(holds(text, "X-Signature"));
    EXPECT_FALSE(holds(text, "beneficiary"));
  }
}

TEST(ClientLog, CountsFiles) {
  json::value complete = detail(manifest_complete(kExport, {manifest()}, kNow));
  EXPECT_EQ(complete.at("totalOutputFileCount"), 2);
  EXPECT_EQ(complete.at("totalErrorFileCount"), 1);
  EXPECT_EQ(detail(export_complete(kExport, 2, 5000000000, Milliseconds(1500), kNow)).at("bytes"), 5000000000);
}

TEST(ClientLog, HasTheHttpStatusOfAFailure) {
  EXPECT_EQ(detail(status_error(kExport, failure(), kNow)).at("code"), 403);
  EXPECT_TRUE(detail(status_error(kExport, Error(Status::NETWORK, "reset"), kNow)).at("code").is_null());
}

TEST(ClientLog, MarksErrorFiles) {
  EXPECT_EQ(detail(download_request(kExport, manifest()->entry(0), kNow)).at("itemType"), "output");
  EXPECT_EQ(detail(download_request(kExport, manifest()->entry(2), kNow)).at("itemType"), "error");
}

}  // namespace
}  // namespace libbcda::runtime::client_log
