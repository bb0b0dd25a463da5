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
  JournalState state;
  fold(state, journal_line(file_record(record_of(entry, "a.ndjson", {})), 1) + "\n", "journal.ndjson");
  return state.files.at("a.ndjson");
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

// ---- The fold -------------------------------------------------------------------------------------------------------

std::string journal_of(const std::vector<json::object>& records) {
  std::string text;
  std::int64_t seq = 0;
  for (const json::object& record : records) text += journal_line(record, ++seq) + "\n";
  return text;
}

// A loss of power leaves all of a line or nothing, so records that are not durable yet are in one line.
TEST(Fold, ReadsABatchAsTheRecordsInIt) {
  JournalState apart, together;
  const std::vector<json::object> records{intent_record({{"types", "Patient"}}),
                                          job_record("Patient", "https://h/jobs/1", false), dead_record("Patient")};
  fold(apart, journal_of(records), "journal.ndjson");
  fold(together, journal_of({batch_record(records)}), "journal.ndjson");
  EXPECT_EQ(together.damage, "");
  EXPECT_EQ(together.intent, apart.intent);
  EXPECT_EQ(together.jobs.at("Patient").status_url, "https://h/jobs/1");
  EXPECT_TRUE(together.jobs.at("Patient").is_dead);
  for (const json::value& strange : {json::value("x"), json::value(json::array{1, "two", json::array{}})}) {
    JournalState state;
    fold(state, journal_of({{{"event", "batch"}, {"records", strange}}}), "journal.ndjson");
    EXPECT_EQ(state.damage, "");
    EXPECT_TRUE(state.empty());
  }
}

std::string journal() {
  return journal_of({intent_record({{"types", "Patient"}}), kick_off_record("Patient", Instant{}),
                     job_record("Patient", "https://h/jobs/1", false), dead_record("Patient")});
}

JournalState folded(const std::string& text) {
  JournalState state;
  fold(state, text, "journal.ndjson");
  return state;
}

TEST(JournalFold, IsTheStateAfterAllRecords) {
  const std::string all = journal();
  const JournalState state = folded(all);
  EXPECT_EQ(state.damage, "");
  EXPECT_TRUE(state.intent);
  EXPECT_TRUE(state.jobs.at("Patient").is_dead);
  EXPECT_EQ(state.jobs.at("Patient").status_url, "https://h/jobs/1");
  EXPECT_EQ(state.live_jobs(), 0u);
}

TEST(JournalFold, AKickOffForgetsTheJobBefore) {
  const JournalState state =
      folded(journal_of({job_record("Patient", "https://h/jobs/1", true), dead_record("Patient"),
                         kick_off_record("Patient", parse_time("2026-11-26T00:00:00Z").value())}));
  EXPECT_EQ(state.jobs.at("Patient").status_url, "");
  EXPECT_FALSE(state.jobs.at("Patient").is_dead);
  EXPECT_EQ(state.jobs.at("Patient").kick_off, parse_time("2026-11-26T00:00:00Z"));
}

TEST(JournalFold, EveryCutGivesTheRecordsBeforeIt) {
  const std::string all = journal();
  for (std::size_t size = 0; size <= all.size(); ++size) {
    const JournalState state = folded(all.substr(0, size));
    EXPECT_EQ(state.damage, "") << size;
    EXPECT_EQ(state.intent.has_value(), size > all.find('\n')) << size;
    EXPECT_EQ(state.jobs.count("Patient") > 0 && state.jobs.at("Patient").is_dead, size == all.size()) << size;
  }
}

TEST(JournalFold, EveryChangedByteIsFound) {
  const std::string all = journal();
  const std::size_t last = all.rfind('\n', all.size() - 2) + 1;
  for (std::size_t at = 0; at + 1 < last; ++at) {  // without the line break, which joins the last two lines
    std::string text = all;
    text[at] = static_cast<char>(text[at] ^ 1);
    EXPECT_NE(folded(text).damage, "") << at;
  }
  std::string text = all;
  text[last] = '?';
  EXPECT_EQ(folded(text).damage, "") << "the last line may be what a crash left";
  EXPECT_FALSE(folded(text).jobs.at("Patient").is_dead);
}

TEST(JournalFold, AMissingOrRepeatedLineIsDamage) {
  const std::string all = journal();
  const std::size_t first = all.find('\n') + 1, second = all.find('\n', first) + 1;
  EXPECT_EQ(folded(all.substr(first)).damage, "journal.ndjson, line 1");
  EXPECT_EQ(folded(all.substr(0, first) + all.substr(second)).damage, "journal.ndjson, line 2");
  EXPECT_EQ(folded(all.substr(0, second) + all.substr(first)).damage, "journal.ndjson, line 3");
  EXPECT_EQ(folded(all.substr(0, first) + "\n" + all.substr(first)).damage, "journal.ndjson, line 2");
}

TEST(JournalFold, WholeJsonWithAWrongCheckSumIsDamageAlsoAtTheEnd) {
  std::string all = journal();
  std::size_t from = all.find('\n') + 1;
  for (std::size_t at; (at = all.find("\"seq\"", from)) != std::string::npos; from = at + 1) all[at + 2] = 'E';
  EXPECT_EQ(folded(all).damage, "journal.ndjson, line 2");
  const std::size_t last = all.rfind('\n', all.size() - 2) + 1;
  EXPECT_EQ(folded(journal().substr(0, last) + all.substr(last)).damage,
            "journal.ndjson, line " + std::to_string(std::count(all.begin(), all.end(), '\n')));
}

TEST(JournalFold, SeveralLinesOfACrashAreDropped) {
  const std::string all = journal();
  const std::size_t first = all.find('\n') + 1;
  EXPECT_EQ(folded(all.substr(0, first) + std::string(300, '\0') + "\n" + std::string(90, '\0') + "\n").damage, "");
}

// Each run writes a journal of its own, so what a crash left at the end of one does not touch the next.
TEST(JournalFold, SeveralJournalsAddUp) {
  const std::string all = journal();
  JournalState state;
  fold(state, all.substr(0, all.size() - 5), "journal.ndjson");
  fold(state, journal_of({dead_record("Patient")}), "journal-2.ndjson");
  EXPECT_EQ(state.damage, "");
  EXPECT_TRUE(state.jobs.at("Patient").is_dead);
}

TEST(JournalFold, AKickOffThatCrossedTheOneOfAnotherRunForgetsNoJob) {
  const json::object kick_off = kick_off_record("Patient", Instant{});
  for (const auto& after : {std::vector<json::object>{}, {refused_record("Patient")}}) {
    JournalState state;
    fold(state, journal_of({kick_off, job_record("Patient", "https://h/jobs/1", false)}), "journal.ndjson");
    std::vector<json::object> second{kick_off};
    second.insert(second.end(), after.begin(), after.end());
    fold(state, journal_of(second), "journal-2.ndjson");
    EXPECT_EQ(state.jobs.at("Patient").status_url, "https://h/jobs/1");
    EXPECT_FALSE(state.jobs.at("Patient").is_dead);
  }
}

TEST(JournalFold, ARefusalEndsOnlyItsOwnKickOff) {
  const auto job_after = [](const std::vector<json::object>& records) {
    JournalState state;
    fold(state, journal_of(records), "journal.ndjson");
    return state.jobs.at("Patient");
  };
  const Instant first = *parse_time("2026-11-01T00:00:00Z"), second = *parse_time("2026-11-01T01:00:00Z");
  const json::object one = kick_off_record("Patient", first), other = kick_off_record("Patient", second),
                     refused = refused_record("Patient");
  EXPECT_TRUE(job_after({one, refused}).is_dead);
  const JobState unheard = job_after({one, other, refused});
  EXPECT_FALSE(unheard.is_dead);
  EXPECT_EQ(unheard.kick_off, first);
  EXPECT_EQ(job_after({one, refused, other}).kick_off, second);
  EXPECT_TRUE(job_after({one, refused, other, refused}).is_dead);
}

TEST(JournalFold, FilesStayInTheWorkDirectory) {
  for (const char* name : {"../x", "a/b", ".hidden", ""}) {
    PartRecord part;
    part.path = "a.ndjson";
    part.bytes_file = name;
    EXPECT_TRUE(folded(journal_of({part_record(part)})).parts.empty()) << name;
    const json::object pages = manifest_record("Patient", {{"a.json", "https://h/", "0"}, {name, "https://h/", "0"}});
    EXPECT_TRUE(folded(journal_of({pages})).jobs.at("Patient").pages.empty()) << name;
  }
}

TEST(JournalFold, APartIsAsItWasWritten) {
  PartRecord part;
  part.path = "error/a.ndjson";
  part.bytes_file = "x.partial";
  part.form = PartForm::gcm;
  part.nonce = "00112233445566778899aabb";
  part.validator = "\"e\"";
  part.size = 5000000000;
  part.boot = "b";
  part.synced = 4000000000;
  const PartRecord read = folded(journal_of({part_record(part)})).parts.at("error/a.ndjson");
  EXPECT_EQ(read.bytes_file, part.bytes_file);
  EXPECT_EQ(read.form, part.form);
  EXPECT_EQ(read.nonce, part.nonce);
  EXPECT_EQ(read.validator, part.validator);
  EXPECT_EQ(read.size, part.size);
  EXPECT_EQ(read.boot, part.boot);
  EXPECT_EQ(read.synced, part.synced);
}

TEST(JournalFold, APartOfAnUnknownFormIsSkipped) {
  PartRecord part;
  part.path = "a.ndjson";
  part.bytes_file = "x.partial";
  for (const PartForm form : {PartForm::plain, PartForm::gcm, PartForm::packed}) {
    part.form = form;
    EXPECT_EQ(folded(journal_of({part_record(part)})).parts.at("a.ndjson").form, form);
  }
  for (const json::value& form : {json::value("zip"), json::value(""), json::value(1)}) {
    json::object record = part_record(part);
    record["form"] = form;
    EXPECT_TRUE(folded(journal_of({record})).parts.empty()) << form;
  }
}

// A digest of a query must not tell the query.
TEST(Journal, HasNoQuery) {
  const std::string line =
      journal_line(file_record(record_of(first_of({{"https://h/data/a.ndjson?sig=s3cret", ""}}), "a.ndjson", {})), 1);
  EXPECT_EQ(line.find("s3cret"), std::string::npos) << line;
}

}  // namespace
}  // namespace libbcda::transfer
