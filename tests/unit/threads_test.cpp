#include "world/threads.hpp"

#include <gtest/gtest.h>
#include <malloc.h>
#include <unistd.h>

#include <cstdlib>

#include "settings/settings.hpp"

namespace libbcda {
namespace {

// Runs in a new process, in which nothing exists yet. A sandbox may create the first threads. Objects that are created
// later would be destroyed before these threads stop, so they must never be destroyed.
TEST(StopAtExitDeathTest, WhatThreadsReadIsThereUntilTheyAreStopped) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        ::mallopt(M_PERTURB, 0xA5);  // overwrites freed memory, so that a read of it is detected
        new world::StopAtExit([] { ::_exit(find_setting("url") == &settings_table().front() ? 0 : 1); });
        settings_table();
        std::exit(1);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace libbcda
