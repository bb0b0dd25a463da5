#include "base/text.hpp"

#include <gtest/gtest.h>

#include "support/errors.hpp"

namespace libbcda {
namespace {

using test::error_of;
using test::holds;
using namespace std::string_literals;

std::string utf16(std::u16string_view text, bool big_endian, bool mark = true) {
  std::string out;
  auto put = [&](char16_t unit) {
    const char high = static_cast<char>(unit >> 8), low = static_cast<char>(unit & 0xFF);
    out += big_endian ? std::string{high, low} : std::string{low, high};
  };
  if (mark) put(0xFEFF);
  for (char16_t unit : text) put(unit);
  return out;
}

std::string decoded(std::string_view text) {
  const SecretBytes bytes = to_utf8(text, "the text");
  return {bytes.begin(), bytes.end()};
}

TEST(ToUtf8, TakesUtf8AsItIsLessItsMark) {
  for (const std::string& text : {""s, "x"s, "{\"a\": \"\xC3\xA9\"}\r\n"s, "\xFF not UTF-8 at all"s, "a b\0c"s}) {
    EXPECT_EQ(decoded(text), text);
    EXPECT_EQ(decoded("\xEF\xBB\xBF" + text), text);
  }
}

TEST(ToUtf8, ConvertsUtf16OfEitherOrder) {
  for (bool big_endian : {false, true}) {
    EXPECT_EQ(decoded(utf16(u"", big_endian)), "");
    EXPECT_EQ(decoded(utf16(u"{\"a\":1}\r\n", big_endian)), "{\"a\":1}\r\n");
    EXPECT_EQ(decoded(utf16(u"\u007F\u0080\u07FF\u0800\uFFFD", big_endian)),
              "\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBD");
  }
}

TEST(ToUtf8, ConvertsSurrogatePairs) {
  for (bool big_endian : {false, true})
    EXPECT_EQ(decoded(utf16(u"a\U00010000\U0001F600\U0010FFFFb", big_endian)),
              "a\xF0\x90\x80\x80\xF0\x9F\x98\x80\xF4\x8F\xBF\xBF"
              "b");
}

TEST(ToUtf8, RefusesMalformedUtf16AndSaysWhatToDo) {
  for (bool big_endian : {false, true}) {
    const std::string good = utf16(u"abc", big_endian);
    for (const std::string& text :
         {good.substr(0, 5), utf16(std::u16string(1, 0xD800), big_endian),
          utf16(std::u16string(1, 0xDC00) + u"x", big_endian), utf16(std::u16string(1, 0xD83D) + u"x", big_endian),
          utf16(u"abc", big_endian, false), (big_endian ? "\0\0\xFE\xFF\0\0\0a"s : "\xFF\xFE\0\0a\0\0\0"s)}) {
      const Error error = error_of([&] { to_utf8(text, "the file x"); });
      EXPECT_EQ(error.status, Status::INVALID_ARGUMENT);
      EXPECT_TRUE(holds(error.message, "the file x"));
      EXPECT_TRUE(holds(error.message, "UTF-"));
      EXPECT_TRUE(holds(error.message, "save it as UTF-8"));
    }
  }
}

TEST(WithoutDebris, StripsWhatIsAroundAValueOnly) {
  for (const char* around : {"@", "@\r", "@\r\n", " @ ", "\t@", "\"@\"", "'@'", "`@`", " \"@\"\r\n", "\" @ \"",
                             "\xEF\xBB\xBF@", "@\xEF\xBB\xBF", "\xE2\x80\x8B@\xE2\x80\x8B", "@\xC2\xA0",
                             "\xE2\x80\x9C@\xE2\x80\x9D", "\xEF\xBB\xBF\"@\"\n", "\xE2\x81\xA0@"}) {
    std::string text = around;
    text.replace(text.find('@'), 1, "ab\"c d");
    EXPECT_EQ(without_debris(text), "ab\"c d") << around;
  }
  for (const char* text : {"\"a", "a\"", "\"a'", "\"", ""}) EXPECT_EQ(without_debris(text), text);
  for (const char* text : {" ", "\r\n", "\"\"", "\" \"", "\xEF\xBB\xBF"}) EXPECT_EQ(without_debris(text), "");
}

TEST(DebrisIn, PassesWhatTheServiceIssues) {
  for (const char* value : {"0c527d2e-2e8a-4808-b11d-0fa06baf8254", "00ff", "hunter2", "a=b", "dGVzdA==", "x:y", "",
                            "!#$%&()*+,-./:;<=>?@[\\]^_{|}~"})
    EXPECT_EQ(debris_in(value, "client_secret"), "") << value;
}

TEST(DebrisIn, NamesWhatItFindsAndNeverTheValue) {
  struct {
    const char *value, *named;
  } const cases[] = {{"hunter\r2", "carriage return at byte 7"},
                     {"hunter\n2", "line break"},
                     {"hunter 2", "blank"},
                     {"hunter\t2", "blank"},
                     {"hunter2\"", "quote"},
                     {"'hunter2", "quote"},
                     {"hunter\x01", "control character"},
                     {"hunter\x7F", "control character"},
                     {"hunter\xE2\x80\x8B"
                      "2",
                      "invisible character"},
                     {"hunter\xC2\xA0"
                      "2",
                      "invisible character"},
                     {"hunter\xE2\x80\x93"
                      "2",
                      "not ASCII"},
                     {"client_secret=hunter2", "name and its value"},
                     {"BCDA_CLIENT_SECRET=hunter2", "name and its value"},
                     {"export BCDA_CLIENT_SECRET=hunter2", "name and its value"},
                     {"client-secret: hunter2", "name and its value"},
                     {"{\"client_secret\": \"hunter2\"}", "name and its value"},
                     {"secret=hunter2", "name and its value"}};
  for (const auto& c : cases) {
    const std::string why = debris_in(c.value, "client_secret");
    EXPECT_TRUE(holds(why, c.named)) << c.value;
    EXPECT_FALSE(holds(why, "hunter"));
  }
}

}  // namespace
}  // namespace libbcda
