// Manifests from files in the encodings that editors and shells write.
#include <gtest/gtest.h>

#include "bulk/manifest.hpp"
#include "support/errors.hpp"

namespace libbcda::bulk {
namespace {

using test::error_of;
using test::holds;

constexpr std::string_view kText =
    R"({"transactionTime":"t","output":[{"type":"Patient","url":"https://h/a.ndjson"}]})";
const http::Url kBase = http::parse_url("https://h/", "base");

std::string utf16(std::string_view ascii, bool big_endian) {
  std::string out = big_endian ? "\xFE\xFF" : "\xFF\xFE";
  for (char c : ascii) out += big_endian ? std::string{'\0', c} : std::string{c, '\0'};
  return out;
}

TEST(ManifestEncoding, AByteOrderMarkAndUtf16AreTaken) {
  const std::string two = std::string(kText) + "\r\n" + std::string(kText) + "\r\n";
  for (const std::string& text : {two, "\xEF\xBB\xBF" + two, utf16(two, false), utf16(two, true)}) {
    const auto manifests = parse_manifests(text, kBase);
    ASSERT_EQ(manifests.size(), 2u);
    EXPECT_EQ(manifests[1]->entry(0).name, "a.ndjson");
  }
}

TEST(ManifestEncoding, WhatIsCutIsNamed) {
  // In the C interface a text ends at its first NUL.
  for (const char* text : {"\xFF\xFE{", "\xFE\xFF", "\xFF\xFE"}) {
    const Error error = error_of([&] { parse_manifests(text, kBase); });
    EXPECT_EQ(error.status, Status::INVALID_ARGUMENT);
  }
  EXPECT_TRUE(holds(error_of([&] { parse_manifests("\xFF\xFE{", kBase); }).message, "UTF-16"));
}

}  // namespace
}  // namespace libbcda::bulk
