#include "base/json.hpp"

#include <gtest/gtest.h>

namespace libbcda {
namespace {

std::string nested(int depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(ParseJson, ReadsEachKindOfValue) {
  for (const char* text : {"null", "true", "12", "-1.5", "\"x\"", "[]", "{}", "{\"a\":[1,{\"b\":null}]}", " \n{} "})
    EXPECT_TRUE(parse_json(text)) << text;
  EXPECT_EQ(parse_json("12")->as_int64(), 12);
  EXPECT_EQ(parse_json("{\"a\":\"\\u00e9\"}")->at("a").as_string(), "\xC3\xA9");
}

TEST(ParseJson, RefusesWhatIsNotJson) {
  for (const char* text : {"", " ", "\n", "{", "[1,", "\"x", "{\"a\":}", "tru", "<html>", "{'a':1}", "{\"a\" 1}",
                           "[1,]", "-", "\"\xff\"", "NaN", "// c\n1"})
    EXPECT_FALSE(parse_json(text)) << text;
}

TEST(ParseJson, TakesTheFirstValueAndIgnoresWhatFollows) {
  auto value = parse_json("{\"a\":1}{\"a\":2}");
  ASSERT_TRUE(value);
  EXPECT_EQ(value->at("a").as_int64(), 1);
  EXPECT_TRUE(parse_json("{\"a\":1}\n<html>"));
  EXPECT_TRUE(parse_json("[] trailing"));
}

TEST(ParseJson, BoundsTheDepth) {
  constexpr int kLimit = static_cast<int>(kMaxJsonDepth);
  EXPECT_TRUE(parse_json(nested(kLimit)));
  EXPECT_FALSE(parse_json(nested(kLimit + 1)));
  EXPECT_FALSE(parse_json(std::string(1000000, '[')));
  std::string objects;
  for (int i = 0; i <= kLimit; ++i) objects += "{\"a\":";
  EXPECT_FALSE(parse_json(objects + "1" + std::string(kLimit + 1, '}')));
}

TEST(ParseJson, SaysWhyNot) {
  struct {
    std::string text;
    const char* why;
  } const cases[] = {
      {"", "is not JSON (it is empty)"},
      {"<html>", "is not JSON (syntax error at byte 0)"},
      {"{\"a\":}", "is not JSON (syntax error at byte 5)"},
      {"{\"a\":1", "is not JSON (it ends within a value, after 6 bytes)"},
      {"tru", "is not JSON (it ends within a value, after 3 bytes)"},
      {nested(1000), "is nested deeper than 500 levels"},
      {std::string(1000000, '['), "is nested deeper than 500 levels"},
  };
  for (const auto& c : cases) {
    std::string why;
    EXPECT_FALSE(parse_json(c.text, &why));
    EXPECT_EQ(why, c.why);
  }
}

TEST(SplitJsonSequence, SaysWhyNotAndWhere) {
  std::string why;
  EXPECT_FALSE(split_json_sequence("{} {\"a\":x}", &why));
  EXPECT_EQ(why, "is not JSON (syntax error at byte 8)");
  EXPECT_FALSE(split_json_sequence("{} {", &why));
  EXPECT_EQ(why, "is not JSON (it ends within a value, after 4 bytes)");
}

// Parsing, copying and writing use one stack frame for each level.
TEST(ParseJson, TheDeepestValueIsReadCopiedAndWritten) {
  const std::string deepest = nested(static_cast<int>(kMaxJsonDepth));
  json::value value = *parse_json(deepest), copy = value;
  EXPECT_EQ(json::serialize(copy), deepest);
}

TEST(SplitJsonSequence, ReadsEveryValue) {
  auto values = split_json_sequence("{\"a\":1}\n{\"a\":2}[3]\r\n\"x\" 5 ");
  ASSERT_TRUE(values);
  ASSERT_EQ(values->size(), 5u);
  EXPECT_EQ(parse_json((*values)[1])->at("a").as_int64(), 2);
  EXPECT_EQ(parse_json((*values)[4])->as_int64(), 5);
}

TEST(SplitJsonSequence, OfNothingIsEmpty) {
  for (const char* text : {"", " ", "\r\n\t"}) {
    auto values = split_json_sequence(text);
    ASSERT_TRUE(values);
    EXPECT_TRUE(values->empty());
  }
}

TEST(SplitJsonSequence, OneMalformedValueSpoilsIt) {
  for (const char* text : {"{}x", "{} {", "{},{}", "[] <html>"}) EXPECT_FALSE(split_json_sequence(text)) << text;
  EXPECT_FALSE(split_json_sequence("{}" + nested(static_cast<int>(kMaxJsonDepth) + 1)));
}

TEST(StringMember, IsEmptyUnlessThereIsAString) {
  auto value = parse_json(R"({"text":"x","number":1,"null":null,"list":["x"],"empty":""})");
  ASSERT_TRUE(value);
  const json::object& object = value->as_object();
  EXPECT_EQ(string_member(object, "text"), "x");
  for (const char* name : {"number", "null", "list", "empty", "absent", "TEXT"})
    EXPECT_EQ(string_member(object, name), "") << name;
}

TEST(SameMembers, DoesNotCareForTheOrder) {
  const auto object = [](const char* text) { return parse_json(text)->get_object(); };
  const json::object one = object(R"({"a":1,"b":["x",{"y":2}],"c":{"d":null,"e":{"f":true}}})");
  EXPECT_TRUE(same_members(one, object(R"({"c":{"e":{"f":true},"d":null},"b":["x",{"y":2}],"a":1})")));
  EXPECT_TRUE(same_members({}, {}));
  for (const char* other :
       {"{}", R"({"a":1,"b":["x",{"y":2}]})", R"({"a":1,"b":["x",{"y":2}],"c":{"d":null,"e":{"f":1}}})",
        R"({"a":1,"b":["x",{"y":3}],"c":{"d":null,"e":{"f":true}}})",
        R"({"a":1,"b":["x",{"y":2}],"x":{"d":null,"e":{"f":true}}})"})
    EXPECT_FALSE(same_members(one, object(other))) << other;
}

}  // namespace
}  // namespace libbcda
