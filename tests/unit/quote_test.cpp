#include "base/quote.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace libbcda {
namespace {

TEST(Tidy, KeepsWhatIsPlainText) {
  for (const char* text :
       {"", "a", "Pending (5%)", "\xC3\xA9", "\xE2\x82\xAC 5", "\xF0\x9F\x98\x80", "\xD7\xA9\xD7\x9C"})
    EXPECT_EQ(tidy(text), text);
}

TEST(Tidy, ControlCharactersBecomeBlanksAndThoseAtTheEndsGo) {
  EXPECT_EQ(tidy("two\nlines\tand\x1B[31mred\x7F!"), "two lines and [31mred !");
  EXPECT_EQ(tidy(std::string_view("\0 a\0b \n", 7)), "a b");
  EXPECT_EQ(tidy("a\xC2\x85 b\xE2\x80\xA8 c\xE2\x80\xA9"), "a  b  c");  // C1, line and paragraph separator
  EXPECT_EQ(tidy(std::string(100000, '\n') + "x"), "x");
}

TEST(Tidy, BidiControlsAreReplaced) {
  EXPECT_EQ(tidy("\xD8\x9C"), "?");  // U+061C
  for (int last = 0x80; last <= 0xBF; ++last) {
    const std::string block80{'\xE2', '\x80', static_cast<char>(last)},
        block81{'\xE2', '\x81', static_cast<char>(last)};
    const bool marks = last == 0x8E || last == 0x8F || (last >= 0xAA && last <= 0xAE);
    const bool isolates = last >= 0xA6 && last <= 0xA9;
    const bool separator = last == 0xA8 || last == 0xA9;
    EXPECT_EQ(tidy(block80), separator ? "" : marks ? "?" : block80) << last;
    EXPECT_EQ(tidy(block81), isolates ? "?" : block81) << last;
  }
}

TEST(Tidy, BytesThatAreNotUtf8AreReplaced) {
  for (const char* bytes : {"\xFF", "\x80", "\xC0\x80", "\xC3", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                            "\xF8\x88\x80\x80", "\xE2\x82", "\xF0\x9F\x98"})
    EXPECT_EQ(tidy(std::string("a") + bytes + "b"), "a" + std::string(std::strlen(bytes), '?') + "b");
  EXPECT_EQ(tidy("\xE2\x82"), "??");
}

TEST(Tidy, IsNotCutInsideACharacter) {
  EXPECT_EQ(tidy("ab\xE2\x82\xAC", 5), "ab\xE2\x82\xAC");
  for (std::size_t longest : {2u, 3u, 4u}) EXPECT_EQ(tidy("ab\xE2\x82\xAC", longest), "ab");
  EXPECT_EQ(tidy(std::string(3000000, 'x')).size(), kLongestName);
}

TEST(Quote, ShowsTheStartOfANameAndWhetherItContinues) {
  EXPECT_EQ(quote("Patient"), "\"Patient\"");
  EXPECT_EQ(quote(""), "\"\"");
  EXPECT_EQ(quote(std::string(80, 'x')), '"' + std::string(80, 'x') + '"');
  EXPECT_EQ(quote(std::string(3000000, 'x')), '"' + std::string(80, 'x') + "\"...");
  EXPECT_EQ(quote("\xE2\x80\xAE"
                  "gpj.exe"),
            "\"?gpj.exe\"");
}

}  // namespace
}  // namespace libbcda
