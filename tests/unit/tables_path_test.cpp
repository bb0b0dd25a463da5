#include <gtest/gtest.h>

#include "support/errors.hpp"
#include "tables/path_compiler.hpp"
#include "tables/record.hpp"

namespace libbcda::tables {
namespace {

constexpr std::string_view kClaim =
    R"({"resourceType":"Claim","id":"c-1","active":true,"total":1.50,"note":"Ärzte & Co",
 "item":[{"sequence":2,"modifier":["A","B"],"amount":{"value":10.00},"coding":[{"system":"s","code":"X"},{"system":"t","code":"Y"}]},
         {"sequence":7,"modifier":["C"],"amount":{"value":2.5},"coding":{"system":"s","code":"Z"}}],
 "valueQuantity":{"value":3},"servicedPeriod":{"start":"2018-05-01","end":"2018-05-09"},"birthDate":"1970-06","text":"1970-06",
 "careTeam":[{"sequence":2,"npi":"111"},{"sequence":7,"npi":"222"}],"careTeamSequence":[9],
 "patient":{"reference":"Patient/-10"},"provider":{"reference":"#org"},"other":{"reference":"https://h/fhir/Coverage/part-a-1/_history/3"},
 "extension":[{"url":"u1","valueMoney":{"value":9}},{"url":"u2","valueString":"x"}],"big":12345678901234567890})";

// Evaluates paths on a record; the result is its values, separated by blanks.
std::string evaluate(std::string_view path, std::string_view record = kClaim) {
  Projection projection;
  NodeMemory literals;
  PathContext context{projection, "Claim", {}, literals};
  Node constant;
  constant.text = "X";
  constant.size = 1;
  constant.kind = NodeKind::string;
  context.constants["x"] = &constant;
  const CompiledPath compiled = compile_path(path, {&projection.root()}, context);
  RecordParser parser(projection);
  Frame frame;
  frame.variables.resize(context.variables);
  const Node& root = parser.parse(record);
  frame.begin(root);
  std::string text;
  compiled.expression->each({frame, &root, 0, 5}, [&](const Node& node) {
    if (!text.empty()) text += ' ';
    text += node.view();
    return true;
  });
  return text;
}

struct Case {
  const char *path, *result;
};

class Paths : public testing::TestWithParam<Case> {};

TEST_P(Paths, GiveTheirValues) { EXPECT_EQ(evaluate(GetParam().path), GetParam().result) << GetParam().path; }

// A condition is not evaluated where no member within $this has its literal.
INSTANTIATE_TEST_SUITE_P(
    Literals, Paths,
    testing::Values(Case{"item.where(coding.exists(code = 'Z')).sequence", "7"},
                    Case{"item.where(coding.exists(code = 'Q')).sequence", ""},
                    Case{"item.coding.where(system = 's').code", "X Z"}, Case{"item.coding.where(system = %x)", ""},
                    Case{"item.coding.where(code = %x).system", "s"}, Case{"item.modifier.where($this = 'B')", "B"},
                    Case{"item.modifier.select(lower()).where($this = 'b')", "b"},
                    Case{"item.where(coding.code = 'Z').sequence", "7"}, Case{"item.where(coding.code = 'X')", ""},
                    Case{"item.where(coding.where(system = 's').code = 'X').sequence", "2"},
                    Case{"item.where(coding.exists(system = 't' and code = 'Y')).sequence", "2"},
                    Case{"item.where(coding.exists(system = 't' and code = 'X')).sequence", ""},
                    Case{"item.where(coding.exists(code = 'Q' or code = 'Z')).sequence", "7"},
                    Case{"item.where(coding.exists(code = 'Z').not()).sequence", "2"},
                    Case{"item.where(coding.exists(code = 'Z') = false).sequence", "2"},
                    Case{"item.where(coding.exists(code != 'Z')).sequence", "2"},
                    Case{"item.where(coding.first().code = 'X' and sequence = 2).sequence", "2"},
                    Case{"item.coding.where($this.code = 'X').system", "s"},
                    Case{"item.where($index = 1 or coding.exists(code = 'Y')).sequence", "2 7"},
                    Case{"item.coding.where(code = 'Y' or system = 's').where($index = 2).code", "Z"},
                    Case{"%resource.item.where(coding.exists(code = 'Z')).sequence", "7"},
                    Case{"defineVariable('i', item).select(%i.where(coding.exists(code = 'Z')).sequence)", "7"},
                    Case{"extension('u2').value", "x"}, Case{"extension('u3').value", ""},
                    Case{"extension.where(value.ofType(string) = 'x').url", "u2"},
                    Case{"where(birthDate.ofType(date) = '1970-06').id", "c-1"},
                    Case{"where(note = 'Ärzte & Co').id", "c-1"}, Case{"where(total = '1.50').id", ""},
                    Case{"where(missing = '').id", ""}));

INSTANTIATE_TEST_SUITE_P(Members, Paths,
                         testing::Values(Case{"id", "c-1"}, Case{"Claim.id", "c-1"}, Case{"item.sequence", "2 7"},
                                         Case{"item.modifier", "A B C"}, Case{"item.modifier[0]", "A"},
                                         Case{"item.modifier[2]", "C"}, Case{"item.modifier[3]", ""},
                                         Case{"item[1].modifier", "C"}, Case{"item.coding.code", "X Y Z"},
                                         Case{"missing.member", ""}, Case{"`id`", "c-1"},
                                         Case{"item.where(sequence = 7).coding.code", "Z"}, Case{"$this.id", "c-1"},
                                         Case{"item.select($index)", "0 1"}, Case{"%rowIndex", "5"},
                                         Case{"item.first().sequence", "2"}, Case{"item.last().sequence", "7"},
                                         Case{"item.tail().sequence", "7"}, Case{"item.skip(1).sequence", "7"},
                                         Case{"item.take(1).sequence", "2"}, Case{"item.take(0).sequence", ""},
                                         Case{"item[careTeam.count() - 1].sequence", "7"},
                                         Case{"big", "12345678901234567890"}, Case{"total", "1.50"}));
INSTANTIATE_TEST_SUITE_P(Choices, Paths,
                         testing::Values(Case{"value.ofType(Quantity).value", "3"}, Case{"valueQuantity.value", "3"},
                                         Case{"value.value", "3"}, Case{"value.ofType(Money)", ""},
                                         Case{"serviced.ofType(Period).start", "2018-05-01"},
                                         Case{"servicedPeriod.end", "2018-05-09"}, Case{"careTeam.sequence", "2 7"},
                                         Case{"birthDate", "1970-06"}, Case{"value is Quantity", "true"},
                                         Case{"missing is boolean", ""}, Case{"(value as Quantity).value", "3"},
                                         Case{"extension.value.ofType(Money).value", "9"},
                                         Case{"extension('u2').value.ofType(string)", "x"},
                                         Case{"total.ofType(decimal)", "1.50"}, Case{"total.ofType(integer)", ""},
                                         Case{"item.sequence.ofType(integer)", "2 7"},
                                         Case{"active.ofType(boolean)", "true"}, Case{"id.ofType(string)", "c-1"}));
INSTANTIATE_TEST_SUITE_P(Logic, Paths,
                         testing::Values(Case{"active and true", "true"}, Case{"{} and false", "false"},
                                         Case{"{} and true", ""}, Case{"{} or true", "true"}, Case{"{} or false", ""},
                                         Case{"true xor true", "false"}, Case{"false implies {}", "true"},
                                         Case{"true implies {}", ""}, Case{"active.not()", "false"},
                                         Case{"missing.not()", ""}, Case{"item.exists()", "true"},
                                         Case{"missing.exists()", "false"}, Case{"item.exists(sequence = 7)", "true"},
                                         Case{"item.empty()", "false"}, Case{"item.all(sequence > 1)", "true"},
                                         Case{"item.all(sequence > 2)", "false"},
                                         Case{"item.where(amount).sequence", "2 7"}, Case{"id and true", "true"}));
INSTANTIATE_TEST_SUITE_P(
    Comparisons, Paths,
    testing::Values(Case{"1 = 1.0", "true"}, Case{"total = 1.5", "true"}, Case{"'a' = 'b'", "false"},
                    Case{"'1' = 1", "false"}, Case{"missing = 1", ""}, Case{"missing != 1", ""},
                    Case{"item.sequence = 2", "false"}, Case{"id = missing.last()", ""},
                    Case{"item.coding.code = 'X'", "false"}, Case{"item.coding.exists(code = 'X')", "true"},
                    Case{"1 != 2", "true"}, Case{"2 < 10", "true"}, Case{"'2' < '10'", "false"},
                    Case{"@2018-05-01 < @2018-05-02", "true"}, Case{"@2018 < @2018-05", ""},
                    Case{"@T12:34 < @T12:34:00", ""}, Case{"@T12:34:00 < @T12:35:00", "true"},
                    Case{"birthDate < @1980", "true"}, Case{"total >= 1.5 and total <= 1.5", "true"},
                    Case{"'Ab ' ~ 'aB'", "true"}, Case{"'a' !~ 'b'", "true"}, Case{"2 in item.sequence", "true"},
                    Case{"item.sequence contains 3", "false"}, Case{"item.amount[0] = item.amount.first()", "true"},
                    Case{"id = %x", "false"}, Case{"item.coding.where(code = %x).system", "s"}));
INSTANTIATE_TEST_SUITE_P(Arithmetic, Paths,
                         testing::Values(Case{"1 + 2 * 3", "7"}, Case{"(1 + 2) * 3", "9"}, Case{"3 / 2", "1.5"},
                                         Case{"1 / 0", ""}, Case{"7 div 2", "3"}, Case{"-7 mod 2", "-1"},
                                         Case{"0.1 + 0.2", "0.3"}, Case{"-total", "-1.50"}, Case{"'a' + 'b'", "ab"},
                                         Case{"'a' & missing & 'b'", "ab"}, Case{"1 + missing", ""},
                                         Case{"big + 1", "12345678901234567891"},
                                         Case{"item.sequence | 7 | 8", "2 7 8"}, Case{"item.sequence.union(7)", "2 7"},
                                         Case{"item.coding.system.distinct()", "s t"},
                                         Case{"item.amount.distinct().value", "10.00 2.5"},
                                         Case{"(1 | 1.0 | '1')", "1 1"}, Case{"item.count()", "2"}));
INSTANTIATE_TEST_SUITE_P(
    Functions, Paths,
    testing::Values(
        Case{"getResourceKey()", "c-1"}, Case{"patient.getReferenceKey()", "-10"},
        Case{"patient.getReferenceKey(Patient)", "-10"}, Case{"patient.getReferenceKey(Coverage)", ""},
        Case{"provider.getReferenceKey()", ""}, Case{"other.getReferenceKey(Coverage)", "part-a-1"},
        Case{"item.modifier.join(',')", "A,B,C"}, Case{"item.modifier.join()", "ABC"}, Case{"missing.join(',')", ""},
        Case{"iif(active, 'y', 'n')", "y"}, Case{"iif(missing, 'y', 'n')", "n"}, Case{"iif(false, 'y')", ""},
        Case{"note.substring(0, 2)", "Är"}, Case{"note.substring(1)", "rzte & Co"}, Case{"note.substring(50)", ""},
        Case{"note.substring(-1)", ""}, Case{"note.length()", "10"}, Case{"note.indexOf('z')", "2"},
        Case{"note.indexOf('q')", "-1"}, Case{"note.contains('&')", "true"}, Case{"note.startsWith('Ä')", "true"},
        Case{"note.endsWith('Co')", "true"}, Case{"id.replace('-', '')", "c1"}, Case{"id.upper()", "C-1"},
        Case{"total.toString() & ''", "1.50"}, Case{"'12'.toInteger() + 1", "13"}, Case{"'x'.toInteger()", ""},
        Case{"'1.5'.toDecimal() * 2", "3.0"}, Case{"'yes'.toBoolean()", "true"}, Case{"'0001'.toInteger()", "1"},
        Case{"'-00.50'.toDecimal()", "-0.50"}, Case{"'\\uD83D\\uDE00'", "😀"},
        Case{"text.ofType(dateTime).highBoundary()", "1970-06-30T23:59:59.999-12:00"},
        Case{"defineVariable('s', item.first().sequence).select(%resource.careTeam.where(sequence = %s).npi)", "111"},
        Case{"item.defineVariable('s', sequence).select(%s)", "2 7 2 7"}, Case{"1.0.lowBoundary()", "0.95"},
        Case{"birthDate.highBoundary()", "1970-06-30"}, Case{"'it\\'s \\u0041' // a comment", "it's A"},
        Case{"'\\u00e9\\u20AC\\ud83d\\ude00'", "\u00e9\u20ac\U0001f600"}, Case{"/* one */ id", "c-1"}));

struct BadPath {
  const char* path;
  std::size_t position;
  const char* reason;
};
class BadPaths : public testing::TestWithParam<BadPath> {};

TEST_P(BadPaths, AreRefusedWithTheirPlace) {
  try {
    evaluate(GetParam().path);
    ADD_FAILURE() << GetParam().path << " was accepted";
  } catch (const PathError& error) {
    EXPECT_EQ(error.position, GetParam().position) << GetParam().path << ": " << error.what();
    EXPECT_NE(std::string(error.what()).find(GetParam().reason), std::string::npos) << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, BadPaths,
    testing::Values(BadPath{"", 0, "empty"}, BadPath{"@@", 0, "a date or a time"}, BadPath{"a.", 2, "expected a name"},
                    BadPath{"a b", 2, "goes on"}, BadPath{"a.where(b", 9, "expected )"},
                    BadPath{"a[0", 3, "expected ]"}, BadPath{"'abc", 0, "not closed"}, BadPath{"a /* b", 2, "no end"},
                    BadPath{"%nothing", 0, "not defined"}, BadPath{"a.fist()", 2, "did you mean first()"},
                    BadPath{"a.first(1)", 2, "takes 0 arguments"}, BadPath{"a.ofType(Nothing)", 9, "no data type"},
                    BadPath{"contained.ofType(Organization)", 17, "where(resourceType = 'Patient')"},
                    BadPath{"a.ofType(nothing)", 9, "no data type of FHIR"},
                    BadPath{"a.ofType(1)", 9, "name of a type"}, BadPath{"1 + ", 4, "a value is missing"},
                    BadPath{"a # b", 2, "no meaning"}, BadPath{"'\\q'", 1, "escape"},
                    BadPath{"$that", 1, "this or index"},
                    BadPath{"iif(active, defineVariable('v', id).id, {}).union(%v)", 50, "not defined"},
                    BadPath{"'\\uD83D'", 1, "surrogates"}, BadPath{"'\\uDE00'", 1, "surrogates"},
                    BadPath{"'\\uD83D\\u0041'", 1, "surrogates"}, BadPath{"'\\u00'", 1, "four"},
                    BadPath{"'\\u-041'", 1, "four"}, BadPath{"a.substring()", 2, "1 to 2"},
                    BadPath{"a.defineVariable(b)", 17, "must be a text"}, BadPath{"\xE2\x80\x98x", 0, "no meaning"}));

TEST(Paths, MayNotBeNestedForever) {
  EXPECT_THROW(evaluate(std::string(100'000, '(') + "1"), PathError);
  EXPECT_THROW(evaluate(std::string(100'000, '-') + "1"), PathError);
  std::string chain = "a";
  for (int i = 0; i < 100'000; ++i) chain += ".a";
  EXPECT_THROW(evaluate(chain), PathError);
  std::string deep = std::string(150, '(') + "a";
  for (int i = 0; i < 150; ++i) {
    for (int k = 0; k < 190; ++k) deep += ".a";
    deep += ')';
  }
  EXPECT_THROW(evaluate(deep), PathError);
  std::string sum = "1";
  for (int i = 0; i < 100'000; ++i) sum += "+1";
  EXPECT_THROW(evaluate(sum), PathError);
}

TEST(Paths, CompareObjectsByTheirMembersAndAllDigits) {
  const auto distinct = [](const std::string& objects) {
    return evaluate("a.distinct().count()", R"j({"resourceType":"Claim","a":[)j" + objects + "]}");
  };
  EXPECT_EQ(distinct(R"j({"v":9007199254740993.0},{"v":9007199254740992.0})j"), "2");
  EXPECT_EQ(distinct(R"j({"v":1.0,"w":[1,{"x":"A"}]},{ "w" : [ 1.00 , {"x":"\u0041"} ] , "v" : 1 })j"), "1");
  EXPECT_EQ(distinct(R"j({"v":[]},{"v":[1]},{"v":{}},{"v":null},{"v":true})j"), "5");
  std::string many;
  for (int i = 0; i < 20'000; ++i) many += (i ? "," : "") + std::string("{\"v\":") + std::to_string(i) + "}";
  EXPECT_EQ(distinct(many), "20000");
}

TEST(Paths, FindLiteralsThatTheRecordEscapes) {
  EXPECT_EQ(
      evaluate("item.where(code = 'X').id", R"j({"item":[{"id":"1","code":"\u0058"},{"id":"2","code":"\u0059"}]})j"),
      "1");
}

TEST(Paths, FindEachOfVeryManyLiterals) {
  std::string any, items;
  for (int i = 0; i < 200; ++i) {
    const std::string number = std::to_string(i);
    any += (i ? " or code = 'c" : "code = 'c") + number + "'";
    items += (i ? ",{\"code\":\"c" : "{\"code\":\"c") + number + "\"}";
  }
  const std::string record = "{\"item\":[" + items + ",{\"code\":\"d\"}]}";
  EXPECT_EQ(evaluate("item.where(" + any + ").count()", record), "200");
  EXPECT_EQ(evaluate("item.where(code = 'c199').count()", record), "1");
}

// What a condition refuses does not depend on the literals of the record.
TEST(Paths, RefuseTheSameWithoutTheLiteral) {
  for (const char* path : {"item.where(missing = 'Q' and modifier < 'B')",
                           "item.where(coding.code = 'Q' or 1 + modifier = 2)", "item.where(modifier.lower() = 'Q')"})
    EXPECT_THROW(evaluate(path), EvaluationError) << path;
}

TEST(Paths, ThatNeedOneValueRefuseSeveral) {
  for (const char* path : {"item.sequence is integer", "item.sequence + 1", "item.sequence < 3",
                           "item.modifier.upper()", "item.modifier and true", "iif(item.modifier, 1, 2)", "'a' < 1",
                           "true + 1", "id + 1", "item.amount < item.amount", "note.substring(item.sequence)"})
    EXPECT_THROW(evaluate(path), EvaluationError) << path;
}

}  // namespace
}  // namespace libbcda::tables
