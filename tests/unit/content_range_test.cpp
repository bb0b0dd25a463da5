#include "http/content_range.hpp"

#include <gtest/gtest.h>

#include <string>

namespace libbcda::http {
namespace {

TEST(ContentRanges, AreRead) {
  const auto range = parse_content_range("bytes 100-199/1649");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->first, 100);
  EXPECT_EQ(range->last, 199);
  EXPECT_EQ(range->size, 1649);
  EXPECT_TRUE(range->has_bytes());
  EXPECT_TRUE(parse_content_range("bytes 0-0/1"));
}

TEST(ContentRanges, AFileWithoutTheRangeHasItsSizeOnly) {
  const auto range = parse_content_range("bytes */1649");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->size, 1649);
  EXPECT_FALSE(range->has_bytes());
}

TEST(ContentRanges, OthersAreNotTaken) {
  for (const char* text :
       {"", "bytes", "bytes ", "bytes 0-99", "bytes 0-99/*", "bytes */*", "bytes 0-99/99", "bytes 5-4/9", "bytes -5/9",
        "bytes 0-/9", "bytes 0-1/9x", "bytes +0-1/9", "bytes -1--1/9", "bytes 0-99999999999999999999/9", "lines 0-1/9",
        "Bytes 0-1/9", "bytes  0-1/9", "bytes 0-1/-9", "bytes 0-1,3-4/9"})
    EXPECT_FALSE(parse_content_range(text)) << text;
}

}  // namespace
}  // namespace libbcda::http
