// Name look-ups that hang: nobody waits for them.
#include "world/resolver.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>

#include "base/time.hpp"

namespace libbcda::world {
namespace {

using namespace std::chrono_literals;

constexpr Milliseconds kLong = std::chrono::minutes(1);

// A system whose look-ups of "slow..." hang until it is released. Threads that were left behind own it.
struct System {
  std::mutex mutex;
  std::condition_variable changed;
  bool released = false;
  std::atomic<int> begun = 0, ended = 0;

  Resolver::Addresses look_up(const std::string& host, ErrorCode& error) {
    std::unique_lock lock(mutex);
    ++begun;
    changed.notify_all();
    if (host.starts_with("slow")) changed.wait(lock, [&] { return released; });
    ++ended;
    changed.notify_all();
    if (host == "none") error = asio::error::host_not_found;
    if (host == "none") return {};
    return {asio::ip::make_address("192.0.2.1"), asio::ip::make_address("2001:db8::1")};
  }
  void release() {
    const std::lock_guard lock(mutex);
    released = true;
    changed.notify_all();
  }
  void wait_begun(int count) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return begun >= count; });
  }
  void wait_ended(int count) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return ended >= count; });
  }
};

class Resolvers : public testing::Test {
 protected:
  void SetUp() override {
    resolver_.emplace(
        [system = system_](const std::string& host, ErrorCode& error) { return system->look_up(host, error); });
    resolver_->start();
  }
  ~Resolvers() override { system_->release(); }

  struct Answer {
    std::optional<ErrorCode> error;
    std::size_t addresses = 0;
    asio::cancellation_signal stop;
  };
  std::shared_ptr<Answer> ask(const std::string& host, Milliseconds limit = kLong) {
    auto answer = std::make_shared<Answer>();
    asio::co_spawn(
        io_,
        [this, host, limit, answer]() -> Task<> {
          ErrorCode error;
          const auto found = co_await resolver_->resolve(host, limit, error);
          answer->addresses = found.size();
          answer->error = error;
        },
        asio::bind_cancellation_slot(answer->stop.slot(), [answer](const std::exception_ptr&) {}));
    return answer;
  }

  std::shared_ptr<System> system_ = std::make_shared<System>();
  asio::io_context io_;
  std::optional<Resolver> resolver_;
};

TEST_F(Resolvers, ALookUpFindsAddresses) {
  const auto good = ask("fast"), bad = ask("none");
  io_.run();
  EXPECT_EQ(good->error, ErrorCode());
  EXPECT_EQ(good->addresses, 2u);
  EXPECT_EQ(bad->error, ErrorCode(asio::error::host_not_found));
}

TEST_F(Resolvers, ALimitDoesNotWaitForTheLookUp) {
  const auto slow = ask("slow", 20ms);
  io_.run();
  EXPECT_EQ(slow->error, ErrorCode(asio::error::timed_out));
  EXPECT_EQ(system_->ended.load(), 0);
}

TEST_F(Resolvers, ACancellationDoesNotWaitForTheLookUp) {
  const auto slow = ask("slow");
  asio::post(io_, [&] {
    system_->wait_begun(1);
    slow->stop.emit(asio::cancellation_type::terminal);
  });
  io_.run();
  EXPECT_EQ(slow->error, ErrorCode(asio::error::operation_aborted));
}

TEST_F(Resolvers, DestructionDoesNotWaitForTheLookUp) {
  const auto slow = ask("slow");
  io_.poll();
  system_->wait_begun(1);
  resolver_.reset();
  EXPECT_EQ(system_->ended.load(), 0);
  system_->release();  // the thread that was left behind ends without a use of what is gone
  system_->wait_ended(1);
  EXPECT_FALSE(slow->error);
}

TEST_F(Resolvers, ALookUpThatHangsDoesNotDelayOthers) {
  const auto one = ask("slow 1"), two = ask("slow 2"), three = ask("slow 3"), fast = ask("fast");
  while (!fast->error) io_.run_one();
  EXPECT_EQ(fast->addresses, 2u);
  system_->release();
  io_.run();
  EXPECT_EQ(one->addresses + two->addresses + three->addresses, 6u);
}

TEST_F(Resolvers, AskersOfOneHostShareALookUp) {
  std::vector<std::shared_ptr<Answer>> all;
  for (int i = 0; i < 20; ++i) all.push_back(ask("slow"));
  const auto impatient = ask("slow", 10ms);
  while (!impatient->error) io_.run_one();
  EXPECT_EQ(system_->begun.load(), 1);
  system_->release();
  io_.run();
  for (const auto& one : all) EXPECT_EQ(one->addresses, 2u);
  EXPECT_EQ(system_->begun.load(), 1);
}

TEST_F(Resolvers, WhatNobodyWaitsForAnyMoreIsNotLookedUp) {
  std::vector<std::shared_ptr<Answer>> all;
  for (int i = 0; i < 4; ++i) all.push_back(ask("slow " + std::to_string(i)));
  io_.poll();
  system_->wait_begun(4);  // all threads
  const auto dropped = ask("fast", 10ms);
  while (!dropped->error) io_.run_one();
  EXPECT_EQ(dropped->error, ErrorCode(asio::error::timed_out));
  system_->release();
  io_.run();
  EXPECT_EQ(system_->begun.load(), 4);
}

TEST_F(Resolvers, AfterItsCloseNothingBegins) {
  resolver_->close();
  const auto answer = ask("fast");
  io_.run();
  EXPECT_EQ(answer->error, ErrorCode(asio::error::operation_aborted));
  EXPECT_EQ(system_->begun.load(), 0);
}

TEST(SystemResolver, KnowsThisMachine) {
  ErrorCode error = asio::error::no_memory;
  const auto found = Resolver::ask_system("localhost", error);
  EXPECT_FALSE(error);
  ASSERT_FALSE(found.empty());
  for (const auto& address : found) EXPECT_TRUE(address.is_loopback());
  EXPECT_TRUE(Resolver::ask_system("does.not.exist.invalid", error).empty());
  EXPECT_TRUE(error);
}

// The C library says that there is no such host, because it cannot open /etc/hosts.
TEST(SystemResolver, SaysWhenItLacksDescriptors) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer opens a pipe to check a virtual table, and takes a failure for a bad table";
#endif
  EXPECT_EXIT(
      {
        rlimit limit{};
        ::setrlimit(RLIMIT_NOFILE, &limit);
        ErrorCode error;
        Resolver::ask_system("localhost", error);
        ::_exit(error == asio::error::no_descriptors ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace libbcda::world
