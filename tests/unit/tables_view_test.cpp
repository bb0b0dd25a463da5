#include <gtest/gtest.h>

#include "support/errors.hpp"
#include "tables/record.hpp"
#include "tables/view.hpp"

namespace libbcda::tables {
namespace {

using test::error_of;

std::string show(const Cell& cell, const Column& column) {
  if (cell.is_null) return "null";
  const auto scalar = [&](const Scalar& value) {
    return column.type.kind == ValueKind::text ? std::string(value.text) : std::to_string(value.integer);
  };
  if (!column.type.is_list) return scalar(cell.scalar);
  std::string text = "[";
  for (const Scalar& item : cell.items) text += (text.size() > 1 ? "," : "") + scalar(item);
  return text + "]";
}

// The rows of a record, as "a,b c,d".
std::string rows(std::string_view view_json, std::string_view record, const ViewOptions& options = {},
                 std::int64_t* nulled = nullptr) {
  Projection projection;
  View view(parse_view_definition(view_json), options, projection);
  RecordParser parser(projection);
  std::string text;
  view.rows(parser.parse(record), [&](const std::vector<Cell>& row) {
    if (!text.empty()) text += ' ';
    for (std::size_t i = 0; i < row.size(); ++i) text += (i ? "," : "") + show(row[i], view.columns()[i]);
  });
  if (nulled) *nulled = view.nulled();
  return text;
}

std::string compile_error(std::string_view view_json, const ViewOptions& options = {}) {
  const Error error = error_of([&] { rows(view_json, R"j({"resourceType":"Patient"})j", options); });
  EXPECT_EQ(error.status, Status::INVALID_ARGUMENT);
  return error.message;
}

constexpr std::string_view kPatient =
    R"j({"resourceType":"Patient","id":"p","name":[{"family":"F","given":["A","B"]},{"family":"G"}],"contact":[{"n":1},{"n":2}],"born":"2018"})j";

TEST(View, SkipsOtherResources) {
  EXPECT_EQ(rows(R"j({"resource":"Coverage","select":[{"column":[{"name":"id","path":"id"}]}]})j", kPatient), "");
}

TEST(View, CrossesItsSelects) {
  EXPECT_EQ(rows(R"j({"resource":"Patient","select":[{"column":[{"name":"id","path":"id"}]},
      {"forEach":"name","column":[{"name":"family","path":"family"}]},{"forEach":"contact","column":[{"name":"n","path":"n"}]}]})j",
                 kPatient),
            "p,F,1 p,F,2 p,G,1 p,G,2");
}

TEST(View, FindsItsLiteralsBesideAViewThatReadsEverything) {
  Projection projection;
  View first(parse_view_definition(
                 R"j({"resource":"Claim","select":[{"column":[{"name":"id","path":"item.where(code = 'x').id"}]}]})j"),
             {}, projection);
  View second(
      parse_view_definition(
          R"j({"resource":"Claim","select":[{"repeat":["item"],"column":[{"name":"id","path":"where(code = 'y').id"}]}]})j"),
      {}, projection);
  RecordParser parser(projection);
  const Node& record = parser.parse(
      R"j({"resourceType":"Claim","item":[{"id":"1","code":"x"},{"id":"2","item":[{"id":"3","code":"y"}]}]})j");
  const auto ids = [&](View& view) {
    std::string text;
    view.rows(record, [&](const std::vector<Cell>& row) { text += show(row[0], view.columns()[0]) + " "; });
    return text;
  };
  EXPECT_EQ(ids(first), "1 ");
  EXPECT_EQ(ids(second), "null null 3 ");
}

TEST(View, RefusesAResourceThatFhirDoesNotHave) {
  const auto failure = [](const std::string& name) {
    return compile_error(R"j({"resource":")j" + name + R"j(","select":[{"column":[{"name":"id","path":"id"}]}]})j");
  };
  EXPECT_EQ(failure("ExplanationOfBenfit"),
            "the ViewDefinition is wrong at resource: \"ExplanationOfBenfit\" is no resource of FHIR; did you mean "
            "\"ExplanationOfBenefit\"?");
  EXPECT_NE(failure("patient").find("did you mean \"Patient\"?"), std::string::npos);
  EXPECT_NE(failure("DomainResource").find("is no resource of FHIR"), std::string::npos);
}

TEST(View, MayBeOfEveryResourceOfStu3AndR4) {
  for (const char* name : {"Account", "ReferralRequest", "BodySite", "ServiceRequest", "VisionPrescription"})
    EXPECT_EQ(
        rows(R"j({"resource":")j" + std::string(name) + R"j(","select":[{"column":[{"name":"id","path":"id"}]}]})j",
             R"j({"id":"1","resourceType":")j" + std::string(name) + R"j("})j"),
        "1");
}

constexpr const char* kRequired =
    R"j({"resource":"Patient","select":[{"column":[{"name":"key","path":"getResourceKey()","type":"string",
        "tag":[{"name":"bcda/required","value":"true"}]}]}]})j";

TEST(View, RefusesARecordWithoutARequiredValue) {
  constexpr std::string_view kKeyless = R"j({"resourceType":"Patient","name":[{"family":"F"}]})j";
  EXPECT_EQ(rows(kRequired, kPatient), "p");
  try {
    rows(kRequired, kKeyless);
    ADD_FAILURE();
  } catch (const RowError& error) {
    EXPECT_STREQ(error.what(), "does not fit the column key: it has no value (path \"getResourceKey()\")");
  }
  std::int64_t nulled = 0;
  EXPECT_EQ(rows(kRequired, kKeyless, {.errors_are_null = true}, &nulled), "null");
  EXPECT_EQ(nulled, 1);
  EXPECT_EQ(rows(kRequired, kPatient, {.values = Values::text}), "p");
}

TEST(View, HasNoRowsIfAPartHasNone) {
  EXPECT_EQ(
      rows(
          R"j({"resource":"Patient","select":[{"column":[{"name":"id","path":"id"}]},{"forEach":"none","column":[{"name":"x","path":"x"}]}]})j",
          kPatient),
      "");
}

TEST(View, MakesARowOfNullsForNothing) {
  EXPECT_EQ(
      rows(R"j({"resource":"Patient","select":[{"column":[{"name":"id","path":"id"}]},{"forEachOrNull":"none","column":[
      {"name":"x","path":"'literal'"},{"name":"i","path":"%rowIndex","type":"integer"},{"name":"l","path":"y","collection":true}],
      "select":[{"forEach":"z","column":[{"name":"z","path":"z"}]}]}]})j",
           kPatient),
      "p,null,0,null,null");
}

TEST(View, NumbersTheRowOfNullsHoweverTheRowIndexIsWritten) {
  for (const char* path : {"%rowIndex", "(%rowIndex)", "%`rowIndex`", "\\t%rowIndex // a comment"})
    EXPECT_EQ(rows(std::string(R"j({"resource":"Patient","select":[{"forEachOrNull":"none","column":[
                   {"name":"i","type":"integer","path":")j") +
                       path + R"j("}]}]})j",
                   kPatient),
              "0")
        << path;
}

// R and many readers of CSV cut a text there, or refuse the file.
TEST(View, TakesNoTextWithTheCharacterNul) {
  const std::string_view record = R"j({"resourceType":"Patient","id":"a\u0000b","x":{"y":"\u0000"}})j";
  for (const char* column :
       {R"j({"name":"v","path":"id"})j", R"j({"name":"v","path":"id","type":"string"})j",
        R"j({"name":"v","path":"id","collection":true})j", R"j({"name":"v","path":"'\\u0000'"})j",
        R"j({"name":"v","path":"x.y","type":"code","tag":[{"name":"ansi/type","value":"TEXT"}]})j"}) {
    const std::string view = std::string(R"j({"resource":"Patient","select":[{"column":[)j") + column + "]}]}";
    try {
      rows(view, record);
      ADD_FAILURE() << column;
    } catch (const RowError& error) {
      EXPECT_NE(std::string(error.what()).find("does not fit the column v: its value is not a text"), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find("U+0000"), std::string::npos) << error.what();
    }
    std::int64_t nulled = 0;
    EXPECT_EQ(rows(view, record, {.errors_are_null = true}, &nulled), "null") << column;
    EXPECT_EQ(nulled, 1);
  }
  EXPECT_EQ(rows(R"j({"resource":"Patient","select":[{"column":[{"name":"v","path":"x","type":"Coding"}]}]})j", record),
            R"({"y":"\u0000"})")
      << "JSON text has an escape";
}

TEST(View, ConcatenatesTheBranchesOfAUnion) {
  EXPECT_EQ(rows(R"j({"resource":"Patient","select":[{"column":[{"name":"id","path":"id"}],"unionAll":[
      {"forEach":"name","column":[{"name":"i","path":"%rowIndex","type":"integer"},{"name":"v","path":"family"}]},
      {"forEach":"contact","column":[{"name":"i","path":"%rowIndex","type":"integer"},{"name":"v","path":"n"}]}]}]})j",
                 kPatient),
            "p,0,F p,1,G p,0,1 p,1,2");
}

TEST(View, GivesListsAlsoOfNothing) {
  EXPECT_EQ(
      rows(
          R"j({"resource":"Patient","select":[{"forEach":"name","column":[{"name":"g","path":"given","collection":true}]}]})j",
          kPatient),
      "[A,B] []");
}

TEST(View, FiltersRecords) {
  const auto with = [](const std::string& where) {
    return R"j({"resource":"Patient","where":[{"path":")j" + where +
           R"j("}],"select":[{"column":[{"name":"id","path":"id"}]}]})j";
  };
  EXPECT_EQ(rows(with("name.exists(family = 'G')"), kPatient), "p");
  EXPECT_EQ(rows(with("name.exists(family = 'H')"), kPatient), "");
  EXPECT_EQ(rows(with("missing"), kPatient), "");
  EXPECT_THROW(rows(with("id"), kPatient), RowError);
  EXPECT_THROW(rows(with("name and true"), kPatient), RowError);
}

TEST(View, HandsOutTheColumnsThatAreAskedFor) {
  const std::string view =
      R"j({"resource":"Patient","select":[{"column":[{"name":"a","path":"id"},{"name":"b","path":"born"},{"name":"c","path":"none.fail"}]}]})j";
  EXPECT_EQ(rows(view, kPatient, {.columns = {"b", "a"}}), "2018,p");
  EXPECT_NE(compile_error(view, {.columns = {"bb"}}).find("did you mean \"b\""), std::string::npos);
  EXPECT_NE(compile_error(view, {.columns = {"a", "a"}}).find("asked for twice"), std::string::npos);
}

TEST(View, RefusesAValueThatDoesNotFitAndNeverShowsIt) {
  const std::string view =
      R"j({"resource":"Patient","select":[{"column":[{"name":"born","path":"born","type":"date","tag":[{"name":"ansi/type","value":"DATE"}]}]}]})j";
  try {
    rows(view, kPatient);
    ADD_FAILURE() << "a partial date became a date";
  } catch (const RowError& error) {
    EXPECT_NE(std::string(error.what()).find("column born"), std::string::npos);
    EXPECT_EQ(std::string(error.what()).find("2018"), std::string::npos);
  }
  EXPECT_THROW(rows(R"j({"resource":"Patient","select":[{"column":[{"name":"n","path":"name.family"}]}]})j", kPatient),
               RowError);
  EXPECT_THROW(rows(R"j({"resource":"Patient","select":[{"column":[{"name":"n","path":"name.first()"}]}]})j", kPatient),
               RowError);
  EXPECT_EQ(
      rows(R"j({"resource":"Patient","select":[{"column":[{"name":"n","path":"name.last()","type":"HumanName"}]}]})j",
           kPatient),
      R"j({"family":"G"})j");
}

TEST(View, CountsTheNullsThatTakeThePlaceOfErrors) {
  std::int64_t nulled = 0;
  EXPECT_EQ(
      rows(
          R"j({"resource":"Patient","select":[{"column":[{"name":"id","path":"id"},{"name":"n","path":"name.family"},{"name":"b","path":"born","type":"integer"}]}]})j",
          kPatient, {.errors_are_null = true}, &nulled),
      "p,null,null");
  EXPECT_EQ(nulled, 2);
}

TEST(View, MakesTextOfEverythingIfAsked) {
  EXPECT_EQ(
      rows(
          R"j({"resource":"Patient","select":[{"forEach":"contact","column":[{"name":"n","path":"n","type":"integer"}]}]})j",
          kPatient, {.values = Values::text}),
      "1 2");
}

TEST(View, ReadsRepeatsToTheirDepth) {
  EXPECT_EQ(
      rows(
          R"j({"resource":"Questionnaire","select":[{"repeat":["item"],"column":[{"name":"id","path":"id"},{"name":"i","path":"%rowIndex","type":"integer"}]}]})j",
          R"j({"resourceType":"Questionnaire","item":[{"id":"1","item":[{"id":"1.1"},{"id":"1.2"}]},{"id":"2"}]})j"),
      "1,0 1.1,1 1.2,2 2,3");
}

// Rows of several records, one after the other.
std::string rows_of_all(std::string_view view_json, std::initializer_list<std::string_view> records) {
  Projection projection;
  View view(parse_view_definition(view_json), {}, projection);
  RecordParser parser(projection);
  std::string text;
  for (const std::string_view record : records)
    view.rows(parser.parse(record), [&](const std::vector<Cell>& row) {
      for (std::size_t i = 0; i < row.size(); ++i) text += (i ? "," : " ") + show(row[i], view.columns()[i]);
    });
  return text;
}

TEST(View, KeepsNothingOfTheRecordBefore) {
  const std::string view =
      R"j({"resource":"Basic","select":[{"column":[{"name":"x","path":"defineVariable('x', ssn).select(%x)"}]}]})j";
  EXPECT_EQ(rows_of_all(view, {R"j({"resourceType":"Basic","ssn":"1"})j", R"j({"resourceType":"Basic"})j"}), " 1 null");
}

TEST(View, ListsTheRowIndexAnewInEachRow) {
  const std::string view =
      R"j({"resource":"Basic","select":[{"forEachOrNull":"a","column":[{"name":"i","path":"%rowIndex","type":"integer","collection":true}]}]})j";
  EXPECT_EQ(rows_of_all(view, {R"j({"resourceType":"Basic","a":["x","y"]})j", R"j({"resourceType":"Basic"})j"}),
            " [0] [1] [0]");
}

TEST(View, ReportsARowIndexThatDoesNotFit) {
  EXPECT_THROW(
      rows(
          R"j({"resource":"Patient","select":[{"forEachOrNull":"none","column":[{"name":"i","path":"%rowIndex","type":"boolean"}]}]})j",
          kPatient),
      RowError);
}

TEST(View, NamesThePathOfTheBranch) {
  try {
    rows(
        R"j({"resource":"Patient","select":[{"unionAll":[{"column":[{"name":"a","path":"id"}]},{"column":[{"name":"a","path":"name.family"}]}]}]})j",
        kPatient);
    ADD_FAILURE() << "two families became one value";
  } catch (const RowError& error) {
    EXPECT_NE(std::string(error.what()).find("name.family"), std::string::npos) << error.what();
  }
}

TEST(View, KeepsTheDigitsOfConstants) {
  EXPECT_EQ(
      rows(
          R"j({"resource":"Patient","constant":[{"name":"a","valueDecimal":0.10},{"name":"b","valueDecimal":12345678901234567.89}],
      "select":[{"column":[{"name":"a","path":"%a","type":"decimal"},{"name":"b","path":"%b","type":"decimal"}]}]})j",
          kPatient),
      "0.10,12345678901234567.89");
}

// A product without rows is work too, and so is a repeat.
// It would take minutes if each row looked at all items.
TEST(View, ReadsTheRecordOfEachOfManyRows) {
  std::string items = "{}";
  for (int i = 1; i < 200'000; ++i) items += ",{}";
  const std::string made = rows(
      R"j({"resource":"Basic","select":[{"forEach":"item","column":[{"name":"k","path":"%resource.getResourceKey()"}]}]})j",
      R"j({"resourceType":"Basic","item":[)j" + items + R"j(],"id":"k"})j");
  EXPECT_EQ(std::count(made.begin(), made.end(), 'k'), 200'000);
}

TEST(View, BoundsItsWork) {
  std::string elements = "1";
  for (int i = 0; i < 50; ++i) elements += ",1";
  const std::string record = R"j({"resourceType":"Basic","a":[)j" + elements + "]}";
  const std::string each = R"j({"forEach":"a","column":[]},)j";
  EXPECT_THROW(rows(R"j({"resource":"Basic","select":[)j" + each + each + each + each + each +
                        R"j({"forEach":"none","column":[{"name":"x","path":"x"}]}]})j",
                    record),
               RowError);
  std::string items = "{}";
  for (int i = 0; i < 20'000; ++i) items += ",{}";
  EXPECT_THROW(
      rows(
          R"j({"resource":"Basic","select":[{"forEach":"item","column":[{"name":"n","path":"%resource.item.count()","type":"integer"}]}]})j",
          R"j({"resourceType":"Basic","item":[)j" + items + "]}"),
      RowError);
  std::string nested = "{}";
  for (int i = 0; i < 60; ++i) nested = R"j({"item":)j" + nested + "}";
  EXPECT_THROW(
      rows(
          R"j({"resource":"Basic","select":[{"repeat":["item","item"],"select":[{"forEach":"none","column":[{"name":"x","path":"x"}]}]}]})j",
          R"j({"resourceType":"Basic","item":)j" + nested + "}"),
      RowError);
}

struct BadView {
  const char *json, *says;
};
class BadViews : public testing::TestWithParam<BadView> {};
TEST_P(BadViews, AreRefusedWithTheirPlace) {
  const std::string message = compile_error(GetParam().json);
  EXPECT_NE(message.find(GetParam().says), std::string::npos) << message;
}
INSTANTIATE_TEST_SUITE_P(
    All, BadViews,
    testing::Values(
        BadView{"x", "is not JSON"},
        BadView{R"j({"resource":"Basic","select":[{"column":[{"name":"a","path":"id"}]}]} x)j", "is not"},
        BadView{"[]", "an object is needed"}, BadView{"{}", "resource is missing"},
        BadView{R"j({"resource":"Basic"})j", "at select"},
        BadView{R"j({"resource":"Basic","select":[]})j", "at select"},
        BadView{R"j({"resource":"Basic","select":[{}]})j", "at least one column"},
        BadView{R"j({"resource":"Basic","select":[{"foreach":"item","column":[{"name":"a","path":"id"}]}]})j",
                "select[0].foreach: there is no such member; did you mean \"forEach\"?"},
        BadView{R"j({"resource":"Basic","select":[{"column":[{"name":"a","path":"id","collectoin":true}]}]})j",
                "select[0].column[0].collectoin: there is no such member; did you mean \"collection\"?"},
        BadView{R"j({"resource":"Basic","wher":[],"select":[{"column":[{"name":"a","path":"id"}]}]})j",
                "at wher: there is no such member; did you mean \"where\"?"},
        BadView{R"j({"resource":"Basic","where":[{"paht":"a"}],"select":[{"column":[{"name":"a","path":"id"}]}]})j",
                "at where[0].paht"},
        BadView{
            R"j({"resource":"Basic","constant":[{"nam":"c","valueString":"a"}],"select":[{"column":[{"name":"a","path":"id"}]}]})j",
            "at constant[0]"},
        BadView{R"j({"resource":"Basic","select":[{"column":[{"name":"a"}]}]})j",
                "select[0].column[0]: path is missing"},
        BadView{R"j({"resource":"Basic","select":[{"column":[{"name":"a b","path":"id"}]}]})j",
                "select[0].column[0].name"},
        BadView{R"j({"resource":"Basic","select":[{"column":[{"name":"a","path":"id"},{"name":"a","path":"id"}]}]})j",
                "two columns"},
        BadView{R"j({"resource":"Basic","select":[{"column":[{"name":"a","path":"id.foo("}]}]})j", "column a"},
        BadView{R"j({"resource":"Basic","select":[{"column":[{"name":"a","path":"id.foo("}]}]})j", "at position 8"},
        BadView{R"j({"resource":"Basic","select":[{"forEach":1}]})j", "select[0].forEach"},
        BadView{R"j({"resource":"Basic","select":[{"forEach":"a","forEachOrNull":"a"}]})j", "only one of"},
        BadView{R"j({"resource":"Basic","select":[{"column":[{"name":"a","path":"id","type":"strng"}]}]})j",
                "no data type"},
        BadView{
            R"j({"resource":"Basic","select":[{"column":[{"name":"a","path":"id","tag":[{"name":"ansi/type","value":"BLOB"}]}]}]})j",
            "ansi/type"},
        BadView{
            R"j({"resource":"Basic","select":[{"column":[{"name":"a","path":"id","tag":[{"name":"ansi/type","value":"DECIMAL(40,2)"}]}]}]})j",
            "ansi/type"},
        BadView{R"j({"resource":"Basic","select":[{"column":[{"name":"a","path":"id","collection":1}]}]})j",
                "true or false"},
        BadView{
            R"j({"resource":"Basic","constant":[{"name":"c","valueFooString":"x"}],"select":[{"column":[{"name":"a","path":"id"}]}]})j",
            "constant[0]: \"valueFooString\" is not"},
        BadView{R"j({"resource":"Basic","constant":[{"name":"c"}],"select":[{"column":[{"name":"a","path":"id"}]}]})j",
                "constant[0]"},
        BadView{R"j({"resource":"Basic","where":[{"path":"@@"}],"select":[{"column":[{"name":"a","path":"id"}]}]})j",
                "where[0]"},
        BadView{
            R"j({"resource":"Basic","select":[{"unionAll":[{"column":[{"name":"a","path":"id"}]},{"column":[{"name":"b","path":"id"}]}]}]})j",
            "unionAll"},
        BadView{
            R"j({"resource":"Basic","select":[{"unionAll":[{"column":[{"name":"a","path":"id"}]},{"column":[{"name":"a","path":"id","type":"integer"}]}]}]})j",
            "another type"}));

}  // namespace
}  // namespace libbcda::tables
