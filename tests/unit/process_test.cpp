// Which processes are alive.
#include "world/process.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

namespace libbcda::world {
namespace {

// A child that ends when the other end of its pipe is closed.
class Child {
 public:
  Child() {
    EXPECT_EQ(::pipe(end_.data()), 0);
    std::array<int, 2> begun{};
    EXPECT_EQ(::pipe(begun.data()), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(end_[1]);
      const std::string started = this_process().started;
      [[maybe_unused]] ssize_t n = ::write(begun[1], started.data(), started.size());
      ::close(begun[1]);
      char byte;
      n = ::read(end_[0], &byte, 1);
      ::_exit(0);
    }
    ::close(begun[1]);
    process = this_process();
    process.pid = pid_;
    process.started.clear();
    for (char byte; ::read(begun[0], &byte, 1) == 1;) process.started += byte;
    ::close(begun[0]);
  }
  // Its parent has not asked for its exit code yet.
  void become_a_zombie() {
    ::close(end_[1]);
    siginfo_t info{};
    EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT), 0);
  }
  void reap() { EXPECT_EQ(::waitpid(pid_, nullptr, 0), pid_); }

  Process process;

 private:
  std::array<int, 2> end_{};
  pid_t pid_ = 0;
};

TEST(Processes, AreAliveUntilTheyEndAlsoIfNobodyHasAskedForTheirExitCode) {
  Child child;
  ASSERT_NE(child.process.started, "");
  EXPECT_TRUE(system_host().is_alive(child.process));
  child.become_a_zombie();
  EXPECT_FALSE(system_host().is_alive(child.process));
  child.reap();
  EXPECT_FALSE(system_host().is_alive(child.process));
}

TEST(Processes, OfTheSameNumberThatStartedAtAnotherTimeAreOthers) {
  Process other = this_process();
  EXPECT_TRUE(system_host().is_alive(other));
  other.started += "0";
  EXPECT_FALSE(system_host().is_alive(other));
}

}  // namespace
}  // namespace libbcda::world
