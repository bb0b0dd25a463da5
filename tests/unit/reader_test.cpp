#include "ndjson/reader.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "ndjson/records.hpp"
#include "support/errors.hpp"
#include "support/files.hpp"

namespace libbcda::ndjson {
namespace {

using test::error_of;
using test::holds;
using test::spill;
using test::TempDir;

struct Line {
  std::string text;
  std::int64_t number, offset;
  bool operator==(const Line&) const = default;
};

void PrintTo(const Line& line, std::ostream* out) {
  *out << line.number << "@" << line.offset << " " << line.text.substr(0, 40) << " (" << line.text.size() << ")";
}

class Readers : public testing::Test {
 protected:
  std::vector<Line> read(std::string_view text) {
    spill(dir_ / "x", text);
    Reader reader(dir_ / "x");
    std::vector<Line> lines;
    while (auto line = reader.next()) lines.push_back({std::string(*line), reader.line(), reader.offset()});
    EXPECT_FALSE(reader.next());  // and stays at the end
    return lines;
  }
  TempDir dir_;
};

TEST_F(Readers, GiveEachLineWithItsNumberAndOffset) {
  EXPECT_EQ(read("{\"a\":1}\n{}\nlast\n"), (std::vector<Line>{{"{\"a\":1}", 1, 0}, {"{}", 2, 8}, {"last", 3, 11}}));
}

TEST_F(Readers, GiveALastLineWithoutANewline) {
  EXPECT_EQ(read("a\nb"), (std::vector<Line>{{"a", 1, 0}, {"b", 2, 2}}));
}

TEST_F(Readers, SkipBlankLinesButCountThem) {
  EXPECT_EQ(read("\n \n\t\r\na\n\n\nb\n \n"), (std::vector<Line>{{"a", 4, 6}, {"b", 7, 10}}));
}

TEST_F(Readers, StripOneCarriageReturn) {
  EXPECT_EQ(read("a\r\nb\r\r\nc\rd\r\ne\r"),
            (std::vector<Line>{{"a", 1, 0}, {"b\r", 2, 3}, {"c\rd", 3, 7}, {"e", 4, 12}}));
}

TEST_F(Readers, KeepBlanksAroundARecord) { EXPECT_EQ(read(" {} \n"), (std::vector<Line>{{" {} ", 1, 0}})); }

TEST_F(Readers, StripAByteOrderMarkAtTheStartOnly) {
  EXPECT_EQ(read("\xEF\xBB\xBF{}\n\xEF\xBB\xBF{}\n"), (std::vector<Line>{{"{}", 1, 0}, {"\xEF\xBB\xBF{}", 2, 6}}));
  EXPECT_EQ(read("\xEF\xBB\xBF\r\n{}"), (std::vector<Line>{{"{}", 2, 5}}));
  EXPECT_EQ(read("\xEF\xBB\xBF"), std::vector<Line>{});
  EXPECT_EQ(read("\n\xEF\xBB\xBFx"), (std::vector<Line>{{"\xEF\xBB\xBFx", 2, 1}}));
}

TEST_F(Readers, KeepNulBytes) {
  EXPECT_EQ(read(std::string_view("a\0b\n\0", 5)),
            (std::vector<Line>{{std::string("a\0b", 3), 1, 0}, {std::string(1, '\0'), 2, 4}}));
}

TEST_F(Readers, GiveNothingOfAnEmptyOrBlankFile) {
  for (const char* text : {"", "\n", "\r\n\r\n", "   ", " \n\t"}) EXPECT_EQ(read(text), std::vector<Line>{});
}

TEST_F(Readers, LinesMayLieAcrossTheBuffersBorder) {
  constexpr int kBuffer = 256 << 10;
  for (int at = kBuffer - 3; at <= kBuffer + 3; ++at) {
    SCOPED_TRACE(at);
    std::string first(at, 'a'), second = "second", third(300, 'c');
    EXPECT_EQ(read(first + "\n" + second + "\r\n" + third),
              (std::vector<Line>{{first, 1, 0}, {second, 2, at + 1}, {third, 3, at + 9}}));
  }
}

TEST_F(Readers, LinesMayBeLongerThanTheBuffer) {
  std::string shorter(100, 's'), longer(700 << 10, 'l'), longest(3 << 20, 'x');
  auto lines = read(shorter + "\n" + longer + "\n" + longest + "\n" + shorter);
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[1], (Line{longer, 2, 101}));
  EXPECT_EQ(lines[2], (Line{longest, 3, 101 + (700 << 10) + 1}));
  EXPECT_EQ(lines[3], (Line{shorter, 4, 101 + (700 << 10) + 1 + (3 << 20) + 1}));
}

TEST_F(Readers, ReadManyLinesOfEveryLength) {
  std::string text;
  std::vector<Line> expected;
  for (int i = 1; i <= 3000; ++i) {
    std::string line(static_cast<std::size_t>(i * 7919 % 613 + 1), static_cast<char>('a' + i % 26));
    expected.push_back({line, i, static_cast<std::int64_t>(text.size())});
    text += line + "\n";
  }
  EXPECT_TRUE(read(text) == expected);
}

TEST_F(Readers, ALineBeyondTheLimitIsAnError) {
  spill(dir_ / "x", "{}\n");
  ASSERT_EQ(::truncate((dir_ / "x").c_str(), static_cast<off_t>(Reader::kLongestLine + 100)), 0);  // a hole, all NUL
  Reader reader(dir_ / "x");
  EXPECT_EQ(reader.next(), "{}");
  Error error = error_of([&] { reader.next(); });
  EXPECT_EQ(error.status, Status::LIMIT);
  EXPECT_TRUE(holds(error.message, "line 2 is longer than 256 MiB"));
  EXPECT_EQ(error.file, dir_ / "x");
}

TEST_F(Readers, AFileThatCannotBeReadIsNamed) {
  Error missing = error_of([&] { Reader reader(dir_ / "none"); });
  EXPECT_EQ(missing.status, Status::FILESYSTEM);
  EXPECT_EQ(missing.file, dir_ / "none");
  Error directory = error_of([&] {
    Reader reader(dir_.path());
    reader.next();
  });
  EXPECT_EQ(directory.status, Status::FILESYSTEM);
  EXPECT_EQ(directory.file, dir_.path());
}

// Else a caller who tries again would take what comes after a failed check for verified.
TEST(Records, EndWithTheirFirstFailure) {
  int asked = 0;
  Records records([&]() -> std::optional<Records::File> {
    ++asked;
    throw Error(Status::VERIFICATION, "changed");
  });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(test::error_of([&] { records.next(); }).status, Status::VERIFICATION);
  EXPECT_EQ(asked, 1);
}

}  // namespace
}  // namespace libbcda::ndjson
