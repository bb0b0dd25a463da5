// Each test of this program must end without a handle, with no thread that was left behind, and with no more descriptors
// than before.
#include "integration/leftovers.hpp"

#include <bcda/bcda.h>
#include <gtest/gtest.h>

namespace bcda_test {
namespace {

class Leftovers : public testing::EmptyTestEventListener {
 public:
  void OnTestStart(const testing::TestInfo&) override { before_ = open_descriptors(); }
  void OnTestEnd(const testing::TestInfo&) override {
    EXPECT_EQ(bcda_live_handles(), 0) << "a handle was not destroyed";
    EXPECT_TRUE(until([] { return left_threads() == 0; })) << "a canceled run was left behind and has not ended";
    EXPECT_TRUE(until([this] { return open_descriptors() <= before_; })) << "a descriptor was not closed";
  }

 private:
  std::size_t before_ = 0;
};

[[maybe_unused]] const bool is_listening = [] {
  testing::UnitTest::GetInstance()->listeners().Append(new Leftovers);
  return true;
}();

TEST(Handles, AreCounted) {
  const std::int64_t before = bcda_live_handles();
  bcda_config* config = nullptr;
  ASSERT_EQ(bcda_config_create(&config, nullptr), BCDA_OK);
  EXPECT_EQ(bcda_live_handles(), before + 1);
  bcda_error* error = nullptr;
  EXPECT_NE(bcda_config_set(config, "no-such-setting", "1", &error), BCDA_OK);
  EXPECT_EQ(bcda_live_handles(), before + 2);
  bcda_error_destroy(error);
  bcda_config_destroy(config);
  EXPECT_EQ(bcda_live_handles(), before);
}

}  // namespace
}  // namespace bcda_test
