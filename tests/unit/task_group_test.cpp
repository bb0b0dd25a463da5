#include "runtime/task_group.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace libbcda::runtime {
namespace {

using Task = asio::awaitable<void>;

// A group on a context that the test itself runs, so that the test decides when each step happens.
class TaskGroups : public testing::Test {
 protected:
  // Joins the group and runs until no work is left. Returns false if the join still waits.
  bool join() {
    bool joined = false;
    asio::co_spawn(
        io_,
        [&]() -> Task {
          co_await group_->join();
          joined = true;
        },
        asio::detached);
    io_.restart();
    io_.poll();
    return joined;
  }
  void spawn_sleeper() {
    group_->spawn([this]() -> Task {
      asio::steady_timer timer(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
      ++started_;
      try {
        co_await timer.async_wait(asio::use_awaitable);
      } catch (const boost::system::system_error& e) {
        canceled_ += e.code() == asio::error::operation_aborted;
      }
    });
  }

  asio::io_context io_;
  std::shared_ptr<TaskGroup> group_ = std::make_shared<TaskGroup>(io_.get_executor());
  int started_ = 0, canceled_ = 0;
};

TEST_F(TaskGroups, OfNothingAreJoinedAtOnce) { EXPECT_TRUE(join()); }

TEST_F(TaskGroups, AreJoinedWhenEveryTaskIsDone) {
  int done = 0;
  for (int i = 0; i < 5; ++i)
    group_->spawn([&done]() -> Task {
      co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
      ++done;
    });
  EXPECT_TRUE(join());
  EXPECT_EQ(done, 5);
}

TEST_F(TaskGroups, ATaskMayStartAnother) {
  int done = 0;
  group_->spawn([&]() -> Task {
    group_->spawn([&]() -> Task {
      co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
      ++done;
    });
    ++done;
    co_return;
  });
  EXPECT_TRUE(join());
  EXPECT_EQ(done, 2);
}

TEST_F(TaskGroups, CancelEndsEveryTask) {
  for (int i = 0; i < 3; ++i) spawn_sleeper();
  io_.poll();
  EXPECT_EQ(started_, 3);
  EXPECT_FALSE(group_->canceled());
  group_->cancel();
  EXPECT_TRUE(group_->canceled());
  EXPECT_TRUE(join());
  EXPECT_EQ(canceled_, 3);
}

TEST_F(TaskGroups, CancelReachesATaskThatIsJoinedAlready) {
  spawn_sleeper();
  bool joined = false;
  asio::co_spawn(
      io_,
      [&]() -> Task {
        co_await group_->join();
        joined = true;
      },
      asio::detached);
  io_.poll();
  EXPECT_FALSE(joined);
  group_->cancel();
  io_.restart();
  io_.poll();
  EXPECT_TRUE(joined);
}

TEST_F(TaskGroups, CancelReachesATaskThatHasNotBegun) {
  spawn_sleeper();
  group_->cancel();
  EXPECT_TRUE(join());
  EXPECT_EQ(started_, canceled_);
}

TEST_F(TaskGroups, AfterCancelNothingIsStarted) {
  group_->cancel();
  group_->cancel();
  spawn_sleeper();
  EXPECT_TRUE(join());
  EXPECT_EQ(started_, 0);
  EXPECT_FALSE(group_->broken());
}

// This happens if a wait cannot be started because a thread is missing. The exception reaches the code that runs the
// context, and the coroutine is destroyed before its end.
TEST_F(TaskGroups, ATaskThatIsDestroyedIsReportedAndJoined) {
  auto wait_that_cannot_start = [] {
    return asio::async_initiate<const asio::use_awaitable_t<>, void()>(
        [](auto) { throw std::runtime_error("no thread"); }, asio::use_awaitable);
  };
  group_->spawn([&]() -> Task { co_await wait_that_cannot_start(); });
  EXPECT_THROW(io_.poll(), std::runtime_error);
  EXPECT_TRUE(join());
  EXPECT_TRUE(group_->broken());
  group_->wait_empty();
}

TEST_F(TaskGroups, ATaskThatThrowsIsReportedAndJoined) {
  group_->spawn([]() -> Task {
    throw std::runtime_error("not an end");
    co_return;
  });
  EXPECT_TRUE(join());
  EXPECT_TRUE(group_->broken());
}

}  // namespace
}  // namespace libbcda::runtime
