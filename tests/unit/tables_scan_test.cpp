#include <gtest/gtest.h>

#include "support/errors.hpp"
#include "support/files.hpp"
#include "tables/encoded_tables.hpp"
#include "tables/presets.hpp"
#include "tables/scan.hpp"

namespace libbcda::tables {
namespace {

using test::error_of;
using test::slurp;
using test::spill;
using test::TempDir;

constexpr const char* kIds = R"({"resource":"Patient","select":[{"column":[{"name":"id","path":"id"}]}]})";
constexpr const char* kNames =
    R"({"resource":"Patient","select":[{"forEach":"name","column":[{"name":"family","path":"family","type":"string"}]}]})";
constexpr const char* kNotes =
    R"({"resource":"Basic","select":[{"column":[{"name":"note","path":"note","type":"string"}]}]})";

class Scans : public testing::Test {
 protected:
  std::string file(const std::string& name, std::string_view content) {
    spill(dir_ / name, content);
    return dir_ / name;
  }
  static Scan::Files each(std::vector<std::string> paths) {
    return [paths, next = std::size_t(0)]() mutable -> std::optional<ScanFile> {
      if (next == paths.size()) return std::nullopt;
      return ScanFile{paths[next++], {}, {}};
    };
  }
  // The rows of each table, by the order in which they came: "0:2 1:3".
  static std::string run(Scan& scan) {
    std::string text;
    ArrowArray batch{};
    while (const auto table = scan.next(batch)) {
      text += (text.empty() ? "" : " ") + std::to_string(*table) + ":" + std::to_string(batch.length);
      batch.release(&batch);
    }
    return text;
  }
  static int count(std::string_view text, std::string_view part) {
    int found = 0;
    for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
    return found;
  }

  TempDir dir_;
};

TEST_F(Scans, ReadSeveralFilesForSeveralTables) {
  Scan scan({request_table(kIds, {}), request_table(kNames, {})}, {});
  scan.read(
      each({file("a", "{\"resourceType\":\"Patient\",\"id\":\"1\",\"name\":[{},{}]}\n\n"),
            file("b", "{\"resourceType\":\"Coverage\"}\n{\"resourceType\":\"Patient\",\"id\":\"2\",\"name\":[{}]}"),
            file("c", "")}));
  EXPECT_EQ(run(scan), "0:2 1:3");
}

TEST_F(Scans, HandOutFullBatchesFirst) {
  std::string lines;
  for (int i = 0; i < 5; ++i) lines += "{\"resourceType\":\"Patient\",\"id\":\"x\",\"name\":[{},{}]}\n";
  Scan scan({request_table(kIds, {}), request_table(kNames, {})}, {.rows = 4});
  scan.read(each({file("a", lines)}));
  EXPECT_EQ(run(scan), "1:4 0:4 1:4 0:1 1:2");
}

TEST_F(Scans, CutTheRowsOfOneRecordIntoBatches) {
  std::string names = "{}";
  for (int i = 1; i < 10; ++i) names += ",{}";
  Scan scan({request_table(kNames, {})}, {.rows = 4});
  scan.read(each({file("a", "{\"resourceType\":\"Patient\",\"name\":[" + names + "]}\n")}));
  EXPECT_EQ(run(scan), "0:4 0:4 0:2");
}

TEST_F(Scans, NameTheFileAndTheLineOfABadRecord) {
  const std::string bad =
      file("bad", "{\"resourceType\":\"Patient\"}\n\n{\"resourceType\":\"Patient\",\"name\":[{\"family\":1}]}\n");
  const std::string broken = file("broken", "{\"resourceType\":\"Patient\"}\n{\"resourceType\":\"Patient\"\n");
  for (const auto& [path, line] : {std::pair(bad, "line 3"), std::pair(broken, "line 2")}) {
    Scan scan({request_table(kNames, {})}, {});
    scan.read(each({path}));
    const Error error = error_of([&] { run(scan); });
    EXPECT_EQ(error.status, Status::RECORD);
    EXPECT_EQ(error.file, path);
    EXPECT_NE(error.message.find(line), std::string::npos) << error.message;
    EXPECT_EQ(run(scan), "") << "it is at its end";
  }
}

TEST_F(Scans, NameTheColumnOfATextWithTheCharacterNul) {
  const std::string path =
      file("a", "{\"resourceType\":\"Basic\"}\n{\"resourceType\":\"Basic\",\"note\":\"a\\u0000b\"}\n");
  Scan scan({request_table(kNotes, {})}, {});
  scan.read(each({path}));
  const Error error = error_of([&] { run(scan); });
  EXPECT_EQ(error.status, Status::RECORD);
  EXPECT_NE(error.message.find(path + ": the record in line 2 does not fit the column note"), std::string::npos)
      << error.message;
}

// A column of a member of something that is no object would be null, and the value would be lost in silence.
TEST_F(Scans, RefuseATextWhereAnObjectIsNeeded) {
  const auto failure = [&](const char* view, const std::string& record, ViewOptions options = {}) {
    Scan scan({request_table(view, std::move(options))}, {});
    scan.read(each({file("a", record + "\n")}));
    try {
      run(scan);
    } catch (const Error& error) {
      return error.message;
    }
    return std::string();
  };
  for (const char* name : {R"("Smith")", R"(["Smith"])", "7", "[{},true]"}) {
    const std::string record = R"({"name":)" + std::string(name) + R"(,"resourceType":"Patient"})";
    EXPECT_NE(failure(kNames, record).find("line 1 has a member \"name\" that is no object"), std::string::npos)
        << name;
    EXPECT_EQ(failure(kNames, record).find("Smith"), std::string::npos);
    EXPECT_EQ(failure(kNames, record, {.errors_are_null = true}), "");
    EXPECT_EQ(failure(kNames, R"({"name":)" + std::string(name) + R"(,"resourceType":"Organization"})"), "");
  }
  EXPECT_EQ(failure(kNames, R"({"resourceType":"Patient","name":null})"), "");
  constexpr const char* kContained =
      R"({"resource":"Basic","select":[{"column":[{"name":"n","path":"contained.name.family"},)"
      R"({"name":"v","path":"value.ofType(Quantity).value"}]}]})";
  EXPECT_EQ(failure(kContained, R"({"resourceType":"Basic","contained":[{"name":"Clinic"}],"valueString":"x"})"), "");
}

// The condition would not find the code, and the amount would be null.
TEST_F(Scans, RefuseANumberWhereAPathComparesATextWithIt) {
  const std::string view =
      R"({"resource":"Claim","select":[{"column":[{"name":"a","path":"item.where(code = '5').amount","type":"integer"}]}]})";
  const auto scan_of = [&](const std::string& code, bool errors_are_null) {
    auto scan = std::make_unique<Scan>(std::vector{request_table(view, {.errors_are_null = errors_are_null})},
                                       BatchBuilder::Limits());
    scan->read(each({file("a", R"({"resourceType":"Claim","item":[{"code":)" + code + R"(,"amount":1}]})")}));
    return scan;
  };
  for (const char* code : {"5", "true", R"({"x":"5"})"}) {
    const Error error = error_of([&] { run(*scan_of(code, false)); });
    EXPECT_EQ(error.status, Status::RECORD);
    EXPECT_NE(error.message.find("line 1 has a member \"code\" that is no text, although a path compares it with one"),
              std::string::npos)
        << error.message;
    const auto nulls = scan_of(code, true);
    EXPECT_EQ(run(*nulls), "0:1");
    EXPECT_EQ(nulls->nulled(), 1);
  }
  for (const char* code : {R"("5")", R"("6")", "null", R"(["4","5"])"}) EXPECT_EQ(run(*scan_of(code, false)), "0:1");
}

TEST_F(Scans, LeaveOutClaimsThatAreNotFinal) {
  const auto claim = [](const std::string& status, const std::string& tag) {
    return R"({"resourceType":"ExplanationOfBenefit","id":"1","status":")" + status +
           R"(","meta":{"profile":["p|2.2.0"],"tag":[{"system":"https://bluebutton.cms.gov/fhir/CodeSystem/Final-Action","code":")" +
           tag + "\"}]}}\n";
  };
  Scan scan({request_table("claim", {.final_only = true})}, {});
  scan.read(each({file("a", claim("active", "FinalAction") + claim("cancelled", "FinalAction") +
                                claim("entered-in-error", "FinalAction") + claim("active", "NotFinalAction"))}));
  EXPECT_EQ(run(scan), "0:1");
}

TEST_F(Scans, MayReadTheSameMemberOfResourcesOfSeveralTypes) {
  constexpr const char* kClinics =
      R"({"resource":"Organization","select":[{"column":[{"name":"name","path":"name","type":"string"}]}]})";
  Scan scan({request_table(kNames, {}), request_table(kClinics, {})}, {});
  scan.read(each({file("a", "{\"resourceType\":\"Organization\",\"name\":\"Clinic\"}\n")}));
  EXPECT_EQ(run(scan), "1:1");
}

TEST_F(Scans, HandOutNoRowsOfARecordThatFailed) {
  Scan scan({request_table(kNames, {})}, {.rows = 1});
  scan.read(each({file("a", "{\"resourceType\":\"Patient\",\"name\":[{},{},{\"family\":1}]}\n")}));
  EXPECT_EQ(error_of([&] { run(scan); }).status, Status::RECORD);
  EXPECT_EQ(run(scan), "");
}

TEST_F(Scans, BoundTheRowsOfOneRecord) {
  std::string items = "{}";
  for (int i = 0; i < 400; ++i) items += ",{}";
  const char* view =
      R"({"resource":"Basic","select":[{"forEach":"item","column":[{"name":"note","path":"%resource.note","type":"string"}]}]})";
  Scan scan({request_table(view, {})}, {});
  scan.read(each({file(
      "a", "{\"resourceType\":\"Basic\",\"note\":\"" + std::string(1 << 20, 'x') + "\",\"item\":[" + items + "]}\n")}));
  const Error error = error_of([&] { run(scan); });
  EXPECT_NE(error.message.find("line 1 makes more than 256 MiB"), std::string::npos) << error.message;
}

// Seventeen tables that each wait with almost a whole batch have more than 256 MiB together.
TEST_F(Scans, HandOutManyTablesAtTheEnd) {
  const std::string record = "{\"resourceType\":\"Basic\",\"note\":\"" + std::string(8'300'000, 'x') + "\"}\n";
  Scan scan(std::vector(17, request_table(kNotes, {})), {});
  scan.read(each({file("a", record + record)}));
  EXPECT_EQ(count(run(scan), ":2"), 17);
}

TEST_F(Scans, FillTheBatchesOfManyTablesAtOnce) {
  const std::string record = "{\"resourceType\":\"Basic\",\"note\":\"" + std::string(8'300'000, 'x') + "\"}\n";
  Scan scan(std::vector(17, request_table(kNotes, {})), {});
  scan.read(each({file("a", record + record + record)}));
  EXPECT_EQ(count(run(scan), ":3"), 17);
}

TEST_F(Scans, BoundTheRowsOfOneRecordInAllTables) {
  Scan scan(std::vector(17, request_table(kNotes, {})), {});
  scan.read(each({file("a", "{\"resourceType\":\"Basic\",\"note\":\"" + std::string(16'600'000, 'x') + "\"}\n")}));
  const Error error = error_of([&] { run(scan); });
  EXPECT_EQ(error.status, Status::RECORD);
  EXPECT_NE(error.message.find("line 1 makes more than 256 MiB"), std::string::npos) << error.message;
}

TEST_F(Scans, FindTheGenerationBehindPlaceholders) {
  std::string lines;
  for (int i = 0; i < 2000; ++i) lines += "{\"resourceType\":\"Patient\",\"id\":\"1\"}\n";
  EXPECT_EQ(generation_of(ndjson::Reader(file("a", lines + R"({"resourceType":"Patient","meta":{"profile":["x"]}})"))),
            Generation::v2);
}

TEST_F(Scans, RefuseARecordWithoutAResourceType) {
  Scan scan({request_table(kIds, {})}, {});
  scan.read(each({file("a", "{\"id\":\"1\"}\n")}));
  EXPECT_EQ(error_of([&] { run(scan); }).status, Status::RECORD);
}

TEST_F(Scans, RefuseAViewBeforeAnyFileIsOpened) {
  EXPECT_EQ(error_of([&] {
              Scan({request_table(R"({"resource":"Basic","select":[{"column":[{"name":"a","path":"@@"}]}]})", {})}, {});
            }).status,
            Status::INVALID_ARGUMENT);
}

TEST(Presets, AnUnknownNameIsAnErrorWithARemedy) {
  for (const auto& [name, remedy] : {
           std::pair("claim_lines", "there is no table \"claim_lines\"; did you mean \"claim_line\"?"),
           std::pair("Patient", "the tables of this resource type are beneficiary, beneficiary_identifier"),
           std::pair("ExplanationOfBenefit", "the tables of this resource type are claim, claim_amount,"),
           std::pair("Observation", "there are beneficiary, beneficiary_identifier, claim,"),
           std::pair("Observation", "A view (ViewDefinition) makes a table of any resource type"),
       })
    EXPECT_NE(error_of([&, name = name] { request_table(name, {}); }).message.find(remedy), std::string::npos) << name;
}

TEST_F(Scans, ReadOnlyTheLinesThatAreWanted) {
  const std::string path = file(
      "a", "{\"resourceType\":\"Patient\",\"id\":\"1\"}\nno record\n{\"resourceType\":\"Patient\",\"id\":\"3\"}\n");
  bool done = false;
  Scan scan({request_table(kIds, {})}, {});
  scan.read([&]() -> std::optional<ScanFile> {
    if (std::exchange(done, true)) return std::nullopt;
    return ScanFile{path, {}, [](std::int64_t line) { return line != 2; }};
  });
  EXPECT_EQ(run(scan), "0:2");
}

TEST_F(Scans, NameTheirTableInTheSchema) {
  const Scan scan({request_table("claim_line", {})}, {});
  ArrowSchema schema{};
  scan.schema(0, schema);
  const std::string_view entry(schema.metadata + 4, 4 + 10 + 4 + 10);  // after their number: lengths, name and value
  EXPECT_EQ(entry.substr(4, 10), "bcda.table");
  EXPECT_EQ(entry.substr(18), "claim_line");
  schema.release(&schema);
}

// The pieces of a scan's files: "0:id\n1\n 1:".
std::string pieces(Scan& scan, const char* format) {
  EncodedTables encoded(scan, format);
  std::string text;
  std::string_view piece;
  while (const auto table = encoded.next(piece))
    text += (text.empty() ? "" : " ") + std::to_string(*table) + ":" + std::string(piece);
  return text;
}

TEST_F(Scans, BecomeFilesPieceByPiece) {
  const std::string path = file("a", "{\"resourceType\":\"Patient\",\"id\":\"1\"}\n");
  Scan scan({request_table(kIds, {}), request_table(kNames, {})}, {});
  scan.read(each({path}));
  EXPECT_EQ(pieces(scan, "csv"), "0:id\n1\n 0: 1:family\n") << "a table without rows has its first line too";
}

TEST_F(Scans, WriteNothingMoreAfterAFailure) {
  Scan scan({request_table(kIds, {})}, {.rows = 1});
  scan.read(each({file("a", "{\"resourceType\":\"Patient\",\"id\":\"1\"}\nno record\n")}));
  EncodedTables encoded(scan, "csv");
  std::string_view piece;
  EXPECT_EQ(encoded.next(piece), 0u);
  EXPECT_EQ(error_of([&] { encoded.next(piece); }).status, Status::RECORD);
  EXPECT_EQ(encoded.next(piece), std::nullopt) << "the end of the file does not come";
}

// The rows of a table of these lines, as CSV without its first line.
std::string csv_rows(const std::string& table, const std::string& path, std::optional<Generation> generation = {}) {
  Scan scan({request_table(table, {})}, {});
  scan.read([&, done = false]() mutable -> std::optional<ScanFile> {
    if (std::exchange(done, true)) return std::nullopt;
    return ScanFile{path, generation};
  });
  EncodedTables encoded(scan, "csv");
  std::string text;
  std::string_view piece;
  while (encoded.next(piece)) text += piece;
  return text.substr(text.find('\n') + 1);
}

std::string sample(Generation generation, const std::string& type) {
  return BCDA_TABLE_TESTS "/samples/" + std::string(generation_name(generation)) + "/" + type + ".ndjson";
}

TEST_F(Scans, ReadEachRecordByItsOwnGeneration) {
  using G = Generation;
  for (const auto& [table, type] : {std::pair("claim", "ExplanationOfBenefit"),
                                    std::pair("claim_line", "ExplanationOfBenefit"), std::pair("coverage", "Coverage")})
    for (const auto& order :
         {std::array{G::stu3, G::v2, G::v3}, std::array{G::v3, G::v2, G::stu3}, std::array{G::v2, G::stu3, G::v3}}) {
      std::string lines, rows;
      for (const G generation : order) {
        lines += slurp(sample(generation, type));
        rows += csv_rows(table, sample(generation, type), generation);
      }
      EXPECT_EQ(csv_rows(table, file("mixed", lines)), rows) << table;
    }
}

// A missing meta is no sign of stu3, which has one.
TEST_F(Scans, ReadARecordWithoutMetaLikeTheOneBeforeIt) {
  const auto patient = [](const std::string& meta) {
    return R"({"resourceType":"Patient","id":"1",)" + meta +
           R"("identifier":[{"system":"http://hl7.org/fhir/sid/us-mbi","value":"1S00E00AA00"}]})" + "\n";
  };
  const std::string with = patient(R"("meta":{"profile":["p|2.2.0"]},)"), without = patient("");
  EXPECT_EQ(csv_rows("beneficiary", file("a", with + without)),
            csv_rows("beneficiary", file("b", with + without), Generation::v3));
}

TEST_F(Scans, ReadAPlaceholderLikeTheRecordBeforeIt) {
  const std::string path =
      file("a", slurp(sample(Generation::v3, "Patient")) + slurp(sample(Generation::v2, "Patient")));
  const std::string rows = csv_rows("beneficiary", path);
  EXPECT_EQ(rows, csv_rows("beneficiary", sample(Generation::v3, "Patient"), Generation::v3) +
                      csv_rows("beneficiary", sample(Generation::v2, "Patient"), Generation::v2));
}

TEST_F(Scans, RefuseAResourceWithoutAnIdInEveryPreset) {
  constexpr const char* kFilled =
      R"("item":[{"adjudication":[{"amount":{"value":1}}]}],"diagnosis":[{"diagnosisCodeableConcept":{}}],"procedure":[{}],)"
      R"("careTeam":[{}],"identifier":[{}],"supportingInfo":[{}],"information":[{}],)"
      R"("type":{"coding":[{"code":"PDE"}]},"payment":{"amount":{"value":1}},"meta":{"profile":["http://hl7.org/x|2.2.0"]})";
  for (const std::string& name : preset_names())
    for (const Generation generation : kGenerations) {
      const std::string type = request_table(name, {}).definition(generation).resource;
      const std::string path = file("a", R"({"resourceType":")" + type + R"(",)" + std::string(kFilled) + "}\n");
      const Error error = error_of([&] { csv_rows(name, path, generation); });
      EXPECT_EQ(error.status, Status::RECORD) << name;
      EXPECT_NE(error.message.find(path + ": the record in line 1 does not fit the column "), error.message.npos)
          << name << ": " << error.message;
      EXPECT_NE(error.message.find("_key: it has no value"), error.message.npos) << name << ": " << error.message;
    }
}

TEST_F(Scans, TakeTheGenerationThatIsGiven) {
  const std::string path = sample(Generation::v2, "ExplanationOfBenefit");
  EXPECT_NE(csv_rows("claim", path, Generation::stu3), csv_rows("claim", path));
}

TEST(Generations, AreToldByTheRecords) {
  EXPECT_EQ(generation_of_record(R"({"resourceType":"Patient","id":"1","link":[]})"), std::nullopt);
  EXPECT_EQ(generation_of_record(R"({"resourceType":"Patient","id":"1","identifier":[{}]})"), Generation::stu3);
  EXPECT_EQ(
      generation_of_record(R"({"resourceType":"Patient","meta":{"profile":["http://hl7.org/fhir/us/carin-bb/x"]}})"),
      Generation::v2);
  EXPECT_EQ(generation_of_record(R"({"resourceType":"Patient","meta":{"profile":["http://hl7.org/x|2.2.0"]}})"),
            Generation::v3);
  EXPECT_EQ(
      generation_of_record(R"({"resourceType":"Patient","extension":[{"url":"https://bluebutton.cms.gov/fhir/x"}]})"),
      Generation::v3);
}

}  // namespace
}  // namespace libbcda::tables
