#include "http/retry.hpp"

#include <gtest/gtest.h>

#include "http/step.hpp"

namespace libbcda::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Backoff, DoublesUpToTheLongest) {
  Backoff backoff(seconds(1), seconds(10));
  for (int expected : {1, 2, 4, 8, 10, 10, 10}) EXPECT_EQ(backoff.next(0), seconds(expected));
}

TEST(Backoff, GrowsByItsFactor) {
  Backoff backoff(milliseconds(1000), milliseconds(3000), 1.5);
  for (int expected : {1000, 1500, 2250, 3000, 3000}) EXPECT_EQ(backoff.next(0), milliseconds(expected));
}

TEST(Backoff, JitterShortensADelayByAFifthAtMost) {
  for (double jitter : {0.0, 0.25, 0.5, 0.999999}) {
    Backoff backoff(seconds(10), seconds(60));
    for (int full : {10, 20, 40, 60, 60}) {
      auto wait = backoff.next(jitter);
      EXPECT_LE(wait, seconds(full));
      EXPECT_GE(wait, milliseconds(full * 800));
      EXPECT_NEAR(static_cast<double>(wait.count()), full * 1000 * (1 - 0.2 * jitter), 1);
    }
  }
}

TEST(Backoff, ARequestedDelayCountsBetweenOurDelayAndFifteenMinutes) {
  EXPECT_EQ(Backoff(seconds(2), seconds(30)).next(0, seconds(5)), seconds(5));
  EXPECT_EQ(Backoff(seconds(2), seconds(30)).next(0, seconds(0)), seconds(2));
  EXPECT_EQ(Backoff(seconds(2), seconds(30)).next(0, seconds(1)), seconds(2));
  EXPECT_EQ(Backoff(seconds(2), seconds(30)).next(0, std::chrono::hours(5)), std::chrono::minutes(15));
}

TEST(Backoff, TheLongestRequestedDelayMayBeChosen) {
  Backoff backoff(seconds(1), seconds(30), 2, seconds(3));
  EXPECT_EQ(backoff.next(0, seconds(120)), seconds(3));
  EXPECT_EQ(backoff.next(0, seconds(120)), seconds(3));
  EXPECT_EQ(backoff.next(0, seconds(120)), seconds(4));
}

TEST(Backoff, ARequestedDelayDoesNotChangeTheGrowth) {
  Backoff backoff(seconds(1), seconds(60));
  backoff.next(0, seconds(50));
  EXPECT_EQ(backoff.next(0), seconds(2));
}

TEST(Backoff, AFirstDelayBeyondTheLongestIsCut) {
  Backoff backoff(seconds(60), seconds(1));
  EXPECT_EQ(backoff.next(0), seconds(1));
  EXPECT_EQ(backoff.next(0), seconds(1));
}

TEST(Backoff, NeverOverflows) {
  Backoff backoff(seconds(1), milliseconds(100000000000000));
  Milliseconds last{0};
  for (int i = 0; i < 200; ++i) {
    Milliseconds wait = backoff.next(0);
    EXPECT_GE(wait, last);
    last = wait;
  }
  EXPECT_EQ(last, milliseconds(100000000000000));
}

RetryBudget budget(int limit, Milliseconds outage_limit = Milliseconds(0)) {
  return {limit, Backoff(seconds(1), seconds(60)), outage_limit};
}

TEST(RetryBudget, AllowsAsManyTriesAsItsLimit) {
  RetryBudget retries = budget(2);
  EXPECT_TRUE(retries.allow(Steady{}));
  EXPECT_TRUE(retries.allow(Steady{}));
  EXPECT_FALSE(retries.allow(Steady{}));
  EXPECT_FALSE(budget(0).allow(Steady{}));
}

TEST(RetryBudget, AFailureMayAllowFewerRetries) {
  RetryBudget retries = budget(5);
  EXPECT_TRUE(retries.allow(Steady{}, 1));
  EXPECT_FALSE(retries.allow(Steady{}, 1));
  EXPECT_TRUE(retries.allow(Steady{}, 5));
  EXPECT_FALSE(budget(1).allow(Steady{}, 0));
}

TEST(RetryBudget, NoFailureGetsMoreRetriesThanTheLimit) {
  RetryBudget retries = budget(1);
  EXPECT_TRUE(retries.allow(Steady{}, 9));
  EXPECT_FALSE(retries.allow(Steady{}, 9));
}

TEST(RetryBudget, ToleratesFailuresWithinTheOutageLimit) {
  RetryBudget retries = budget(1, minutes(1));
  Steady now{};
  for (int i = 0; i < 59; ++i, now += seconds(1)) EXPECT_TRUE(retries.allow(now)) << i;
  EXPECT_FALSE(retries.allow(now + seconds(1)));
}

TEST(RetryBudget, KnowsHowLongFailuresMayStillLast) {
  RetryBudget retries = budget(0, seconds(10));
  EXPECT_EQ(retries.time_left(Steady{}), seconds(10));
  retries.allow(Steady{});
  EXPECT_EQ(retries.time_left(Steady{} + seconds(4)), seconds(6));
  EXPECT_EQ(retries.time_left(Steady{} + seconds(40)), seconds(0));
}

TEST(RetryBudget, IsFullAgainAfterASuccess) {
  RetryBudget retries = budget(1, seconds(5));
  EXPECT_TRUE(retries.allow(Steady{}));
  EXPECT_EQ(retries.delay(0, {}), seconds(1));
  EXPECT_EQ(retries.delay(0, {}), seconds(2));
  retries.refill();
  EXPECT_EQ(retries.delay(0, {}), seconds(1));
  EXPECT_TRUE(retries.allow(Steady{} + minutes(1)));
  EXPECT_TRUE(retries.allow(Steady{} + minutes(1) + seconds(4)));
  EXPECT_FALSE(retries.allow(Steady{} + minutes(1) + seconds(5)));
}

TEST(TokenTrust, ARefusedTokenIsRenewedOnce) {
  TokenTrust token;
  EXPECT_FALSE(token.take_renewal());
  EXPECT_TRUE(token.refuse());
  EXPECT_TRUE(token.take_renewal());
  EXPECT_FALSE(token.take_renewal());
  EXPECT_FALSE(token.refuse());
}

TEST(TokenTrust, AnotherAnswerLetsItBeRenewedAgain) {
  TokenTrust token;
  token.refuse();
  token.take_renewal();
  token.accept();
  EXPECT_TRUE(token.refuse());
  EXPECT_TRUE(token.take_renewal());
}

}  // namespace
}  // namespace libbcda::http
