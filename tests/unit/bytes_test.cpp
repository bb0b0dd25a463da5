#include "base/bytes.hpp"

#include <gtest/gtest.h>

namespace libbcda {
namespace {

Bytes bytes(std::string_view text) { return {text.begin(), text.end()}; }

TEST(Hex, WritesLowerCase) {
  EXPECT_EQ(to_hex(Bytes{0x00, 0x0f, 0xa5, 0xff}), "000fa5ff");
  EXPECT_EQ(to_hex({}), "");
}

TEST(Hex, ReadsEitherCase) {
  EXPECT_EQ(from_hex("00fFAb"), (Bytes{0x00, 0xff, 0xab}));
  EXPECT_EQ(from_hex(""), Bytes{});
}

TEST(Hex, RefusesWhatIsNotHex) {
  for (const char* text : {"0", "abc", "0g", "g0", " 00", "0x00", "00 ", "0:", "/0", "`0", "\xC3\xA9"})
    EXPECT_EQ(from_hex(text), std::nullopt) << text;
  EXPECT_EQ(from_hex(std::string_view("0\0", 2)), std::nullopt);
}

TEST(Hex, EveryByteSurvivesTheRoundTrip) {
  Bytes all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<std::uint8_t>(i));
  EXPECT_EQ(from_hex(to_hex(all)), all);
}

struct Base64Case {
  const char *plain, *base64, *base64url;
};
constexpr Base64Case kRfc4648[] = {
    {"", "", ""},
    {"f", "Zg==", "Zg"},
    {"fo", "Zm8=", "Zm8"},
    {"foo", "Zm9v", "Zm9v"},
    {"foob", "Zm9vYg==", "Zm9vYg"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
    {"\xfb\xff\xfe", "+//+", "-__-"},
};

TEST(Base64, KnownAnswersBothWays) {
  for (const auto& c : kRfc4648) {
    EXPECT_EQ(to_base64(as_bytes(c.plain)), c.base64);
    EXPECT_EQ(from_base64(c.base64), bytes(c.plain)) << c.base64;
    EXPECT_EQ(to_base64url(as_bytes(c.plain)), c.base64url);
    EXPECT_EQ(from_base64url(c.base64url), bytes(c.plain)) << c.base64url;
  }
}

TEST(Base64, AnEmptyViewIsEmptyText) {
  EXPECT_EQ(from_base64(std::string_view()), Bytes{});
  EXPECT_EQ(from_base64url(std::string_view()), Bytes{});
  EXPECT_EQ(to_base64({}), "");
}

TEST(Base64, RefusesWhatIsMalformed) {
  for (const char* text : {"Z", "Zg", "Zg=", "Zm9vY", "Z===", "====", " Zg==", "Zg==\n", "Zm9v Zm9", "Zm9*", "-__-"})
    EXPECT_EQ(from_base64(text), std::nullopt) << text;
}

TEST(Base64, RefusesPaddingBeforeTheEnd) {
  for (const char* text : {"=AAA", "AA=A", "A=AA", "Zg==Zg==", "Zm8=Zm8="})
    EXPECT_EQ(from_base64(text), std::nullopt) << text;
}

TEST(Base64Url, RefusesWhatIsMalformed) {
  for (const char* text : {"Z", "Zm9vY", "Zm9 ", "Zm9*"}) EXPECT_EQ(from_base64url(text), std::nullopt) << text;
}

TEST(Base64, EveryLengthSurvivesTheRoundTrip) {
  Bytes data;
  for (int i = 0; i < 70; ++i) {
    EXPECT_EQ(from_base64(to_base64(data)), data);
    EXPECT_EQ(from_base64url(to_base64url(data)), data);
    data.push_back(static_cast<std::uint8_t>(i * 37 + 200));
  }
}

TEST(Secret, IsEmptyUntilGivenAText) {
  EXPECT_TRUE(Secret().empty());
  Secret secret("hunter2");
  EXPECT_FALSE(secret.empty());
  EXPECT_EQ(secret.reveal(), "hunter2");
}

TEST(Secret, CopiesAreIndependent) {
  Secret first("one"), copy = first;
  first = Secret("two");
  EXPECT_EQ(copy.reveal(), "one");
  EXPECT_EQ(first.reveal(), "two");
  copy = first;
  EXPECT_EQ(copy.reveal(), "two");
}

TEST(Secret, ASelfAssignmentKeepsIt) {
  Secret secret("kept");
  const Secret& same = secret;
  secret = same;
  EXPECT_EQ(secret.reveal(), "kept");
  Secret& again = secret;
  secret = std::move(again);
  EXPECT_EQ(secret.reveal(), "kept");
}

TEST(Secret, AMoveLeavesNothingBehind) {
  Secret from("gone"), to(std::move(from));
  EXPECT_TRUE(from.empty());  // NOLINT: that is what is tested
  EXPECT_EQ(to.reveal(), "gone");
  Secret assigned("old");
  assigned = std::move(to);
  EXPECT_TRUE(to.empty());  // NOLINT
  EXPECT_EQ(assigned.reveal(), "gone");
}

TEST(Wipe, ZeroesWhatItIsGivenAndNothingElse) {
  char text[] = "abcdef";
  wipe(text + 1, 3);
  EXPECT_EQ(std::string_view(text, 6), std::string_view("a\0\0\0ef", 6));
  wipe(nullptr, 0);
  wipe(text, 0);
  EXPECT_EQ(text[0], 'a');
}

}  // namespace
}  // namespace libbcda
