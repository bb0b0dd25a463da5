#include <gtest/gtest.h>

#include <algorithm>

#include "simulation/simulate.hpp"

namespace libbcda::simulation {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t kSeeds = 50;
#else
constexpr std::uint64_t kSeeds = 500;
#endif

TEST(Simulations, KeepTheirPromises) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Report report = simulate(seed);
    EXPECT_EQ(report.wrong, "") << "./dev simulate --seed " << seed << " replays it";
  }
}

TEST(Simulations, AreReplayedByTheirSeed) {
  for (const std::uint64_t seed : {3, 14, 159}) {
    const Report once = simulate(seed);
    simulate(seed + 1000);
    const Report again = simulate(seed);
    EXPECT_EQ(once.trace, again.trace) << seed;
    EXPECT_EQ(once.virtual_time, again.virtual_time) << seed;
    EXPECT_NE(once.trace, simulate(seed + 1).trace) << seed;
  }
}

// Otherwise the promises would be kept because nothing happens.
TEST(Simulations, MeetFaultsAndCrashes) {
  Report sum;
  for (std::uint64_t seed = 1; seed <= std::min<std::uint64_t>(kSeeds, 100); ++seed) {
    const Report report = simulate(seed);
    sum.crashes += report.crashes;
    sum.failures += report.failures;
    sum.jobs += report.jobs;
    sum.virtual_time += report.virtual_time;
    sum.again.add(report.again);
    sum.refused += report.refused;
    sum.taken_over += report.taken_over;
  }
  EXPECT_GT(sum.crashes, 10);
  EXPECT_GT(sum.failures, 3);
  EXPECT_GT(sum.jobs, 50);
  EXPECT_GT(sum.virtual_time, std::chrono::hours(10));
  EXPECT_GT(sum.again.allowed, 10'000);
  EXPECT_GT(sum.again.resumed, 0);
  EXPECT_GT(sum.refused, 0);
  EXPECT_GT(sum.taken_over, 0);
}

}  // namespace
}  // namespace libbcda::simulation
