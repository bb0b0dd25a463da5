// Tables that an export makes while it goes on, in a world without threads, sockets and real time.
#include "runtime/table_parts.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/json.hpp"
#include "runtime/table_source.hpp"
#include "runtime/unfinished.hpp"
#include "support/errors.hpp"
#include "support/run_test.hpp"

namespace libbcda::runtime {
namespace {

using test::error_of;
using test::holds;
using test::http_answer;
using test::kTwoFiles;
using test::Names;
using test::names_in;
using test::slurp;

std::string patient(const std::string& id) { return R"({"resourceType":"Patient","id":")" + id + "\"}\n"; }

class MadeTables : public test::RunTest {
 protected:
  void SetUp() override {
    know(R"("manifest_may_grow":false)");
    service_.settings.set("retries", "0");
    service_.settings.set("tables", "beneficiary");
    service_.answer_job(kTwoFiles);
    give(patient("1") + patient("2"), patient("3"));
  }
  void give(const std::string& a, const std::string& b) {
    service_.answer("GET /data/1/a", {http_answer(200, "", a)});
    service_.answer("GET /data/1/b", {http_answer(200, "", b)});
  }
  // Each file gets parts of its own at once, so that an interrupted run leaves some.
  void make_parts_of_each_file() { service_.world->steps.table_input = 1; }
  // The first file came and got its part; the other one is refused.
  void leave_one_of_two() {
    make_parts_of_each_file();
    service_.answer("GET /data/1/b", {http_answer(403)});
    ASSERT_TRUE(run());
    service_.answer("GET /data/1/b", {http_answer(200, "", patient("3"))});
  }
  // The rows of the parts that the receipt lists, by table. Each part is there.
  std::map<std::string, std::int64_t> rows() const {
    std::map<std::string, std::int64_t> rows;
    const json::value receipt = *parse_json(slurp(out() + "/export.json"));
    for (const json::value& part : receipt.at("tables").as_array()) {
      const std::string path = out() + "/" + std::string(part.at("path").as_string());
      EXPECT_EQ(slurp(path).size(), part.at("bytes").to_number<std::size_t>()) << path;
      rows[std::string(part.at("table").as_string())] += part.at("rows").as_int64();
    }
    return rows;
  }
  std::string status() const { return parse_json(directory_status(out()))->at("state").as_string().c_str(); }
  Names parts() const { return names_in(out() + "/tables/beneficiary"); }
  Names ndjson_files() const {
    Names names = names_in(out());
    std::erase_if(names, [](const std::string& name) { return !name.starts_with("Patient."); });
    return names;
  }
};

const Names kBoth{"Patient.a.ndjson", "Patient.b.ndjson"};
using Rows = std::map<std::string, std::int64_t>;

TEST_F(MadeTables, HaveTheRowsOfAllFiles) {
  EXPECT_FALSE(run());
  EXPECT_EQ(rows(), (Rows{{"beneficiary", 3}}));
  EXPECT_EQ(parts(), Names{"00001.arrow"});
  EXPECT_EQ(parse_json(run_->result().receipt())->at("tables").as_array().size(), 1u);
  EXPECT_EQ(ndjson_files(), kBoth);
}

TEST_F(MadeTables, WithoutRowsAreEmptyFiles) {
  service_.settings.set("tables", "claim,beneficiary");
  EXPECT_FALSE(run());
  EXPECT_EQ(rows(), (Rows{{"beneficiary", 3}, {"claim", 0}}));
}

TEST_F(MadeTables, BeginANewPartWhereOneIsFull) {
  service_.world->steps.table_part = 1;
  service_.world->steps.table_input = 1;
  EXPECT_FALSE(run());
  EXPECT_EQ(rows(), (Rows{{"beneficiary", 3}}));
  EXPECT_EQ(parts(), (Names{"00001.arrow", "00002.arrow"}));
}

TEST_F(MadeTables, StandForTheFilesIfTheseAreNotKept) {
  service_.settings.set("keep_ndjson", "false");
  EXPECT_FALSE(run());
  EXPECT_EQ(rows(), (Rows{{"beneficiary", 3}}));
  EXPECT_EQ(ndjson_files(), Names());
  EXPECT_EQ(run_->result().files->size(), 2u);
  const Error error = error_of([&] { TableSource({out()}).files({"Patient"}, {}, false)(); });
  EXPECT_TRUE(holds(error.message, "Patient.a.ndjson was removed")) << error.message;
}

TEST_F(MadeTables, AreMissedWhenTheyAreGone) {
  service_.settings.set("keep_ndjson", "false");
  EXPECT_FALSE(run());
  EXPECT_EQ(status(), "finished");
  EXPECT_EQ(parse_json(directory_status(out()))->at("files").at("inTables").as_int64(), 2);
  std::filesystem::remove(out() + "/tables/beneficiary/00001.arrow");
  EXPECT_EQ(status(), "damaged");
}

TEST_F(MadeTables, MayBeRemovedWhileTheFilesAreHere) {
  EXPECT_FALSE(run());
  std::filesystem::remove(out() + "/tables/beneficiary/00001.arrow");
  EXPECT_EQ(status(), "finished");
}

TEST_F(MadeTables, AreInTheReceiptAfterTheRunIsGone) {
  service_.settings.set("keep_ndjson", "false");
  EXPECT_FALSE(run());
  const RunResult result = run_->result();
  run_.reset();
  EXPECT_EQ(parse_json(result.receipt())->at("files"), parse_json(slurp(out() + "/export.json"))->at("files"));
  EXPECT_TRUE(holds(result.receipt(), R"("inTables":true)"));
}

TEST_F(MadeTables, DoNotHideThatAFileIsGone) {
  EXPECT_FALSE(run());
  EXPECT_EQ(status(), "finished");
  std::filesystem::remove(out() + "/Patient.a.ndjson");
  EXPECT_EQ(status(), "damaged");
}

TEST_F(MadeTables, OfOtherTypesKeepAFile) {
  service_.settings.set("tables", "claim");
  service_.settings.set("keep_ndjson", "false");
  EXPECT_FALSE(run());
  EXPECT_EQ(ndjson_files(), kBoth);
}

TEST_F(MadeTables, AreMadeOnceWhenARunGoesOn) {
  leave_one_of_two();
  EXPECT_EQ(parts(), Names{"00001.arrow"});
  const auto before = std::filesystem::last_write_time(out() + "/tables/beneficiary/00001.arrow");
  EXPECT_FALSE(again());
  EXPECT_EQ(rows(), (Rows{{"beneficiary", 3}}));
  EXPECT_EQ(parts(), (Names{"00001.arrow", "00002.arrow"}));
  EXPECT_EQ(std::filesystem::last_write_time(out() + "/tables/beneficiary/00001.arrow"), before);
}

TEST_F(MadeTables, StandForTheFilesWhenARunGoesOn) {
  service_.settings.set("keep_ndjson", "false");
  leave_one_of_two();
  EXPECT_EQ(ndjson_files(), Names());
  EXPECT_EQ(parse_json(directory_status(out()))->at("files").at("inTables").as_int64(), 1);
  EXPECT_FALSE(again());
  EXPECT_EQ(service_.count("GET /data/1/a"), 0u) << "its rows are here";
  EXPECT_EQ(rows(), (Rows{{"beneficiary", 3}}));
}

TEST_F(MadeTables, ThatWereChangedAreMadeAgainOfFilesThatAreFetchedAgain) {
  service_.settings.set("keep_ndjson", "false");
  leave_one_of_two();
  std::filesystem::remove(out() + "/tables/beneficiary/00001.arrow");
  EXPECT_FALSE(again());
  EXPECT_EQ(service_.count("GET /data/1/a"), 1u);
  EXPECT_EQ(rows(), (Rows{{"beneficiary", 3}}));
}

TEST_F(MadeTables, OfAFileThatCameAgainAsAnotherAreMadeAgain) {
  leave_one_of_two();
  std::filesystem::remove(out() + "/Patient.a.ndjson");
  give(patient("4"), patient("5"));
  EXPECT_FALSE(again());
  EXPECT_EQ(rows(), (Rows{{"beneficiary", 2}}));
  EXPECT_FALSE(std::filesystem::exists(out() + "/tables/beneficiary/00001.arrow"));
}

// Its rows are in no other place.
TEST_F(MadeTables, OfAFileThatIsNoMoreListedStayAndAreAnError) {
  service_.settings.set("keep_ndjson", "false");
  const auto manifest = [](const std::string& names) {
    std::string text;
    for (const char name : names)
      text += (text.empty() ? "" : ",") + std::string(R"({"type":"Patient","url":"/data/1/)") + name + R"(?sig=1"})";
    return R"({"transactionTime":"2026-11-01T00:00:00Z","output":[)" + text + "]}";
  };
  service_.answer_job(manifest("ab"));
  leave_one_of_two();
  ASSERT_EQ(parts(), Names{"00001.arrow"});
  service_.answer_job(manifest("b"));
  const auto failure = again();
  ASSERT_TRUE(failure);
  EXPECT_TRUE(holds(failure->message, "does not list the file Patient.a.ndjson any more")) << failure->message;
  EXPECT_TRUE(std::filesystem::exists(out() + "/tables/beneficiary/00001.arrow"));
}

TEST_F(MadeTables, AreThoseOfTheJournalIfADirectoryIsResumed) {
  service_.settings.set("keep_ndjson", "false");
  leave_one_of_two();
  service_.settings.unset("tables");
  service_.settings.unset("keep_ndjson");
  EXPECT_FALSE(resume());
  EXPECT_EQ(rows(), (Rows{{"beneficiary", 3}}));
  EXPECT_EQ(ndjson_files(), Names());
}

TEST_F(MadeTables, AreOthersIfTheSettingHasChanged) {
  leave_one_of_two();
  service_.settings.set("tables", "coverage,beneficiary");
  EXPECT_FALSE(again());
  EXPECT_EQ(rows(), (Rows{{"beneficiary", 3}, {"coverage", 0}}));
}

TEST_F(MadeTables, AreRemovedIfTheSettingIsGone) {
  leave_one_of_two();
  service_.settings.unset("tables");
  EXPECT_FALSE(again());
  EXPECT_FALSE(std::filesystem::exists(out() + "/tables/beneficiary/00001.arrow"));
  EXPECT_FALSE(parse_json(slurp(out() + "/export.json"))->as_object().contains("tables"));
}

TEST_F(MadeTables, AreDiscardedByARestart) {
  leave_one_of_two();
  service_.settings.set("restart", "true");
  service_.settings.unset("tables");
  EXPECT_FALSE(again());
  EXPECT_FALSE(std::filesystem::exists(out() + "/tables/beneficiary/00001.arrow"));
}

TEST_F(MadeTables, OfAWrongRecordFailAndTheFilesStay) {
  give(patient("1"), patient("2") + "{\"resourceType\":\"Patient\",\"id\":}\n");
  const auto failure = run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->status, Status::RECORD);
  EXPECT_TRUE(holds(failure->message, "Patient.b.ndjson: the record in line 2")) << failure->message;
  EXPECT_EQ(ndjson_files(), kBoth);
  service_.settings.unset("tables");
  EXPECT_FALSE(again());
  EXPECT_EQ(service_.world->net().requests.size(), 0u);
}

TEST_F(MadeTables, HaveAName) {
  service_.settings.set("tables", "beneficiary,claim_lin");
  const Error error = error_of([&] { run(); });
  EXPECT_EQ(error.status, Status::INVALID_ARGUMENT);
  EXPECT_TRUE(holds(error.message, "claim_line")) << error.message;
  EXPECT_FALSE(std::filesystem::exists(out()));
}

TEST_F(MadeTables, AreCheckedBeforeAnUnfinishedExportIsTouched) {
  leave_one_of_two();
  service_.settings.set("tables", "beneficiry");
  EXPECT_EQ(error_of([&] { again(); }).status, Status::INVALID_ARGUMENT);
  service_.settings.unset("tables");
  EXPECT_FALSE(resume());
  EXPECT_EQ(rows(), (Rows{{"beneficiary", 3}}));
}

TEST_F(MadeTables, AreNoBusinessOfAFetch) {
  EXPECT_FALSE(
      run(RunKind::fetch, {bulk::parse_manifest(kTwoFiles, http::parse_url("http://localhost/m", "the test"))}));
  EXPECT_EQ(ndjson_files(), kBoth);
  EXPECT_FALSE(std::filesystem::exists(out() + "/tables"));
}

TEST_F(MadeTables, WithATornPartAreRefused) {
  leave_one_of_two();
  const std::string part = out() + "/tables/beneficiary/00001.arrow";
  std::filesystem::resize_file(part, 100);
  const auto failure = again();
  ASSERT_TRUE(failure);
  EXPECT_TRUE(holds(failure->message, "00001.arrow has changed since it was verified")) << failure->message;
  std::filesystem::remove(part);
  EXPECT_FALSE(again());
  EXPECT_EQ(rows(), (Rows{{"beneficiary", 3}}));
}

TEST_F(MadeTables, OfAnotherOriginAreRefused) {
  std::filesystem::create_directories(out() + "/tables/beneficiary");
  test::spill(out() + "/tables/beneficiary/00009.arrow", "x");
  const Error error = error_of([&] { run(); });
  EXPECT_TRUE(holds(error.message, "a part of a table of another origin (tables/beneficiary/00009.arrow)"))
      << error.message;
}

TEST_F(MadeTables, OfAFileThatWasChangedAreNotMade) {
  bool is_changed = false;
  service_.before_answer = [&](const std::string& request) {
    if (!request.starts_with("GET /data/1/b") || is_changed) return;
    is_changed = true;
    service_.world->run_until([&] { return std::filesystem::exists(out() + "/Patient.a.ndjson"); });
    const std::string path = out() + "/Patient.a.ndjson";
    const auto written = std::filesystem::last_write_time(path);
    // The clock of a file system has steps of some milliseconds.
    while (std::filesystem::last_write_time(path) == written) test::spill(path, patient("1") + patient("9"));
  };
  service_.settings.set("parallel", "1");
  service_.settings.set("keep_ndjson", "false");
  const auto failure = run();
  ASSERT_TRUE(is_changed);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->status, Status::VERIFICATION);
  EXPECT_TRUE(holds(failure->message, "Patient.a.ndjson was changed or removed")) << failure->message;
  EXPECT_EQ(ndjson_files(), kBoth);
}

TEST_F(MadeTables, RemoveTheFilesThatAKilledRunLeft) {
  service_.settings.set("keep_ndjson", "false");
  leave_one_of_two();
  test::spill(out() + "/Patient.a.ndjson", patient("1") + patient("2"));  // as if the run had not come to remove it
  EXPECT_FALSE(again());
  EXPECT_EQ(ndjson_files(), Names());
  EXPECT_EQ(rows(), (Rows{{"beneficiary", 3}}));
}

TEST_F(MadeTables, KeepAFileWithARecordThatIsInNoTable) {
  service_.settings.set("keep_ndjson", "false");
  give(patient("1") + R"({"resourceType":"Coverage","id":"2"})" + "\n", patient("3"));
  EXPECT_FALSE(run());
  EXPECT_EQ(ndjson_files(), Names{"Patient.a.ndjson"});
}

TEST_F(MadeTables, AreNotMadeAnewOfFilesThatAreGone) {
  service_.settings.set("keep_ndjson", "false");
  leave_one_of_two();
  service_.settings.set("tables", "coverage");
  const Error error = error_of([&] { again(); });
  EXPECT_TRUE(holds(error.message, "whose files are gone")) << error.message;
  EXPECT_EQ(parts(), Names{"00001.arrow"});
}

// Two parts are published at the same time, and only the one with the higher number gets into the journal.
TEST_F(MadeTables, GetNumbersBeyondThoseOfTheJournal) {
  leave_one_of_two();
  const std::string journal = out() + "/.bcda/journal.ndjson", from = out() + "/tables/beneficiary/00001.arrow";
  transfer::JournalState state = journals_of(out(), world::system_disk());
  ASSERT_EQ(state.tables.size(), 1u);
  transfer::TablesRecord record = state.tables.front();
  record.files.clear();
  record.parts.front().path = "tables/beneficiary/00003.arrow";
  std::filesystem::copy(from, out() + "/tables/beneficiary/00003.arrow");
  test::spill(out() + "/.bcda/journal-2.ndjson", transfer::journal_line(transfer::tables_record(record), 1) + "\n");
  EXPECT_FALSE(again());
  EXPECT_EQ(parts(), (Names{"00001.arrow", "00003.arrow", "00004.arrow"}));
}

TEST_F(MadeTables, OfAHostileJournalAreNotTaken) {
  leave_one_of_two();
  const transfer::TablesRecord good = journals_of(out(), world::system_disk()).tables.front();
  for (const char* path :
       {"tables/../x/00001.arrow", "tables/beneficiary/../00001.arrow", "tables/coverage/00001.arrow",
        "tables/beneficiary/x.arrow", "tables/b\x1b[31m/00001.arrow", "/etc/00001.arrow", "00001.arrow"}) {
    transfer::TablesRecord record = good;
    record.parts.front().path = path;
    transfer::JournalState state;
    fold(state, transfer::journal_line(transfer::tables_record(record), 1) + "\n", "journal.ndjson");
    EXPECT_TRUE(state.tables.empty()) << path;
  }
  transfer::TablesRecord record = good;
  record.parts.front().rows = -5;
  transfer::JournalState state;
  fold(state, transfer::journal_line(transfer::tables_record(record), 1) + "\n", "journal.ndjson");
  EXPECT_TRUE(state.tables.empty());
}

}  // namespace
}  // namespace libbcda::runtime
