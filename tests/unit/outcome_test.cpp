#include "runtime/outcome.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include <thread>

namespace libbcda::runtime {
namespace {

// A log that cannot be written fails on its own thread while the run ends. The run was told as canceled then.
TEST(Outcomes, WhoeverSeesTheTasksCanceledSeesTheReason) {
  asio::io_context io;
  for (int i = 0; i < 2000; ++i) {
    Outcome outcome(std::make_shared<TaskGroup>(io.get_executor()));
    std::thread other([&] { outcome.fail(Error(Status::FILESYSTEM, "no space left")); });
    while (!outcome.stopped()) std::this_thread::yield();
    const auto failure = outcome.failure();
    other.join();
    ASSERT_TRUE(failure) << "in round " << i;
  }
}

}  // namespace
}  // namespace libbcda::runtime
