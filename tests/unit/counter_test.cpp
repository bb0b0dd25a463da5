#include "ndjson/counter.hpp"

#include <gtest/gtest.h>

#include "ndjson/reader.hpp"
#include "support/files.hpp"

namespace libbcda::ndjson {
namespace {

struct Case {
  const char* text;
  std::int64_t records;
};
constexpr Case kCases[] = {
    {"", 0},
    {"\n", 0},
    {" \t\r\n", 0},
    {" ", 0},
    {"{}", 1},
    {"{}\n", 1},
    {"{}\r\n", 1},
    {"{}\r\n\r\n{}\r\n", 2},
    {"{}\n{}", 2},
    {"{}\n\n\n{}\n", 2},
    {"\n\n{}\n", 1},
    {"{}\n   ", 1},
    {"{}\n   {}", 2},
    {"  {}  \n\t{}\t\n", 2},
    {"a\nb\nc\n", 3},
    {"a\r\nb\r\nc", 3},
    {"\r\n\r\n", 0},
    {"a\rb\n", 1},
    {"\xEF\xBB\xBF{}\n{}\n", 2},
    {"a\n \r\n\t\nb", 2},
};

std::int64_t count(std::initializer_list<std::string_view> pieces) {
  Counter counter;
  for (std::string_view piece : pieces) counter.update(as_bytes(piece));
  return counter.records();
}

TEST(Counter, CountsLinesThatAreNotBlank) {
  for (const auto& c : kCases) EXPECT_EQ(count({c.text}), c.records) << testing::PrintToString(c.text);
  EXPECT_EQ(count({std::string_view("\0\n", 2)}), 1);
}

TEST(Counter, HoweverTheBytesAreSplit) {
  for (const auto& c : kCases) {
    std::string_view text = c.text;
    for (std::size_t i = 0; i <= text.size(); ++i)
      for (std::size_t j = i; j <= text.size(); ++j)
        EXPECT_EQ(count({text.substr(0, i), text.substr(i, j - i), text.substr(j)}), c.records)
            << testing::PrintToString(c.text) << " at " << i << " and " << j;
    Counter bytewise;
    for (char byte : text) bytewise.update(as_bytes({&byte, 1}));
    EXPECT_EQ(bytewise.records(), c.records) << testing::PrintToString(c.text);
  }
}

TEST(Counter, CanBeAskedAtAnyTime) {
  Counter counter;
  EXPECT_EQ(counter.records(), 0);
  counter.update(as_bytes("{"));
  EXPECT_EQ(counter.records(), 1);
  EXPECT_EQ(counter.records(), 1);
  counter.update(as_bytes("}\n"));
  EXPECT_EQ(counter.records(), 1);
  counter.update(as_bytes("{}"));
  EXPECT_EQ(counter.records(), 2);
}

TEST(Counter, AgreesWithTheReader) {
  test::TempDir dir;
  for (const auto& c : kCases) {
    test::spill(dir / "x", c.text);
    Reader reader(dir / "x");
    std::int64_t lines = 0;
    while (reader.next()) ++lines;
    EXPECT_EQ(lines, c.records) << testing::PrintToString(c.text);
  }
}

}  // namespace
}  // namespace libbcda::ndjson
