// Reading receipts.
#include <gtest/gtest.h>

#include "runtime/run.hpp"
#include "support/errors.hpp"
#include "support/files.hpp"

namespace libbcda::runtime {
namespace {

using test::error_of;
using test::holds;

const std::string kFile =
    R"({"type":"Patient","path":"Patient.a.ndjson","bytes":12,"records":3,"sha256":"00ff","decrypted":true,"url":"https://h/a"})";

std::string receipt(const std::string& files, const std::string& errors = "[]") {
  return R"({"transactionTime":"2019-09-20T14:47:33Z","started":"2019-09-20T15:00:00Z","finished":"2019-09-20T15:00:01.5Z","files":)" +
         files + R"(,"errors":)" + errors + "}";
}

std::string with(std::string text, const std::string& from, const std::string& to) {
  text.replace(text.find(from), from.size(), to);
  return text;
}

TEST(Receipt, ListsWhatTheExportProduced) {
  std::string text = receipt("[" + kFile + "]", "[" + with(kFile, "Patient.a", "error/b") + "]");
  RunResult result = read_receipt(text, "/claims/");
  EXPECT_EQ(result.receipt(), text);
  EXPECT_EQ(result.transaction_time, "2019-09-20T14:47:33Z");
  EXPECT_EQ(result.elapsed, Milliseconds(1500));
  ASSERT_EQ(result.files->size(), 2u);
  const FileResult file = (*result.files)[0].result();
  EXPECT_EQ(file.type, "Patient");
  EXPECT_EQ(file.path, "/claims/Patient.a.ndjson");
  EXPECT_EQ(file.url, "https://h/a");
  EXPECT_EQ(file.facts.bytes, 12);
  EXPECT_EQ(file.facts.records, 3);
  EXPECT_EQ(file.facts.sha256, "00ff");
  EXPECT_TRUE(file.facts.decrypted());
  EXPECT_EQ(file.kind, FileKind::data);
  EXPECT_TRUE((*result.files)[1].is_error());
  EXPECT_STREQ((*result.files)[1].path(), "/claims/error/b.ndjson");
  EXPECT_STREQ((*read_receipt(text, "").files)[0].path(), "Patient.a.ndjson");
}

TEST(Receipt, HasTheRequestedTypesIfItListsThem) {
  const std::string plain = receipt("[]");
  EXPECT_TRUE(read_receipt(plain, "").types.empty());
  const auto types = [&](const char* listed) {
    return read_receipt(R"({"types":)" + std::string(listed) + "," + plain.substr(1), "").types;
  };
  EXPECT_EQ(types(R"(["Patient","Coverage"])"), (std::vector<std::string>{"Patient", "Coverage"}));
  for (const char* nothing : {"[]", "7", R"("Patient")", R"([1])", R"([""])", R"(["a,b"])", R"(["a\u0000"])"})
    EXPECT_TRUE(types(nothing).empty()) << nothing;
}

TEST(Receipt, ThatIsNoReceiptIsRefused) {
  std::string good = receipt("[" + kFile + "]");
  for (const std::string& bad :
       {std::string(), std::string("nonsense"), std::string("[]"), std::string("{}"), good.substr(1),
        with(good, "\"errors\"", "\"error\""), with(good, "14:47:33Z\"", "14:47:33Z\\u0000\""),
        with(good, "\"2019-09-20T15:00:00Z\"", "7"), with(good, "2019-09-20T15:00:00Z", "then"), receipt("{}"),
        receipt("[1]"), receipt("[{}]")})
    EXPECT_TRUE(holds(error_of([&] { read_receipt(bad, "claims"); }).message, "claims/export.json is not the receipt"))
        << bad;
  for (const auto& [from, to] : {std::pair<std::string, std::string>{":12", ":-1"},
                                 {":12", ":1.5"},
                                 {":3", ":\"3\""},
                                 {":true", ":1"},
                                 {"\"Patient\"", "null"},
                                 {"Patient.a", "a\\u0000b"}})
    EXPECT_EQ(error_of([&] { read_receipt(with(good, from, to), "claims"); }).status, Status::FILESYSTEM) << from;
}

TEST(Receipt, HasNoPathsOutsideTheDirectory) {
  for (const char* path : {"", "/etc/passwd", "../secret", "error/../../x", ".."}) {
    std::string text = receipt("[" + with(kFile, "Patient.a.ndjson", path) + "]");
    EXPECT_TRUE(holds(error_of([&] { read_receipt(text, "claims"); }).message, "leads elsewhere"));
  }
  EXPECT_STREQ((*read_receipt(receipt("[" + with(kFile, "Patient.a", "..a..") + "]"), "c").files)[0].path(),
               "c/..a...ndjson");
}

TEST(Receipt, ListsPartsOfTablesAndTheFilesForWhichTheyStand) {
  const std::string part = R"({"table":"x","path":"tables/claim/00001.arrow","rows":2,"bytes":3,"sha256":"0f"})";
  const auto with_tables = [&](const std::string& tables) {
    return read_receipt(R"({"tables":)" + tables + "," +
                            receipt("[" + with(kFile, R"("type")", R"("inTables":true,"type")") + "]").substr(1),
                        "claims");
  };
  const RunResult result = with_tables("[" + part + "]");
  ASSERT_EQ(result.parts.size(), 1u);
  EXPECT_EQ(result.parts[0].path, "claims/tables/claim/00001.arrow");
  EXPECT_EQ(result.parts[0].bytes, 3);
  EXPECT_TRUE((*result.files)[0].in_tables());
  for (const std::string& wrong :
       {std::string("7"), std::string("[7]"), "[" + with(part, "tables/claim", "tables/..") + "]",
        "[" + with(part, "tables/claim", "claim") + "]", "[" + with(part, "3", "-3") + "]",
        "[" + with(part, R"("sha256")", R"("sha")") + "]"})
    EXPECT_TRUE(holds(error_of([&] { with_tables(wrong); }).message, "is not the receipt of an export")) << wrong;
}

TEST(Receipt, IsNotThereBeforeTheExportHasFinished) {
  test::TempDir dir;
  EXPECT_TRUE(holds(error_of([&] { open_receipt(dir.path()); }).message, "no export has finished there"));
  test::spill(dir.path() + "/export.json", receipt("[]"));
  EXPECT_TRUE(open_receipt(dir.path()).files->empty());
}

}  // namespace
}  // namespace libbcda::runtime
