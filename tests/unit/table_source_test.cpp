#include "runtime/table_source.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>

#include "crypto/digest.hpp"
#include "ndjson/reader.hpp"
#include "runtime/current_state.hpp"
#include "support/errors.hpp"
#include "support/files.hpp"

namespace libbcda::runtime {
namespace {

using test::error_of;
using test::spill;
using test::TempDir;

// ---- Which record of each resource counts ----------------------------------------------------------------------------

constexpr std::int64_t kNoTime = CurrentState::kNoTime;

TEST(CurrentStates, TakeTheLatestByItsTime) {
  CurrentState state;
  state.add("Patient", "1", 200, 0, {0, 1});
  state.add("Patient", "1", 100, 1, {1, 1});
  state.add("Patient", "2", 100, 0, {0, 2});
  state.choose();
  EXPECT_TRUE(state.counts({0, 1}));
  EXPECT_FALSE(state.counts({1, 1}));
  EXPECT_TRUE(state.counts({0, 2}));
}

TEST(CurrentStates, TakeTheLaterRunIfATimeIsMissingOrTheSame) {
  CurrentState state;
  state.add("Patient", "1", 200, 0, {0, 1});
  state.add("Patient", "1", kNoTime, 1, {1, 1});
  state.add("Patient", "2", 5, 0, {0, 2});
  state.add("Patient", "2", 5, 1, {1, 2});
  state.choose();
  EXPECT_FALSE(state.counts({0, 1}));
  EXPECT_TRUE(state.counts({1, 1}));
  EXPECT_TRUE(state.counts({1, 2}));
}

TEST(CurrentStates, ApplyDeletionsUpToTheirRun) {
  CurrentState state;
  state.add("Patient", "gone", 1, 0, {0, 1});
  state.add_deletion("Patient", "gone", 1);
  state.add("Patient", "back", 1, 0, {0, 2});
  state.add_deletion("Patient", "back", 1);
  state.add("Patient", "back", 2, 2, {2, 1});
  state.add("Coverage", "gone", 1, 0, {0, 3});
  state.add_deletion("Patient", "never", 1);
  state.choose();
  EXPECT_FALSE(state.counts({0, 1}));
  EXPECT_FALSE(state.counts({0, 2}));
  EXPECT_TRUE(state.counts({2, 1}));
  EXPECT_TRUE(state.counts({0, 3})) << "another type with the same id";
}

TEST(CurrentStates, TakeTheLatestTimeUnlessALaterRecordLacksOne) {
  CurrentState state;
  state.add("Patient", "1", 200, 0, {0, 1});
  state.add("Patient", "1", kNoTime, 1, {1, 1});
  state.add("Patient", "1", 100, 2, {2, 1});
  state.choose();
  EXPECT_TRUE(state.counts({1, 1}));
  EXPECT_FALSE(state.counts({0, 1}) || state.counts({2, 1}));
}

TEST(CurrentStates, KeepWhatHasNoId) {
  CurrentState state;
  state.keep({3, 7});
  state.choose();
  EXPECT_TRUE(state.counts({3, 7}));
  EXPECT_FALSE(state.counts({3, 6}));
  EXPECT_FALSE(state.counts({9, 1}));
}

// Both in memory and with a limit that makes it spill, against a plain map.
TEST(CurrentStates, AreTheSameBeyondTheirMemory) {
  std::mt19937 random(7);
  CurrentState small(4000), large;
  std::map<std::string, std::pair<std::int64_t, RecordPlace>> latest;
  for (std::uint32_t line = 1; line <= 20'000; ++line) {
    const std::string id = std::to_string(random() % 3000);
    const auto updated = static_cast<std::int64_t>(line * 7919 % 20'011);
    small.add("Patient", id, updated, 0, {0, line});
    large.add("Patient", id, updated, 0, {0, line});
    auto& best = latest[id];
    if (updated > best.first) best = {updated, {0, line}};
  }
  small.choose();
  large.choose();
  EXPECT_GT(small.spilled(), 0);
  EXPECT_EQ(large.spilled(), 0);
  std::size_t counted = 0;
  for (std::uint32_t line = 1; line <= 20'000; ++line) {
    EXPECT_EQ(small.counts({0, line}), large.counts({0, line}));
    counted += small.counts({0, line});
  }
  EXPECT_EQ(counted, latest.size());
  for (const auto& [id, best] : latest) EXPECT_TRUE(small.counts(best.second));
}

TEST(CurrentStates, NameTmpdirIfItIsNoDirectory) {
  const char* before = std::getenv("TMPDIR");
  const std::string old = before ? before : "";
  ::setenv("TMPDIR", "/dev/null", 1);
  CurrentState state(40);
  state.add("Patient", "1", 1, 0, {0, 1});
  const Error error = error_of([&] { state.add("Patient", "2", 1, 0, {0, 2}); });
  before ? ::setenv("TMPDIR", old.c_str(), 1) : ::unsetenv("TMPDIR");
  EXPECT_EQ(error.status, Status::FILESYSTEM);
  EXPECT_NE(error.message.find("TMPDIR"), std::string::npos) << error.message;
}

// ---- Directories -----------------------------------------------------------------------------------------------------

class Sources : public testing::Test {
 protected:
  // A finished export with one file for each type.
  void finish_export(const std::string& directory, const std::string& patients, const std::string& profile = "bcda-v3",
                     const std::string& deleted = "") {
    std::filesystem::create_directories(directory + "/deleted");
    spill(directory + "/Patient.ndjson", patients);
    spill(directory + "/deleted/d.ndjson", deleted);
    const auto file = [](const std::string& type, const std::string& path, const std::string& text) {
      return "{\"type\":\"" + type + "\",\"path\":\"" + path + "\",\"bytes\":" + std::to_string(text.size()) +
             R"(,"records":1,"sha256":")" + crypto::hex_digest(text) +
             R"(","decrypted":false,"proof":"gzip","url":"https://x/y"})";
    };
    std::string receipt =
        R"({"libbcda":"0.2.0","status":"OK","service":"https://x","types":[],"transactionTime":"2026-11-26T16:07:02Z",
"started":"2026-11-26T16:07:01Z","finished":"2026-11-26T16:07:04Z","jobs":[],"errors":[],"request":{"base":"https://x/api/v3","profile":")" +
        profile + R"("},"files":[)" + file("Patient", "Patient.ndjson", patients) + R"(],"deleted":[)" +
        (deleted.empty() ? "" : file("Bundle", "deleted/d.ndjson", deleted)) + "]}";
    spill(directory + "/export.json", receipt);
  }
  // The ids in the lines that are wanted, as "1 2".
  static std::string ids(const TableSource& source, const std::string& type, bool current) {
    std::string text;
    const auto files = source.files({type}, {}, current);
    while (const auto file = files()) {
      ndjson::Reader reader(file->path);
      while (const auto line = reader.next())
        if (!file->wants || file->wants(reader.line())) {
          const std::size_t begin = line->find("\"id\":\"") + 6;
          text += (text.empty() ? "" : " ") + std::string(line->substr(begin, line->find('"', begin) - begin));
        }
    }
    return text;
  }

  static std::string patient(const std::string& id) { return R"({"resourceType":"Patient","id":")" + id + "\"}\n"; }

  TempDir dir_;
};

TEST_F(Sources, AreFinishedExportsAndFiles) {
  finish_export(dir_ / "a", patient("1"));
  spill(dir_ / "b.ndjson", patient("2"));
  const TableSource source({dir_ / "a", dir_ / "b.ndjson"});
  EXPECT_FALSE(source.is_series());
  EXPECT_EQ(ids(source, "Patient", false), "1 2");
  EXPECT_EQ(ids(source, "Coverage", false), "2") << "a file without a receipt may have any type";
  EXPECT_EQ(source.runs()[0].generation, tables::Generation::v3);
  EXPECT_EQ(source.runs()[1].generation, std::nullopt);
}

TEST_F(Sources, OfASeriesHaveItsCurrentState) {
  finish_export(dir_ / "s/2026-01-01T00-00-00Z", patient("1") + patient("2") + patient("3"));
  finish_export(dir_ / "s/2026-02-01T00-00-00Z", patient("2"), "bcda-v3",
                R"({"resourceType":"Bundle","entry":[{"request":{"method":"DELETE","url":"Patient/3"}}]})"
                "\n");
  std::filesystem::create_directories(dir_ / "s/2026-03-01T00-00-00Z");  // has not finished
  const TableSource source({dir_ / "s"});
  EXPECT_TRUE(source.is_series());
  EXPECT_EQ(ids(source, "Patient", true), "1 2");
  EXPECT_EQ(ids(source, "Patient", false), "1 2 3 2");
}

TEST_F(Sources, AreNotReadBeforeTheFirstFileIsAskedFor) {
  const std::string run = dir_ / "s/2026-01-01T00-00-00Z";
  finish_export(run, patient("1"));
  spill(run + "/Patient.ndjson", patient("1") + patient("2"));
  const auto files = TableSource({dir_ / "s"}).files({"Patient"}, {}, true);
  EXPECT_EQ(error_of([&] { files(); }).status, Status::VERIFICATION);
}

TEST_F(Sources, NameWhatIsNone) {
  EXPECT_NE(error_of([&] { TableSource({dir_ / "none"}); }).message.find("does not exist"), std::string::npos);
  EXPECT_NE(error_of([&] { TableSource({dir_.path()}); }).message.find("export.json"), std::string::npos);
  std::filesystem::create_directories(dir_ / "half/.bcda");
  EXPECT_NE(error_of([&] { TableSource({dir_ / "half"}); }).message.find("bcda resume"), std::string::npos);
  EXPECT_NE(error_of([&] { TableSource({"/dev/null"}); }).message.find("no regular file"), std::string::npos);
  EXPECT_EQ(error_of([&] { TableSource({}); }).status, Status::INVALID_ARGUMENT);
}

TEST_F(Sources, RefuseAFileThatChanged) {
  finish_export(dir_ / "a", patient("1"));
  spill(dir_ / "a/Patient.ndjson", patient("1") + patient("2"));
  const auto files = TableSource({dir_ / "a"}).files({"Patient"}, {}, false);
  EXPECT_EQ(error_of([&] { files(); }).status, Status::VERIFICATION);
}

TEST(GenerationOfARequest, IsThatOfTheService) {
  const auto generation = [](std::string_view profile, std::string_view base) {
    return generation_of_request({{"profile", profile}, {"base", base}});
  };
  EXPECT_EQ(generation("bcda-v3", "https://api.bcda.cms.gov/api/v3"), tables::Generation::v3);
  EXPECT_EQ(generation("bcda-v2", "https://api.bcda.cms.gov/api/v2"), tables::Generation::v2);
  EXPECT_EQ(generation("bcda-2019", "https://api.bcda.cms.gov/api/v1"), tables::Generation::stu3);
  EXPECT_EQ(generation("ab2d", "https://api.ab2d.cms.gov/api/v2/fhir"), tables::Generation::v2);
  EXPECT_EQ(generation("dpc", "https://dpc.cms.gov/api/v1"), std::nullopt) << "DPC v1 serves R4";
  EXPECT_EQ(generation("generic", "https://x/v3"), std::nullopt);
}

}  // namespace
}  // namespace libbcda::runtime
