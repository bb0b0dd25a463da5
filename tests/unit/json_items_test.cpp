// JSON that is read in pieces.
#include "base/json_items.hpp"

#include <gtest/gtest.h>

#include <utility>

#include <algorithm>
#include <string>
#include <vector>

namespace libbcda {
namespace {

using Lines = std::vector<std::string>;

// What was reported, a line each, when the text came in pieces of this size.
Lines read(std::string_view text, std::size_t piece = 1'000'000) {
  Lines lines;
  JsonItems items([&](std::string_view name,
                      const json::value& value) { lines.push_back(std::string(name) + "=" + json::serialize(value)); },
                  [&](std::string_view member, std::string_view key, const json::value& item, JsonItems::Place place) {
                    lines.push_back(std::string(member) + "/" + std::string(key) + "=" + json::serialize(item));
                    if (place.size > 0) {
                      EXPECT_EQ(parse_json(text.substr(place.offset, place.size)), item);
                    }
                  });
  std::size_t used = 0;
  while (used < text.size() && !items.done()) {
    const std::size_t n = std::min(piece, text.size() - used);
    used += items.feed(text.substr(used, n));
  }
  items.finish();
  return lines;
}

std::string why_not(std::string_view text) {
  try {
    read(text);
  } catch (const Malformed& malformed) {
    return malformed.what();
  }
  return "";
}

TEST(JsonItems, ReportMembersAndTheItemsOfListsAndObjects) {
  EXPECT_EQ(read(R"({"a":"x","b":true,"c":null,"list":[{"k":[1,{"z":2}]},"y",3,[]],"map":{"p":"q","r":{}},"e":[]})"),
            (Lines{R"(a="x")", "b=true", "c=null", "list=[]", R"(list/={"k":[1,{"z":2}]})", R"(list/="y")", "list/=3",
                   "list/=[]", "map={}", R"(map/p="q")", "map/r={}", "e=[]"}));
}

TEST(JsonItems, DoNotDependOnThePieces) {
  const std::string text =
      " {\"a\\u00e9\\\"{\" : \"\\\\\\\"}{[\\u20ac\" ,\"list\": [ {\"x\\\"\":\"}\\\\\"} ,\"\\\"\" , \"\"], \"m\":{\"k\" "
      ":"
      " \"v{\\\"\"}, \"n\": -1.5e3 }";
  const Lines whole = read(text);
  ASSERT_EQ(whole.size(), 8u);
  for (std::size_t piece = 1; piece < 40; ++piece) EXPECT_EQ(read(text, piece), whole) << piece;
}

TEST(JsonItems, StopAtTheEndOfTheFirstObject) {
  JsonItems items([](std::string_view, const json::value&) {},
                  [](std::string_view, std::string_view, const json::value&, JsonItems::Place) {});
  EXPECT_EQ(items.feed("{\"a\":1} {\"a\":"), 7u);
  EXPECT_TRUE(items.done());
  EXPECT_EQ(items.feed("x"), 0u);
  items.finish();
}

TEST(JsonItems, RefuseAMemberThatOccursTwiceAtAnyLevel) {
  struct {
    const char *text, *name;
  } const cases[] = {
      {R"({"a":1,"a":2})", "a"},
      {R"({"a":1,"b":{"c":1,"c":1}})", "c"},
      {R"({"l":[{"x":[{"deep":1,"y":{},"deep":2}]}]})", "deep"},
      {R"({"a":{"k":1},"b":1,"a":{}})", "a"},
      {R"({"encryptedKey":"1","encrypted\u004bey":"2"})", "encryptedKey"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(why_not(c.text), "has the member \"" + std::string(c.name) + "\" twice in one object") << c.text;
  for (const char* text :
       {R"({"a":{"a":{"a":1}}})", R"({"l":[{"a":1},{"a":1}]})", R"({"a":"a","A":1})", R"({"a":{"b":1},"c":{"b":1}})"})
    EXPECT_EQ(why_not(text), "") << text;
  const std::string name(100000, 'n');
  EXPECT_NE(why_not("{\"" + name + "\":1,\"" + name + "\":2}"), "");
  EXPECT_EQ(why_not("{\"" + name + "\":1,\"" + name + "x\":2}"), "");
}

TEST(JsonItems, SayWhatIsWrong) {
  struct {
    std::string text, why;
  } const cases[] = {
      {"", "is not JSON (it is empty)"},
      {"[]", "is not a JSON object"},
      {"null", "is not a JSON object"},
      {"5", "is not a JSON object"},
      {"\"x\"", "is not a JSON object"},
      {"{\"a\":1", "is not JSON (it ends within a value, after 6 bytes)"},
      {"{\"a\":x}", "is not JSON (syntax error at byte 5)"},
      {"{\"a\":" + std::string(1000, '['), "is nested deeper than 500 levels"},
  };
  for (const auto& c : cases) EXPECT_EQ(why_not(c.text), c.why) << c.text.substr(0, 20);
}

TEST(JsonItems, RefuseAnItemThatWouldFillTheMemory) {
  const std::string text = "{\"a\":[\"" + std::string(17 << 20, 'x') + "\"]}";
  EXPECT_EQ(why_not(text), "has a member or an item of more than 16777216 bytes");
  EXPECT_EQ(why_not("{\"a\":[[\"" + std::string(17 << 20, 'x') + "\"]]}"),
            "has a member or an item of more than 16777216 bytes");
}

TEST(StringMembers, AreFoundInTheOutermostObjectAlone) {
  for (const auto& [text, value] :
       std::vector<std::pair<std::string, std::string>>{{R"({"a":"x"})", "x"},
                                                        {R"( {"b":{"a":"y"},"c":[{"a":"z"}],"a":"x"})", "x"},
                                                        {R"({"\u0061":"\u0078"})", "x"},
                                                        {R"({"a":1,"b":"a"})", ""},
                                                        {R"({"a":{"b":"y"},"c":"z"})", ""},
                                                        {R"([{"a":"x"}])", ""},
                                                        {R"("a")", ""},
                                                        {R"({"b":tru,"a":"x"})", ""},
                                                        {R"({"a":"x" and more)", "x"},
                                                        {std::string(600, '['), ""},
                                                        {R"({"b":)" + std::string(600, '[') + "}", ""},
                                                        {" ", ""},
                                                        {"", ""}})
    EXPECT_EQ(find_string_member(text, "a"), value) << text;
}

}  // namespace
}  // namespace libbcda
