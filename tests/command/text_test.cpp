// Text that the command prints: suggestions for unknown names, and the cleaning of bytes from other programs.
#include "text.hpp"

#include <gtest/gtest.h>

#include "suggest.hpp"

namespace {

const std::string unknown = "\xef\xbf\xbd";  // U+FFFD

TEST(Suggest, TheNearestName) {
  const std::vector<std::string> commands{"export", "manifest", "fetch", "decrypt", "settings"};
  EXPECT_EQ(cli::nearest("exprot", commands), "export");
  EXPECT_EQ(cli::nearest("expotr", commands), "export");
  EXPECT_EQ(cli::nearest("decript", commands), "decrypt");
  EXPECT_EQ(cli::nearest("fecth", commands), "fetch");
  EXPECT_EQ(cli::nearest("setting", commands), "settings");
  EXPECT_EQ(cli::nearest("import-all", commands), "");
  EXPECT_EQ(cli::nearest("x", commands), "");
  EXPECT_EQ(cli::nearest("", commands), "");
  EXPECT_EQ(cli::nearest("export", {}), "");
  EXPECT_EQ(cli::nearest(std::string(1 << 20, 'x'), commands), "");
}

TEST(Suggest, ANameThatContinues) {
  const std::vector<std::string> flags{"--client-id", "--client-secret-file", "--sandbox", "--sandbox-option", "--out"};
  EXPECT_EQ(cli::nearest("--client-secert", flags), "--client-secret-file");
  EXPECT_EQ(cli::nearest("--sandbox-opt", flags), "--sandbox-option");
  EXPECT_EQ(cli::nearest("--sanbox", flags), "--sandbox");
}

TEST(Printable, NothingThatControlsATerminal) {
  EXPECT_EQ(cli::printable("a\033[2Jb\r\nc\x7f"), "a [2Jb  c ");
  EXPECT_EQ(cli::printable("a\xc2\x9b"
                           "31m"),
            "a 31m");  // U+009B, a control of eight bits
  EXPECT_EQ(cli::printable("a\xe2\x80\xae"
                           "b\xe2\x81\xa6"
                           "c\xd8\x9c"),
            "a b c ");  // bidirectional controls
  EXPECT_EQ(cli::printable("a\xe2\x80\xa8"
                           "b"),
            "a b");  // a line separator
  EXPECT_EQ(cli::printable("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
  EXPECT_EQ(cli::printable("caf\xe9 \xff"), "caf" + unknown + " " + unknown);
}

TEST(JsonString, IsJsonInUtf8WhateverTheBytes) {
  EXPECT_EQ(cli::json_string("a\"b\\c\n\x01"), R"("a\"b\\c\u000a\u0001")");
  EXPECT_EQ(cli::json_string("\xf0\x9f\x8f\xa5"), "\"\xf0\x9f\x8f\xa5\"");
  EXPECT_EQ(cli::json_string("a\xff"), "\"a" + unknown + "\"");
  EXPECT_EQ(cli::json_string("\xc3"), "\"" + unknown + "\"");                              // cut off
  EXPECT_EQ(cli::json_string("\xc0\xaf"), "\"" + unknown + unknown + "\"");                // overlong
  EXPECT_EQ(cli::json_string("\xed\xa0\x80"), "\"" + unknown + unknown + unknown + "\"");  // a surrogate
  EXPECT_EQ(cli::json_string("\xf4\x90\x80\x80"), "\"" + unknown + unknown + unknown + unknown + "\"");
}

TEST(FirstColumns, NeverCutsACharacter) {
  EXPECT_EQ(cli::first_columns("abc", 2), "ab");
  EXPECT_EQ(cli::first_columns("abc", 9), "abc");
  EXPECT_EQ(cli::first_columns("\xc3\xbc\xc3\x9f", 1), "\xc3\xbc");
}

}  // namespace
