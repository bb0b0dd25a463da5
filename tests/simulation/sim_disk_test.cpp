#include "simulation/sim_disk.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>

#include <cerrno>
#include <functional>
#include <set>
#include <string>

#include "world/system_clock.hpp"

namespace libbcda::simulation {
namespace {

using world::Sync;

class Disks : public testing::Test {
 protected:
  Disks() { disk_.use(clock_); }

  int dir(const char* path = "/") { return disk_.open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0); }
  void write(const char* path, const std::string& text, bool synced) {
    const int fd = disk_.open(AT_FDCWD, path, O_WRONLY | O_CREAT, 0600);
    ASSERT_GE(fd, 0);
    ASSERT_EQ(disk_.write(fd, as_bytes(text)), static_cast<ssize_t>(text.size()));
    ASSERT_TRUE(!synced || disk_.sync(fd, Sync::all, 0, 0) == 0);
    disk_.close(fd);
  }
  void sync_root() { ASSERT_EQ(disk_.sync(dir(), Sync::all, 0, 0), 0); }

  // All states of the disk that a number of crashes leave: each file and its text.
  using State = std::map<std::string, std::string>;
  std::set<State> states_after(Crash crash) {
    std::set<State> states;
    Dice dice(7);
    for (int i = 0; i < 300; ++i) states.insert(disk_.after(crash, dice)->files());
    return states;
  }

  const world::Clock& clock_ = world::system_clock();
  SimDisk disk_;
};

TEST_F(Disks, KeepAllThatWasWrittenWhenAProcessIsKilled) {
  write("/a", "text", false);
  EXPECT_EQ(states_after(Crash::kill), (std::set<State>{{{"/a", "text"}}}));
}

TEST_F(Disks, KeepWhatWasSynced) {
  write("/a", "text", true);
  sync_root();
  EXPECT_EQ(states_after(Crash::power), (std::set<State>{{{"/a", "text"}}}));
}

TEST_F(Disks, LoseANameThatWasNotSynced) {
  write("/a", "text", true);
  EXPECT_EQ(states_after(Crash::power), (std::set<State>{{}, {{"/a", "text"}}}));
}

TEST_F(Disks, LoseTearAndKeepBytesThatWereNotSynced) {
  write("/a", "", true);
  sync_root();
  write("/a", "text", false);
  const auto states = states_after(Crash::power);
  for (const std::string& text : {std::string(), std::string("text"), std::string("te\0\0", 4), std::string(4, '\0')})
    EXPECT_TRUE(states.contains({{"/a", text}})) << text;
}

TEST_F(Disks, ForgetThatAKilledProcessDidNotSync) {
  write("/a", "text", false);
  Dice dice(1);
  const auto after_kill = disk_.after(Crash::kill, dice);
  std::set<State> states;
  for (int i = 0; i < 100; ++i) states.insert(after_kill->after(Crash::power, dice)->files());
  EXPECT_TRUE(states.contains({}));
  EXPECT_TRUE(states.contains({{"/a", "text"}}));
}

TEST_F(Disks, RenameAllOrNothing) {
  write("/a", "text", true);
  sync_root();
  ASSERT_EQ(disk_.rename(AT_FDCWD, "/a", AT_FDCWD, "/b"), 0);
  EXPECT_EQ(states_after(Crash::power), (std::set<State>{{{"/a", "text"}}, {{"/b", "text"}}}));
}

TEST_F(Disks, MayBringBackWhatWasRemoved) {
  write("/a", "text", true);
  sync_root();
  ASSERT_EQ(disk_.unlink(AT_FDCWD, "/a", 0), 0);
  EXPECT_EQ(states_after(Crash::power), (std::set<State>{{}, {{"/a", "text"}}}));
  sync_root();
  EXPECT_EQ(states_after(Crash::power), (std::set<State>{{}}));
}

TEST_F(Disks, HoldNoFileOpenAfterACrash) {
  const int fd = disk_.open(dir(), ".", O_RDONLY | O_DIRECTORY, 0);
  ASSERT_EQ(disk_.lock(fd, world::Lock::alone), 0);
  EXPECT_EQ(disk_.lock(dir(), world::Lock::shared), -1);
  EXPECT_EQ(errno, EWOULDBLOCK);
  Dice dice(1);
  const auto copy = disk_.after(Crash::kill, dice);
  EXPECT_EQ(copy->open_files(), 0u);
  EXPECT_EQ(copy->lock(copy->open(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY, 0), world::Lock::alone), 0);
}

TEST_F(Disks, RefuseWhatPosixRefuses) {
  const auto refused = [](int result) { return result == -1 ? errno : 0; };
  ASSERT_EQ(disk_.make_directory(AT_FDCWD, "/d"), 0);
  write("/d/a", "1", false);
  write("/b", "2", false);
  EXPECT_EQ(refused(disk_.make_directory(AT_FDCWD, "/d")), EEXIST);
  EXPECT_EQ(refused(disk_.make_directory(AT_FDCWD, "/none/d")), ENOENT);
  EXPECT_EQ(refused(disk_.open(AT_FDCWD, "/b", O_WRONLY | O_CREAT | O_EXCL, 0600)), EEXIST);
  EXPECT_EQ(refused(disk_.open(AT_FDCWD, "/none", O_RDONLY, 0)), ENOENT);
  EXPECT_EQ(refused(disk_.open(AT_FDCWD, "/b", O_RDONLY | O_DIRECTORY, 0)), ENOTDIR);
  EXPECT_EQ(refused(disk_.link(AT_FDCWD, "/b", AT_FDCWD, "/d/a")), EEXIST);
  EXPECT_EQ(refused(disk_.rename_if_new(AT_FDCWD, "/b", AT_FDCWD, "/d/a")), EEXIST);
  EXPECT_EQ(refused(disk_.unlink(AT_FDCWD, "/d", AT_REMOVEDIR)), ENOTEMPTY);
  EXPECT_EQ(refused(disk_.unlink(AT_FDCWD, "/d", 0)), EISDIR);
  EXPECT_EQ(refused(disk_.close(4)), EBADF);
}

TEST_F(Disks, BecomeFull) {
  DiskFaults faults;
  faults.room = 3;
  disk_.fail(faults, Dice(1));
  const int fd = disk_.open(AT_FDCWD, "/a", O_WRONLY | O_CREAT, 0600);
  EXPECT_EQ(disk_.write(fd, as_bytes("12345")), 3);
  EXPECT_EQ(disk_.write(fd, as_bytes("45")), -1);
  EXPECT_EQ(errno, ENOSPC);
}

}  // namespace
}  // namespace libbcda::simulation
