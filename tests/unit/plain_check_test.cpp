#include "ndjson/plain_check.hpp"

#include <gtest/gtest.h>

#include "support/errors.hpp"

namespace libbcda::ndjson {
namespace {

using test::error_of;
using test::holds;

// Checks `text` in pieces of `step` bytes.
void check(std::string_view text, std::size_t step) {
  PlainCheck check;
  for (std::size_t i = 0; i < text.size(); i += step) check.update(as_bytes(text.substr(i, step)));
  check.finish();
}

constexpr std::size_t kSteps[] = {1, 2, 3, 7, 8, 9, 64, 4096};

TEST(PlainCheck, TakesWhatIsNdjson) {
  for (std::string_view text :
       {"", "\n\n", "{}", "{}\n", "{\"a\":1}\r\n{\"b\":2}\r\n", "  {\"a\":\"\xC3\xA9\"}  \n\n\t\n{}\n",
        "\xEF\xBB\xBF{\"a\":1}\n",
        "{\"long\":\"0123456789012345678901234567890123456789\"}\n{\"x\":\"\xF0\x9F\x98\x80\"}"})
    for (std::size_t step : kSteps) EXPECT_NO_THROW(check(text, step)) << text << " in steps of " << step;
}

TEST(PlainCheck, RefusesWhatIsNot) {
  const std::string nul("{\"a\":\"\0\"}", 9);
  for (std::string_view text :
       {std::string_view("[1]\n"), std::string_view("{\"a\":1\n"), std::string_view("{}\nx{}\n"),
        std::string_view("{}x\n"), std::string_view("{\"a\":\"\xFF\"}"), std::string_view("{\"a\":\"\xC0\x80\"}"),
        std::string_view("\xEF\xA0\x80{}"), std::string_view("\xEF\xBB\x80{}"),
        std::string_view("{\"a\":\"\xED\xA0\x80\"}"), std::string_view("{\"a\":\"\xF4\x90\x80\x80\"}"),
        std::string_view("{}\n{\"a\":\"\xC3"), std::string_view(nul), std::string_view("{\"0123456789abcdef\":1}\x01")})
    for (std::size_t step : kSteps)
      EXPECT_EQ(error_of([&] { check(text, step); }).status, Status::VERIFICATION) << text << " in steps of " << step;
}

// A ciphertext that starts with a brace is detected within its first bytes.
TEST(PlainCheck, RefusesACiphertextWhateverItsFirstByte) {
  std::string cipher = "{";
  std::uint32_t state = 42;
  for (int i = 0; i < 4096; ++i) cipher += static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  for (std::size_t step : kSteps) {
    Error error = error_of([&] { check(cipher, step); });
    EXPECT_EQ(error.status, Status::VERIFICATION);
    EXPECT_TRUE(holds(error.message, "may be encrypted"));
  }
}

TEST(PlainCheck, SaysWhatItFoundInstead) {
  for (auto [text, kind] : {std::pair<std::string_view, std::string_view>{"\x1F\x8B\x08 compressed", "gzip"},
                            {"PK\x03\x04 archive", "ZIP"},
                            {"\n <!DOCTYPE html><html>", "an HTML page"},
                            {"<HTML><body>", "an HTML page"}})
    EXPECT_TRUE(holds(error_of([&] { check(text, 64); }).message, kind));
}

TEST(KindOf, DistinguishesPlainNdjsonFromANonceThatStartsWithABrace) {
  EXPECT_EQ(kind_of(as_bytes("{\"resourceType\":\"Patient\"}")), "plain NDJSON");
  EXPECT_EQ(kind_of(as_bytes("\xEF\xBB\xBF {\"resourceType\":\"Patient\"}")), "plain NDJSON");
  EXPECT_EQ(kind_of(as_bytes("{\x01\x02 0123456789abcdef")), "");
  EXPECT_EQ(kind_of(as_bytes("")), "");
}

}  // namespace
}  // namespace libbcda::ndjson
