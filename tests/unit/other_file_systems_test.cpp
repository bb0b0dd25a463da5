// The behavior of other file systems: some report a failed write at close, lose an answer, or have no links, no locks
// or no fsync.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "files/directory.hpp"
#include "files/file.hpp"
#include "support/errors.hpp"
#include "support/files.hpp"
#include "support/syscalls.hpp"

namespace libbcda {
namespace {

using files::Directory;
using files::Durability;
using files::LineFile;
using files::OutputFile;
using test::Call;
using test::error_of;
using test::exists;
using test::Failing;
using test::holds;
using test::Names;
using test::names_in;
using test::slurp;
using test::spill;

class OtherFileSystems : public testing::Test {
 protected:
  void publish(Durability durability) {
    OutputFile file(dir_, "x.partial", durability);
    file.write(as_bytes("claims"));
    file.publish(dir_, "x");
  }

  test::TempDir temp_;
  Directory dir_ = Directory::open_or_create(temp_.path());
};

// NFS, SMB and FUSE report an exceeded quota at close.
TEST_F(OtherFileSystems, AFailedWriteThatCloseReportsLeavesNoName) {
  for (Durability durability : {Durability::process, Durability::power})
    for (int code : {EIO, ENOSPC, EDQUOT, ESTALE}) {
      const Failing close(Call::close, code, true);
      EXPECT_EQ(error_of([&] { publish(durability); }).status, Status::FILESYSTEM);
      EXPECT_EQ(names_in(temp_.path()), Names{});
    }
}

TEST_F(OtherFileSystems, EachStepThatFailsLeavesNoName) {
  for (Call call : {Call::write, Call::close, Call::fdatasync}) {
    const Failing failing(call, EIO);
    EXPECT_EQ(error_of([&] { publish(Durability::power); }).status, Status::FILESYSTEM);
    EXPECT_EQ(names_in(temp_.path()), Names{}) << static_cast<int>(call);
  }
  const Failing link(Call::linkat, EIO), if_new(Call::renameat2, EIO), rename(Call::renameat, EIO);
  EXPECT_EQ(error_of([&] { publish(Durability::power); }).status, Status::FILESYSTEM);
  EXPECT_EQ(names_in(temp_.path()), Names{});
}

TEST_F(OtherFileSystems, AFailedCloseDoesNotDamageAReplacedFileOrALog) {
  replace_file(dir_, "export.json", "old", Durability::process);
  LineFile lines(dir_, "log");
  lines.append("line");
  const Failing close(Call::close, ENOSPC, true);
  EXPECT_EQ(error_of([&] { replace_file(dir_, "export.json", "new", Durability::process); }).status,
            Status::FILESYSTEM);
  EXPECT_EQ(slurp(temp_ / "export.json"), "old");
  EXPECT_EQ(error_of([&] { lines.close(); }).status, Status::FILESYSTEM);
}

// The link was created, but its answer was lost. The client of the file system repeats the call, and the file exists.
TEST_F(OtherFileSystems, ALinkWhoseAnswerWasLostIsAPublishedFile) {
  for (int code : {EEXIST, EIO}) {
    const Failing link(Call::linkat, code, true);
    EXPECT_NO_THROW(publish(Durability::process));
    EXPECT_EQ(names_in(temp_.path()), Names{"x"});
    EXPECT_EQ(slurp(temp_ / "x"), "claims");
    ::unlink((temp_ / "x").c_str());
  }
}

TEST_F(OtherFileSystems, WithoutLinksAFileIsRenamed) {
  for (int code : {EPERM, ENOTSUP, ENOSYS, EMLINK})
    for (int exchange_code : {0, EINVAL, ENOSYS, EOPNOTSUPP, EPERM}) {
      const Failing link(Call::linkat, code);
      const Failing exchange(Call::renameat2, exchange_code);  // 0: it works
      EXPECT_NO_THROW(publish(Durability::process));
      EXPECT_EQ(names_in(temp_.path()), Names{"x"});
      ::unlink((temp_ / "x").c_str());
      spill(temp_ / "x", "somebody's");
      EXPECT_TRUE(holds(error_of([&] { publish(Durability::process); }).message, "exists already"));
      EXPECT_EQ(slurp(temp_ / "x"), "somebody's");
      ::unlink((temp_ / "x").c_str());
    }
}

TEST_F(OtherFileSystems, ARenameWhoseAnswerWasLostIsAPublishedFile) {
  const Failing link(Call::linkat, EPERM), exchange(Call::renameat2, EIO, true);
  EXPECT_NO_THROW(publish(Durability::process));
  EXPECT_EQ(names_in(temp_.path()), Names{"x"});
}

// Sandboxed kernels and some file systems answer EPERM or EOPNOTSUPP to flags that they do not know.
TEST_F(OtherFileSystems, WithoutLinksAndFlagsAFileIsRenamedWhateverTheAnswer) {
  for (int code : {EINVAL, ENOSYS, EOPNOTSUPP, EPERM}) {
    const Failing link(Call::linkat, EPERM), exchange(Call::renameat2, code);
    EXPECT_NO_THROW(publish(Durability::process)) << code;
    EXPECT_EQ(names_in(temp_.path()), Names{"x"});
    ::unlink((temp_ / "x").c_str());
  }
}

TEST_F(OtherFileSystems, AReplacedFileWhoseAnswerWasLostIsReplaced) {
  replace_file(dir_, "export.json", "old", Durability::process);
  for (int code : {ENOENT, EIO}) {
    const Failing rename(Call::renameat, code, true);
    EXPECT_NO_THROW(replace_file(dir_, "export.json", std::to_string(code), Durability::process));
    EXPECT_EQ(slurp(temp_ / "export.json"), std::to_string(code));
  }
  const Failing rename(Call::renameat, ENOENT);
  EXPECT_EQ(error_of([&] { replace_file(dir_, "export.json", "new", Durability::process); }).status,
            Status::FILESYSTEM);
  EXPECT_EQ(names_in(temp_.path()), Names{"export.json"});
}

// On SMB a virus scanner may hold a file. That it passes is tested by tests/soak/file_systems.py.
TEST_F(OtherFileSystems, AFileThatAnotherProgramHoldsNamesTheRemedy) {
  for (int code : {EBUSY, ETXTBSY}) {
    const Failing rename(Call::renameat, code);
    const Error error = error_of([&] { replace_file(dir_, "export.json", "new", Durability::process); });
    EXPECT_TRUE(holds(error.message, "virus scanner")) << error.message;
    EXPECT_EQ(names_in(temp_.path()), Names{});
  }
}

TEST_F(OtherFileSystems, AFileThatIsTooLargeNamesTheRemedy) {
  const Failing write(Call::write, EFBIG);
  EXPECT_TRUE(holds(error_of([&] { publish(Durability::process); }).message, "ulimit -f"));
}

// The kernel raises SIGXFSZ for such a write, which ends a program that has no handler for it.
TEST_F(OtherFileSystems, AWriteBeyondTheLimitOfFileSizesRaisesNoSignal) {
  EXPECT_EXIT(
      {
        std::signal(SIGXFSZ, SIG_DFL);
        rlimit limit{};
        limit.rlim_cur = limit.rlim_max = 3;
        ::setrlimit(RLIMIT_FSIZE, &limit);
        const Error error = error_of([&] { publish(Durability::process); });
        ::_exit(holds(error.message, "ulimit -f") ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(OtherFileSystems, ADirectoryOfAnotherUserIsSeenAndLeftAsItIs) {
  EXPECT_TRUE(dir_.make_private());
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a directory away";
  ASSERT_EQ(::chown(temp_.path().c_str(), 1234, static_cast<gid_t>(-1)), 0);
  EXPECT_FALSE(dir_.make_private());
  EXPECT_EQ(names_in(temp_.path()), Names{});
}

// Where locks do not work either, half an owner file would keep the next run out for minutes.
TEST_F(OtherFileSystems, AFileThatIsCreatedIsNeverSeenHalf) {
  EXPECT_TRUE(create_file(dir_, "owner.json", "whole"));
  EXPECT_FALSE(create_file(dir_, "owner.json", "another"));
  EXPECT_EQ(slurp(temp_ / "owner.json"), "whole");
  EXPECT_EQ(names_in(temp_.path()), Names{"owner.json"});
  ::unlink((temp_ / "owner.json").c_str());
  const Failing link(Call::linkat, ENOSYS), exchange(Call::renameat2, EINVAL);
  EXPECT_TRUE(create_file(dir_, "owner.json", "whole"));
  EXPECT_FALSE(create_file(dir_, "owner.json", "another"));
  EXPECT_EQ(names_in(temp_.path()), Names{"owner.json"});
  ::unlink((temp_ / "owner.json").c_str());
  const Failing write(Call::write, EIO);
  EXPECT_EQ(error_of([&] { create_file(dir_, "owner.json", "whole"); }).status, Status::FILESYSTEM);
  EXPECT_EQ(names_in(temp_.path()), Names{});
}

TEST_F(OtherFileSystems, ADirectoryThatCannotBeSyncedIsReported) {
  EXPECT_TRUE(dir_.sync());
  EXPECT_TRUE(dir_.sync_own_name());
  for (int code : {EINVAL, ENOSYS, ENOTSUP, EBADF, EISDIR, EPERM}) {
    const Failing sync(Call::fsync_directory, code);
    EXPECT_FALSE(dir_.sync());
    EXPECT_FALSE(dir_.sync_own_name());
  }
  const Failing sync(Call::fsync_directory, EIO);
  EXPECT_TRUE(holds(error_of([&] { dir_.sync(); }).message, "durability"));
  EXPECT_TRUE(holds(error_of([&] { dir_.sync_own_name(); }).message, "durability"));
}

TEST_F(OtherFileSystems, AFileThatCannotBeSyncedNamesTheRemedy) {
  for (int code : {EINVAL, ENOTSUP, EIO}) {
    const Failing sync(Call::fdatasync, code);
    EXPECT_TRUE(holds(error_of([&] { publish(Durability::power); }).message, "durability"));
  }
}

// A supervisor may start a program with closed standard descriptors. Printed text must not be written to a file.
TEST_F(OtherFileSystems, FilesNeverGetTheStandardDescriptors) {
  const int kept = ::dup(STDIN_FILENO);
  ::close(STDIN_FILENO);
  {
    LineFile lines(dir_, "journal");
    EXPECT_EQ(::fcntl(STDIN_FILENO, F_GETFD), -1);
    lines.append("line");
  }
  EXPECT_EQ(slurp(temp_ / "journal"), "line\n");
  ::dup2(kept, STDIN_FILENO);
  ::close(kept);
}

TEST_F(OtherFileSystems, AReadOnlyFileSystemHasItsOwnMessage) {
  const Failing link(Call::linkat, EROFS), if_new(Call::renameat2, EROFS), rename(Call::renameat, EROFS);
  const std::string message = error_of([&] { publish(Durability::process); }).message;
  EXPECT_TRUE(holds(message, "mounted for writing"));
  EXPECT_EQ(message.find("owner and mode"), std::string::npos);
}

TEST_F(OtherFileSystems, ADirectoryKnowsWhetherItsPathStillLeadsToIt) {
  Directory made = Directory::open_or_create(temp_ / "made");
  EXPECT_TRUE(made.in_place());
  EXPECT_TRUE(dir_.has(made, "made"));
  ASSERT_EQ(::rename((temp_ / "made").c_str(), (temp_ / "moved").c_str()), 0);
  EXPECT_FALSE(made.in_place());
  EXPECT_FALSE(dir_.has(made, "made"));
  Directory other = Directory::open_or_create(temp_ / "made");
  EXPECT_FALSE(made.in_place());
  made.remove_if_empty();
  EXPECT_TRUE(exists(temp_ / "made"));
}

}  // namespace
}  // namespace libbcda
