#include <gtest/gtest.h>

#include <string>

#include "tables/record.hpp"

namespace libbcda::tables {
namespace {

// Reads records of which some members are wanted, and shows their trees as "a{b=1 b=2}".
class Records {
 public:
  explicit Records(std::initializer_list<std::string_view> paths) {
    for (std::string_view path : paths) want(path);
  }

  std::string show(std::string_view line) { return members(parser_.parse(line)); }
  std::string failure(std::string_view line) {
    try {
      parser_.parse(line);
      return "";
    } catch (const MalformedRecord& malformed) {
      return malformed.what();
    }
  }
  const Node& parse(std::string_view line) { return parser_.parse(line); }

 private:
  void want(std::string_view path) {
    Wanted* wanted = &projection_.root();
    while (!path.empty()) {
      const std::size_t dot = std::min(path.find('.'), path.size());
      const std::string name(path.substr(0, dot));
      const MemberName member = projection_.names().add(name);
      if (names_.size() <= member.id) names_.resize(member.id + 1u);
      names_[member.id] = name;
      wanted = &projection_.want(*wanted, member.id);
      path.remove_prefix(std::min(dot + 1, path.size()));
    }
  }
  std::string members(const Node& object) const {
    std::string text;
    for (const Node* member = object.first; member; member = member->next) {
      if (!text.empty()) text += ' ';
      text += names_[member->name];
      if (member->type != FhirType::unknown) text += "[" + std::to_string(static_cast<int>(member->type)) + "]";
      text += member->first ? "{" + members(*member) + "}" : "=" + std::string(member->view());
    }
    return text;
  }

  Projection projection_;
  std::vector<std::string> names_;
  RecordParser parser_{projection_};
};

TEST(Record, HasTheWantedMembersInTheirOrder) {
  Records records({"id", "item.sequence", "item.code"});
  EXPECT_EQ(
      records.show(
          R"({"skipped":{"id":"no"},"item":[{"sequence":2,"x":[1,{"code":"no"}],"code":"a"},{"code":"b"}],"id":"7"})"),
      "item{sequence=2 code=a} item{code=b} id=7");
}

TEST(Record, TakesArraysAsSeveralMembersAndNullAsNone) {
  Records records({"a.b"});
  EXPECT_EQ(records.show(R"({"a":[{"b":["x","y"]},{"b":"z"},{"b":null},null]})"), "a{b=x b=y} a{b=z} a={\"b\":null}");
  EXPECT_EQ(records.show(R"({"a":[]})"), "");
  EXPECT_EQ(records.show(R"( { } )"), "");
}

TEST(Record, KeepsEveryDigitOfANumber) {
  Records records({"n"});
  for (const char* number :
       {"1.0", "0", "-0", "84888.88", "1e5", "1E-3", "12345678901234567890.10", "0.12345678901234567"})
    EXPECT_EQ(records.show("{\"n\":" + std::string(number) + "}"), "n=" + std::string(number));
}

TEST(Record, ReadsEscapesAndUnicode) {
  Records records({"t", "u"});
  EXPECT_EQ(records.show(R"({"t":"a\"b\\c\/d\n\t\u00e9\u20ac\ud83d\ude00","\u0075":"é"})"), "t=a\"b\\c/d\n\té€😀 u=é");
}

TEST(Record, KeepsTheTextOfObjects) {
  Records records({"a"});
  const Node& record = records.parse(R"({"a": {"b" : [1, 2]} , "c":1})");
  EXPECT_EQ(record.first->view(), R"({"b" : [1, 2]})");
  EXPECT_EQ(record.view(), R"({"a": {"b" : [1, 2]} , "c":1})");
}

TEST(Record, SplitsTheNamesOfChoiceElements) {
  Records records({"value"});
  const Node& record = records.parse(R"({"valueQuantity":{"x":1},"valueSet":1,"valuequantity":2,"values":3})");
  ASSERT_TRUE(record.first);
  EXPECT_EQ(record.first->type, FhirType::Quantity);
  EXPECT_EQ(record.first->next, nullptr) << "ValueSet is no data type";
}

TEST(Record, RefusesWhatIsNoJsonObject) {
  Records records({"a"});
  EXPECT_NE(records.failure({}), "") << "an empty line without an address";
  for (const char* line : {"",
                           "[]",
                           "1",
                           "\"a\"",
                           "null",
                           "{",
                           "}",
                           "{}{}",
                           "{} 1",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{,\"a\":1}",
                           "{\"a\":1 \"b\":2}",
                           "{\"a\" 1}",
                           "{a:1}",
                           "{1:1}",
                           "{\"a\":[1,]}",
                           "{\"a\":[1 2]}",
                           "{\"a\":[1}",
                           "{\"a\":{]}",
                           "{\"a\":tru}",
                           "{\"a\":truee}",
                           "{\"a\":nul}",
                           "{\"a\":01}",
                           "{\"a\":1.}",
                           "{\"a\":.5}",
                           "{\"a\":+1}",
                           "{\"a\":1e}",
                           "{\"a\":--1}",
                           "{\"a\":NaN}",
                           "{\"a\":0x1}",
                           "{\"a\":\"\\q\"}",
                           "{\"a\":\"\\u12\"}",
                           "{\"a\":\"\\ud800\"}",
                           "{\"a\":\"\\udc00\"}",
                           "{\"a\":\"x}",
                           "{\"a\":\"\x01\"}",
                           "{\"a\":\"\xff\"}",
                           "{\"a\":\"x\"y}",
                           "{\"a\":\"x\"\"y\"}"}) {
    EXPECT_NE(records.failure(line), "") << line;
    std::string skipped = line;  // the same in a member that is not wanted
    for (std::size_t at; (at = skipped.find("\"a\"")) != std::string::npos;) skipped.replace(at, 3, "\"z\"");
    EXPECT_NE(records.failure(skipped), "") << skipped;
  }
}

TEST(Record, SaysWhereTheDamageIs) {
  Records records({"a"});
  EXPECT_NE(records.failure(R"({"a":tru})").find("at byte"), std::string::npos);
  EXPECT_EQ(records.failure(R"({"a":1} x)"), "has text after its JSON object");
  EXPECT_EQ(records.failure(R"([1])"), "is not a JSON object");
}

TEST(Record, NeverShowsTheRecord) {
  Records records({"a"});
  for (const char* line : {R"({"a":"Smith)", R"({"a":Smith})", R"({"Smith":1,})", R"(Smith)"})
    EXPECT_EQ(records.failure(line).find("Smith"), std::string::npos);
}

TEST(Record, RefusesAMemberThatComesTwice) {
  Records records({"a.b"});
  EXPECT_EQ(records.failure(R"({"a":1,"a":2})"), "has an object with the same member twice");
  EXPECT_EQ(Records({"a.a"}).failure(R"({"a":{"a":1},"a":{"a":2}})"), "has an object with the same member twice");
  EXPECT_EQ(records.failure(R"({"a":[{"b":1},{"b":2}]})"), "");
}

TEST(Record, RefusesAnArrayWithinAnArray) {
  EXPECT_NE(Records({"a"}).failure(R"({"a":[[1]]})"), "");
  EXPECT_EQ(Records({"a"}).failure(R"({"z":[[1]]})"), "");
}

TEST(Record, BoundsItsDepth) {
  const auto nested = [](const std::string& name, int levels) {
    std::string text;
    for (int i = 0; i < levels; ++i) text += "{\"" + name + "\":";
    return text + "1" + std::string(static_cast<std::size_t>(levels), '}');
  };
  Projection projection;
  projection.names().add("a");
  projection.want_everything();
  RecordParser parser(projection);
  for (const char* name : {"a", "z"}) {
    EXPECT_NO_THROW(parser.parse(nested(name, 400)));
    EXPECT_THROW(parser.parse(nested(name, 10'000)), MalformedRecord);
  }
}

TEST(Record, ReadsManyAfterEachOther) {
  Records records({"a.b"});
  for (int size = 1; size < 100'000; size *= 7) {
    std::string line = R"({"a":[{"b":0})";
    for (int i = 1; i < size; ++i) line += R"(,{"b":1})";
    const Node& record = records.parse(line + "]}");
    int count = 0;
    for (const Node* member = record.first; member; member = member->next) ++count;
    EXPECT_EQ(count, size);
  }
}

}  // namespace
}  // namespace libbcda::tables
