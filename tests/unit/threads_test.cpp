#include "world/threads.hpp"

#include <gtest/gtest.h>
#include <malloc.h>
#include <unistd.h>

#include <cstdlib>

#include "settings/settings.hpp"

namespace libbcda {
namespace {

// In a process of its own that has made nothing yet. A sandbox may be what makes the first thread, so what is made later is
// over before the threads are, unless it is never over.
TEST(StopAtExitDeathTest, WhatThreadsReadIsThereUntilTheyAreStopped) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        ::mallopt(M_PERTURB, 0xA5);  // memory that was given back does not pass for what was in it
        new world::StopAtExit([] { ::_exit(find_setting("url") == &settings_table().front() ? 0 : 1); });
        settings_table();
        std::exit(1);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace libbcda
