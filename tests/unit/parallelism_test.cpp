#include "runtime/parallelism.hpp"

#include <gtest/gtest.h>

namespace libbcda::runtime {
namespace {

using std::chrono::seconds;

TEST(Parallelisms, FallByHalfAndNeverBelowOne) {
  Parallelism files(9);
  Steady now{};
  for (std::size_t expected : {4u, 2u, 1u, 1u}) {
    files.refused(now += seconds(5));
    EXPECT_EQ(files.limit(), expected);
  }
}

TEST(Parallelisms, FallOnceForTheRequestsOfOneMoment) {
  Parallelism files(8);
  for (int i = 0; i < 8; ++i) files.refused(Steady{} + Milliseconds(i * 200));
  EXPECT_EQ(files.limit(), 4u);
}

TEST(Parallelisms, RiseByOneAfterAsManyGoodFilesAsAreAllowed) {
  Parallelism files(4);
  files.refused(Steady{});
  ASSERT_EQ(files.limit(), 2u);
  files.done();
  EXPECT_EQ(files.limit(), 2u);
  files.done();
  EXPECT_EQ(files.limit(), 3u);
  for (int i = 0; i < 3; ++i) files.done();
  EXPECT_EQ(files.limit(), 4u);
  for (int i = 0; i < 100; ++i) files.done();
  EXPECT_EQ(files.limit(), 4u);
}

TEST(Parallelisms, AnotherRefusalStartsTheCountAgain) {
  Parallelism files(4);
  files.refused(Steady{});
  files.done();
  files.refused(Steady{} + seconds(1));  // of the same moment
  files.done();
  EXPECT_EQ(files.limit(), 2u);
  files.done();
  EXPECT_EQ(files.limit(), 3u);
}

}  // namespace
}  // namespace libbcda::runtime
