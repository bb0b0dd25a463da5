// What Linux adds to POSIX, and what is done without it: both give the same to their callers.
#include <gtest/gtest.h>
#include <fcntl.h>
#include <poll.h>

#include "files/directory.hpp"
#include "files/file.hpp"
#include "support/files.hpp"
#include "world/linux_disk.hpp"
#include "world/posix_disk.hpp"
#include "world/readiness.hpp"

namespace libbcda::world {
namespace {

using files::Directory;
using files::Durability;
using test::slurp;
using test::TempDir;

class Disks : public testing::TestWithParam<bool> {
 protected:
  TempDir temp_;
  PosixDisk posix_;
  LinuxDisk linux_;
  Disk& disk_ = GetParam() ? static_cast<Disk&>(linux_) : posix_;
  Directory directory_ = Directory::open_or_create(temp_ / "out", disk_);
};

TEST_P(Disks, PublishFilesThatReplaceNothing) {
  for (const Durability durability : {Durability::process, Durability::power}) {
    files::OutputFile file(directory_, "partial", durability);
    file.write(as_bytes("text"));
    EXPECT_EQ(file.publish_if_new(directory_, "file").value_or(true), durability == Durability::process);
    EXPECT_EQ(slurp(temp_ / "out/file"), "text");
  }
  EXPECT_FALSE(files::create_file(directory_, "file", "other"));
  EXPECT_TRUE(files::create_file(directory_, "another", "other"));
  EXPECT_EQ(slurp(temp_ / "out/another"), "other");
}

TEST_P(Disks, HaveFilesThatLeaveNothing) {
  files::Fd file = files::nameless_file(directory_);
  files::write_all(disk_, file.get(), as_bytes("text"), "the file");
  EXPECT_TRUE(directory_.names().empty());
  Bytes back(4);
  files::read_all_at(file, 0, back, "the file");
  EXPECT_EQ(as_text(back), "text");
}

TEST_P(Disks, Lock) {
  const Directory same = Directory::open_or_create(temp_ / "out", disk_);
  const files::DirectoryLock mine(directory_), other(same);
  using Outcome = files::DirectoryLock::Outcome;
  EXPECT_EQ(mine.try_alone(), Outcome::got);
  EXPECT_EQ(other.try_shared(), Outcome::busy);
  mine.release();
  EXPECT_EQ(other.try_shared(), Outcome::got);
}

TEST_P(Disks, SyncWhatTheyCan) {
  files::OutputFile file(directory_, "partial", Durability::power);
  file.write(as_bytes("text"));
  const files::Fd again(disk_, disk_.open(directory_.fd(), "partial", O_RDWR, 0));
  for (const Sync how : {Sync::start, Sync::data, Sync::all}) EXPECT_EQ(disk_.sync(again.get(), how, 0, 4), 0);
  EXPECT_EQ(disk_.sync(again.get(), Sync::file_system, 0, 0) == 0, GetParam());
  EXPECT_TRUE(directory_.sync());
}

INSTANTIATE_TEST_SUITE_P(Both, Disks, testing::Bool(),
                         [](const auto& test) { return std::string(test.param ? "Linux" : "Posix"); });

class Readinesses : public testing::TestWithParam<bool> {};

TEST_P(Readinesses, AreReadableWhileTheyAreSet) {
  Readiness readiness(GetParam());
  readiness.set(true);  // nobody asked for the descriptor
  const int fd = readiness.descriptor();
  const auto is_readable = [&] {
    pollfd polled{fd, POLLIN, 0};
    return ::poll(&polled, 1, 0) == 1;
  };
  EXPECT_FALSE(is_readable());
  for (const int times : {1, 3, 100'000}) {  // more than a pipe holds
    for (int i = 0; i < times; ++i) readiness.set(true);
    EXPECT_TRUE(is_readable());
    readiness.set(false);
    EXPECT_FALSE(is_readable());
  }
  EXPECT_EQ(readiness.descriptor(), fd);
  EXPECT_TRUE(::fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

INSTANTIATE_TEST_SUITE_P(Both, Readinesses, testing::Bool(),
                         [](const auto& test) { return std::string(test.param ? "Pipe" : "Event"); });

}  // namespace
}  // namespace libbcda::world
