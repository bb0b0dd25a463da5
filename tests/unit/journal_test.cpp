// Which earlier file belongs to which entry of a manifest.
#include "transfer/journal.hpp"

#include <gtest/gtest.h>

namespace libbcda::transfer {
namespace {

struct Listed {
  std::string url, key;
};

// The first file of a manifest that lists these files.
bulk::Entry first_of(const std::vector<Listed>& files, const std::string& time = "2026-11-01T00:00:00Z") {
  json::array output;
  for (const Listed& file : files) {
    json::object item{{"type", "Patient"}, {"url", file.url}};
    if (!file.key.empty()) item["encryptedKey"] = file.key;
    output.push_back(std::move(item));
  }
  const json::object manifest{{"transactionTime", time}, {"output", output}};
  return bulk::parse_manifest(json::serialize(manifest), http::parse_url("https://h/api/v1/jobs/1", "the test"))
      ->entry(0);
}

// The record as the next run reads it.
FileRecord kept(const bulk::Entry& entry) {
  const auto files = read_journal(file_line(record_of(entry, "a.ndjson", {}))).files;
  return files.at("a.ndjson");
}

TEST(Journal, AnEncryptedFileIsKnownByItsKey) {
  const FileRecord record = kept(first_of({{"https://h/data/a.ndjson", "00ab"}}));
  EXPECT_TRUE(is_of(record, first_of({{"https://h/data/a.ndjson", "00AB"}}, "2026-11-02T00:00:00Z")));
  EXPECT_FALSE(is_of(record, first_of({{"https://h/data/a.ndjson", "00ac"}})));
  EXPECT_FALSE(is_of(record, first_of({{"https://h/data/a.ndjson", ""}})));
}

TEST(Journal, APlainFileIsKnownByItsUrl) {
  const FileRecord record = kept(first_of({{"https://h/data/a.ndjson", ""}}));
  EXPECT_TRUE(is_of(record, first_of({{"https://h/data/a.ndjson", ""}}, "2026-11-02T00:00:00Z")));
  EXPECT_FALSE(is_of(record, first_of({{"https://h/data/b.ndjson", ""}})));
  EXPECT_FALSE(is_of(record, first_of({{"https://h/data/a.ndjson?v=2", ""}})));
}

TEST(Journal, ASignatureMayChangeWithinAJob) {
  const FileRecord record = kept(first_of({{"https://h/data/a.ndjson?sig=1", ""}}));
  EXPECT_TRUE(is_of(record, first_of({{"https://h/data/a.ndjson?sig=2", ""}})));
}

TEST(Journal, AQueryMayNameTheFileOfAnotherJob) {
  const FileRecord record = kept(first_of({{"https://h/data?file=1", ""}}));
  EXPECT_FALSE(is_of(record, first_of({{"https://h/data?file=2", ""}}, "2026-11-02T00:00:00Z")));
  EXPECT_FALSE(
      is_of(kept(first_of({{"https://h/data?file=1", ""}}, "")), first_of({{"https://h/data?file=2", ""}}, "")));
}

TEST(Journal, TheQueryCountsWhereAManifestRepeatsAName) {
  const Listed one{"https://h/data?file=1", ""}, two{"https://h/data?file=2", ""};
  const FileRecord record = kept(first_of({one, two}));
  EXPECT_TRUE(is_of(record, first_of({one, two})));
  EXPECT_FALSE(is_of(record, first_of({two, one})));
  EXPECT_FALSE(is_of(record, first_of({one})));  // a file of another state of the job
}

TEST(Journal, KnowsTheIdsOfVersion01) {
  const bulk::Entry entry = first_of({{"https://h/data/a.ndjson", "00ab"}});
  const std::string line = json::serialize(json::object{
      {"event", "file"}, {"path", "a.ndjson"}, {"url", "https://h/data/a.ndjson"}, {"key", source_id(entry)}});
  EXPECT_TRUE(is_of(read_journal(line).files.at("a.ndjson"), entry));
}

// A digest of a query must not tell the query.
TEST(Journal, HasNoQuery) {
  const std::string line = file_line(record_of(first_of({{"https://h/data/a.ndjson?sig=s3cret", ""}}), "a.ndjson", {}));
  EXPECT_EQ(line.find("s3cret"), std::string::npos) << line;
}

}  // namespace
}  // namespace libbcda::transfer
