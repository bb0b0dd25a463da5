#include "http/pace.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace libbcda::http {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

TEST(Paces, WithoutALimitNothingWaits) {
  Pace none, no_period(5, seconds(0));
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(none.take_turn(Steady{}), seconds(0));
    EXPECT_EQ(no_period.take_turn(Steady{}), seconds(0));
  }
}

TEST(Paces, ABurstGoesOutAtOnceAndTheRestWaits) {
  Pace pace(3, minutes(5));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(pace.take_turn(Steady{} + seconds(i)), seconds(0));
  EXPECT_EQ(pace.take_turn(Steady{} + seconds(10)), seconds(290));
  EXPECT_EQ(pace.take_turn(Steady{} + seconds(10)), seconds(291));
  EXPECT_EQ(pace.take_turn(Steady{} + seconds(10)), seconds(292));
  EXPECT_EQ(pace.take_turn(Steady{} + seconds(10)), seconds(590));  // after the fourth
}

TEST(Paces, ARequestAfterAQuietPeriodDoesNotWait) {
  Pace pace(2, seconds(10));
  pace.take_turn(Steady{});
  pace.take_turn(Steady{});
  EXPECT_EQ(pace.take_turn(Steady{} + seconds(10)), seconds(0));
  EXPECT_EQ(pace.take_turn(Steady{} + seconds(30)), seconds(0));
}

// Whatever the askers do, no window has more turns than allowed.
TEST(Paces, NoWindowHasMoreTurnsThanAllowed) {
  constexpr int limit = 7;
  Pace pace(limit, seconds(60));
  std::vector<Steady> turns;
  std::uint32_t random = 1;
  Steady now{};
  for (int i = 0; i < 5000; ++i) {
    random = random * 1664525 + 1013904223;
    now += Milliseconds((random >> 20) * 5);
    turns.push_back(now + pace.take_turn(now));
  }
  for (std::size_t i = limit; i < turns.size(); ++i) {
    ASSERT_GE(turns[i], turns[i - 1]);
    ASSERT_GE(turns[i] - turns[i - limit], seconds(60)) << i;
  }
}

}  // namespace
}  // namespace libbcda::http
