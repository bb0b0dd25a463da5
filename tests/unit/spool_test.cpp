// Bytes that move from memory to a file when they become many.
#include "files/spool.hpp"

#include <gtest/gtest.h>

#include "files/directory.hpp"
#include "support/errors.hpp"
#include "support/files.hpp"

namespace libbcda::files {
namespace {

using test::error_of;

TEST(Spools, ReadWhatWasWrittenWhereverItIs) {
  const test::TempDir temp;
  const Directory directory = Directory::open_or_create(temp.path());
  const std::string small = "0123456789", large(900'000, 'x');
  Spool in_memory, in_file([&] { return nameless_file(directory); });
  for (Spool* spool : {&in_memory, &in_file}) {
    for (const std::string& piece : {small, large, small, large, small}) spool->append(piece);
    EXPECT_EQ(spool->size(), 1'800'030u);
    EXPECT_EQ(spool->read(0, 10), small);
    EXPECT_EQ(spool->read(900'010, 10), small);
    EXPECT_EQ(spool->read(1'800'020, 10), small);
    EXPECT_EQ(spool->read(900'008, 4), "xx01");
    EXPECT_EQ(error_of([&] { spool->read(1'800'021, 10); }).status, Status::FILESYSTEM);
    EXPECT_EQ(error_of([&] { spool->read(9'999'999, 1); }).status, Status::FILESYSTEM);
  }
  EXPECT_TRUE(test::names_in(temp.path()).empty());  // the file has no name
}

TEST(Spools, NeedNoFileForLittle) {
  bool opened = false;
  Spool spool([&] {
    opened = true;
    return Fd();
  });
  spool.append(std::string(1 << 20, 'x'));
  EXPECT_FALSE(opened);
}

TEST(Spools, SayWhenTheFileCannotBeMade) {
  Spool spool([]() -> Fd { throw Error(Status::FILESYSTEM, "no space"); });
  EXPECT_EQ(error_of([&] { spool.append(std::string(2 << 20, 'x')); }).message, "no space");
}

}  // namespace
}  // namespace libbcda::files
