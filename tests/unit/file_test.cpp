#include "files/file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>
#include <vector>

#include "files/directory.hpp"
#include "support/disk_over.hpp"
#include "support/errors.hpp"
#include "support/files.hpp"

namespace libbcda {
namespace {

using files::Directory;
using files::Durability;
using files::LineFile;
using files::OutputFile;
using files::read_file;
using files::read_secret_file;
using files::readable_by_others;
using namespace test;

class OutputFiles : public testing::TestWithParam<Durability> {
 protected:
  TempDir temp_;
  Directory dir_ = Directory::open_or_create(temp_.path());
};
INSTANTIATE_TEST_SUITE_P(EachDurability, OutputFiles, testing::Values(Durability::process, Durability::power),
                         [](const auto& each) { return each.param == Durability::power ? "power" : "process"; });

TEST_P(OutputFiles, AppearUnderTheirNameOnlyOncePublished) {
  OutputFile file(dir_, "x.partial", GetParam());
  file.write(as_bytes("abc"));
  file.write(as_bytes("def"));
  EXPECT_EQ(file.size(), 6);
  EXPECT_EQ(names_in(temp_.path()), Names{"x.partial"});
  file.publish(dir_, "x");
  EXPECT_EQ(names_in(temp_.path()), Names{"x"});
  EXPECT_EQ(slurp(temp_ / "x"), "abcdef");
}

class ReservingDisk : public test::DiskOver {
 public:
  ReservingDisk() : DiskOver(world::system_disk()) {}
  void reserve(int fd, std::int64_t offset, std::int64_t length) noexcept override {
    reserved.emplace_back(offset, length);
    DiskOver::reserve(fd, offset, length);
  }
  std::vector<std::pair<std::int64_t, std::int64_t>> reserved;
};

// A server may announce any size. So what is reserved is never far ahead of what has come.
TEST_P(OutputFiles, ReserveRoomInSteps) {
  constexpr std::int64_t kMiB = 1 << 20;
  ReservingDisk disk;
  const Directory dir = Directory::open_or_create(temp_.path(), disk);
  {
    OutputFile file(dir, "x.partial", GetParam());
    file.expect(INT64_MAX);
    const Bytes block(kMiB);
    for (int i = 0; i < 20; ++i) file.write(block);
    EXPECT_EQ(disk.reserved, (std::vector{std::pair{0 * kMiB, 17 * kMiB}, std::pair{17 * kMiB, 17 * kMiB}}));
  }
  disk.reserved.clear();
  {
    OutputFile file(dir, "x.partial", GetParam());
    file.expect(3 * kMiB);
    for (int i = 0; i < 2; ++i) file.write(Bytes(2 * kMiB));  // it is longer than announced
    EXPECT_EQ(disk.reserved, (std::vector{std::pair{0 * kMiB, 3 * kMiB}}));
    file.publish(dir, "x");
  }
  EXPECT_EQ(slurp(temp_ / "x").size(), 4u * kMiB);
  disk.reserved.clear();
  for (const std::int64_t size : {std::int64_t(-1), std::int64_t(0), std::int64_t(50'000)}) {
    OutputFile file(dir, "y.partial", GetParam());
    file.expect(size);
    file.write(as_bytes("abc"));
  }
  EXPECT_TRUE(disk.reserved.empty());
}

TEST_P(OutputFiles, ArePrivateFromTheFirstByte) {
  for (const mode_t mask : {0000, 0022, 0077, 0277, 0777}) {
    const mode_t old = ::umask(mask);
    OutputFile file(dir_, "x.partial", GetParam());
    EXPECT_EQ(mode_of(temp_ / "x.partial"), 0600);
    file.publish(dir_, "x");
    EXPECT_EQ(mode_of(temp_ / "x"), 0600);
    ::umask(old);
    ::unlink((temp_ / "x").c_str());
  }
}

TEST_P(OutputFiles, NeverReplaceAFile) {
  spill(temp_ / "x", "old");
  {
    OutputFile file(dir_, "x.partial", GetParam());
    file.write(as_bytes("new"));
    Error error = error_of([&] { file.publish(dir_, "x"); });
    EXPECT_EQ(error.status, Status::FILESYSTEM);
    EXPECT_TRUE(holds(error.message, "exists already"));
    EXPECT_EQ(error.file, temp_ / "x");
  }
  EXPECT_EQ(slurp(temp_ / "x"), "old");
  EXPECT_EQ(names_in(temp_.path()), Names{"x"});
}

TEST_P(OutputFiles, NeverWriteThroughALink) {
  ASSERT_EQ(::symlink((temp_ / "target").c_str(), (temp_ / "x").c_str()), 0);
  ASSERT_EQ(::symlink((temp_ / "target").c_str(), (temp_ / "y.partial").c_str()), 0);
  EXPECT_EQ(error_of([&] { OutputFile(dir_, "y.partial", GetParam()); }).status, Status::FILESYSTEM);
  {
    OutputFile file(dir_, "x.partial", GetParam());
    file.write(as_bytes("secret"));
    EXPECT_EQ(error_of([&] { file.publish(dir_, "x"); }).status, Status::FILESYSTEM);
  }
  EXPECT_FALSE(exists(temp_ / "target"));
}

TEST_P(OutputFiles, LeaveNothingOnTheDiskHoweverLargeTheyWere) {
  const int watcher = ::inotify_init1(IN_CLOEXEC);
  ASSERT_GE(watcher, 0);
  {
    OutputFile file(dir_, "x.partial", GetParam());
    ASSERT_GE(::inotify_add_watch(watcher, (temp_ / "x.partial").c_str(), IN_DELETE_SELF), 0);
    const std::string block(1 << 20, 'x');
    for (int i = 0; i < 32; ++i) file.write(as_bytes(block));
  }
  EXPECT_EQ(names_in(temp_.path()), Names{});
  inotify_event event{};
  ASSERT_EQ(::read(watcher, &event, sizeof event),
            static_cast<ssize_t>(sizeof event));  // the event comes when the last descriptor of the file is closed
  EXPECT_TRUE(event.mask & IN_DELETE_SELF);
  ::close(watcher);
}

TEST_P(OutputFiles, KeepTheirBytesUnderAnotherName) {
  const std::string block(16 << 20, 'x');
  {
    OutputFile file(dir_, "x.partial", GetParam());
    file.write(as_bytes(block));
    ASSERT_EQ(::link((temp_ / "x.partial").c_str(), (temp_ / "backup").c_str()), 0);
  }
  EXPECT_EQ(names_in(temp_.path()), Names{"backup"});
  EXPECT_TRUE(slurp(temp_ / "backup") == block);
}

TEST_P(OutputFiles, AreGoneWhenDropped) {
  { OutputFile file(dir_, "x.partial", GetParam()); }
  EXPECT_EQ(names_in(temp_.path()), Names{});
}

TEST_P(OutputFiles, AreGoneOnceWhenMoved) {
  {
    OutputFile file(dir_, "x.partial", GetParam());
    OutputFile moved(std::move(file));
    moved.write(as_bytes("abc"));
    EXPECT_TRUE(exists(temp_ / "x.partial"));
  }
  EXPECT_EQ(names_in(temp_.path()), Names{});
}

TEST_P(OutputFiles, NeverShareAPartialFile) {
  OutputFile file(dir_, "x.partial", GetParam());
  EXPECT_EQ(error_of([&] { OutputFile(dir_, "x.partial", GetParam()); }).status, Status::FILESYSTEM);
  file.write(as_bytes("mine"));
  file.publish(dir_, "x");
  EXPECT_EQ(slurp(temp_ / "x"), "mine");
}

TEST_P(OutputFiles, PublishIntoAnotherDirectory) {
  Directory other = dir_.sub("other");
  OutputFile file(dir_, "x.partial", GetParam());
  file.publish(other, "x");
  EXPECT_EQ(names_in(temp_.path()), (Names{"other/", "other/x"}));
}

TEST_P(OutputFiles, HoldMoreThanOneFlushStep) {
  std::string block(3 << 20, 'x');
  OutputFile file(dir_, "x.partial", GetParam());
  for (int i = 0; i < 4; ++i) file.write(as_bytes(block));
  file.publish(dir_, "x");
  EXPECT_EQ(slurp(temp_ / "x"), block + block + block + block);
}

TEST(LineFiles, CanBeGoneOnWithWhateverTheUmask) {
  TempDir temp;
  const Directory dir = Directory::open_or_create(temp / "d");
  const mode_t old = ::umask(0777);
  for (const char* line : {"1", "2"}) LineFile(dir, "log").append(line);
  ::umask(old);
  EXPECT_EQ(mode_of(temp / "d/log"), 0600);
  EXPECT_EQ(slurp(temp / "d/log"), "1\n2\n");
}

TEST(Directories, AreMadePrivate) {
  TempDir temp;
  for (const mode_t mask : {0000, 0277, 0777}) {
    const std::string path = temp / ("new" + std::to_string(mask));
    const mode_t old = ::umask(mask);
    Directory::open_or_create(path).sub("inner");
    ::umask(old);
    EXPECT_EQ(mode_of(path), 0700);
    EXPECT_EQ(mode_of(path + "/inner"), 0700);
    EXPECT_NO_THROW(Directory::open_or_create(path));
  }
}

TEST(Directories, ParentsAreNotMade) {
  TempDir temp;
  EXPECT_EQ(error_of([&] { Directory::open_or_create(temp / "a/b"); }).status, Status::FILESYSTEM);
  EXPECT_EQ(names_in(temp.path()), Names{});
}

TEST(Directories, AFileInTheirPlaceIsNamed) {
  TempDir temp;
  spill(temp / "file", "x");
  Error error = error_of([&] { Directory::open_or_create(temp / "file"); });
  EXPECT_EQ(error.status, Status::FILESYSTEM);
  EXPECT_TRUE(holds(error.message, "is a file, not a directory"));
  EXPECT_EQ(error.file, temp / "file");
  EXPECT_EQ(slurp(temp / "file"), "x");
}

TEST(Directories, InnerOnesAreNeverReachedThroughALink) {
  TempDir temp, elsewhere;
  Directory dir = Directory::open_or_create(temp.path());
  ASSERT_EQ(::symlink(elsewhere.path().c_str(), (temp / "link").c_str()), 0);
  EXPECT_EQ(error_of([&] { dir.sub("link"); }).status, Status::FILESYSTEM);
  spill(elsewhere / "kept", "x");
  dir.remove_empty("link");
  EXPECT_TRUE(exists(elsewhere / "kept"));
  spill(temp / "plain", "x");
  EXPECT_EQ(error_of([&] { dir.sub("plain"); }).status, Status::FILESYSTEM);
}

TEST(Directories, ContainLinksToo) {
  TempDir temp;
  Directory dir = Directory::open_or_create(temp.path());
  EXPECT_FALSE(dir.contains("x"));
  ASSERT_EQ(::symlink("nowhere", (temp / "x").c_str()), 0);
  EXPECT_TRUE(dir.contains("x"));
}

TEST(Directories, ReadFilesUpToALimitButNotLinks) {
  TempDir temp;
  Directory dir = Directory::open_or_create(temp.path());
  spill(temp / "x", "12345");
  EXPECT_EQ(dir.read("x", 5), "12345");
  EXPECT_TRUE(holds(error_of([&] { dir.read("x", 4); }).message, "larger than 4 bytes"));
  EXPECT_EQ(error_of([&] { dir.read("none", 4); }).status, Status::FILESYSTEM);
  ASSERT_EQ(::symlink("x", (temp / "link").c_str()), 0);
  EXPECT_EQ(error_of([&] { dir.read("link", 5); }).status, Status::FILESYSTEM);
}

TEST(Directories, ReplaceAWholeFile) {
  TempDir temp;
  Directory dir = Directory::open_or_create(temp.path());
  for (auto durability : {Durability::process, Durability::power}) {
    replace_file(dir, "x", "first, and longer", durability);
    replace_file(dir, "x", "second", durability);
    EXPECT_EQ(slurp(temp / "x"), "second");
    EXPECT_EQ(mode_of(temp / "x"), 0600);
    EXPECT_EQ(names_in(temp.path()), Names{"x"});
  }
}

TEST(Directories, AFailedReplaceLeavesTheOldFile) {
  TempDir temp;
  Directory dir = Directory::open_or_create(temp.path());
  replace_file(dir.sub("x"), "inner", "kept", Durability::process);
  EXPECT_EQ(error_of([&] { replace_file(dir, "x", "new", Durability::process); }).status, Status::FILESYSTEM);
  EXPECT_EQ(names_in(temp.path()), (Names{"x/", "x/inner"}));
}

TEST(Directories, RemoveFilesAndEmptyDirectoriesOnly) {
  TempDir temp;
  Directory dir = Directory::open_or_create(temp.path());
  EXPECT_EQ(dir.names(), Names());
  const Directory inner = dir.sub("inner");
  spill(temp / "inner/a", "x");
  EXPECT_EQ(dir.names(), Names{"inner"});
  dir.remove("inner");        // not a file
  dir.remove_empty("inner");  // not empty
  EXPECT_TRUE(exists(temp / "inner/a"));
  inner.remove("a");
  inner.remove("none");
  dir.remove_empty("inner");
  dir.remove_empty("none");
  EXPECT_EQ(dir.names(), Names());
}

TEST(Directories, StayTheSameWhenTheirPathChanges) {
  TempDir temp;
  Directory dir = Directory::open_or_create(temp / "a");
  ASSERT_EQ(::rename((temp / "a").c_str(), (temp / "b").c_str()), 0);
  replace_file(dir, "x", "here", Durability::process);
  EXPECT_EQ(slurp(temp / "b/x"), "here");
}

TEST(ReadFile, ReadsUpToTheLimit) {
  TempDir temp;
  std::string text(40000, 'x');
  text[20000] = '\0';
  spill(temp / "x", text);
  EXPECT_EQ(read_file(temp / "x", text.size(), "thing"), text);
  EXPECT_EQ(read_secret_file(temp / "x", text.size(), "thing").reveal(), text);
  Error error = error_of([&] { read_file(temp / "x", text.size() - 1, "thing"); });
  EXPECT_EQ(error.status, Status::FILESYSTEM);
  EXPECT_TRUE(holds(error.message, "the thing " + (temp / "x") + " is larger than 39999 bytes"));
}

TEST(ReadFile, NamesWhatCannotBeRead) {
  TempDir temp;
  for (const std::string& path : {temp / "none", temp.path()}) {
    for (const auto& call : {+[](const std::string& p) { read_file(p, 10, "thing"); },
                             +[](const std::string& p) { read_secret_file(p, 10, "thing"); }}) {
      Error error = error_of([&] { call(path); });
      EXPECT_EQ(error.status, Status::FILESYSTEM);
      EXPECT_TRUE(holds(error.message, "cannot read the thing " + path));
      EXPECT_EQ(error.file, path);
    }
  }
}

TEST(ReadableByOthers, LooksAtGroupAndOthers) {
  TempDir temp;
  spill(temp / "x", "");
  for (auto [mode, readable] : {std::pair<mode_t, bool>{0600, false}, {0640, true}, {0604, true}, {0622, false}}) {
    ASSERT_EQ(::chmod((temp / "x").c_str(), mode), 0);
    EXPECT_EQ(readable_by_others(temp / "x"), readable) << std::oct << mode;
  }
  EXPECT_FALSE(readable_by_others(temp / "none"));
}

TEST(LineFiles, AppendWholeLinesPrivately) {
  TempDir temp;
  Directory dir = Directory::open_or_create(temp.path());
  LineFile(dir, "log").append("one");
  LineFile again(dir, "log");
  again.append("two");
  again.append("");
  EXPECT_EQ(slurp(temp / "log"), "one\ntwo\n\n");
  EXPECT_EQ(mode_of(temp / "log"), 0600);
}

TEST(LineFiles, ATruncatedLineOfAKilledProcessDoesNotDamageOthers) {
  TempDir temp;
  Directory dir = Directory::open_or_create(temp.path());
  spill(temp / "journal", "one\nhal");
  LineFile lines(dir, "journal");
  lines.append("two");
  EXPECT_EQ(slurp(temp / "journal"), "one\nhal\ntwo\n");
}

TEST(LineFiles, AreNotOpenedThroughALink) {
  TempDir temp;
  Directory dir = Directory::open_or_create(temp.path());
  ASSERT_EQ(::symlink((temp / "target").c_str(), (temp / "log").c_str()), 0);
  EXPECT_EQ(error_of([&] { LineFile(dir, "log"); }).status, Status::FILESYSTEM);
  EXPECT_FALSE(exists(temp / "target"));
}

TEST(Fds, CloseThemselvesOnce) {
  int raw = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(raw, 0);
  {
    files::Fd first(world::system_disk(), raw);
    files::Fd second(std::move(first));
    EXPECT_FALSE(first);  // NOLINT: that is what is tested
    EXPECT_TRUE(second);
    EXPECT_GE(::fcntl(raw, F_GETFD), 0);
  }
  EXPECT_LT(::fcntl(raw, F_GETFD), 0);
}

}  // namespace
}  // namespace libbcda
