#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/error.hpp"
#include "support/errors.hpp"

namespace libbcda {
namespace {

TEST(StatusTable, NumbersAreThePositions) {
  ASSERT_GT(status_count(), 0);
  for (int i = 0; i < status_count(); ++i) {
    EXPECT_EQ(static_cast<int>(status_at(i).status), i);
    EXPECT_EQ(find_status(i), &status_at(i));
  }
}

TEST(StatusTable, KnowsNothingBeyondItsEnds) {
  EXPECT_EQ(find_status(-1), nullptr);
  EXPECT_EQ(find_status(status_count()), nullptr);
  EXPECT_EQ(find_status(INT32_MIN), nullptr);
  EXPECT_EQ(find_status(INT32_MAX), nullptr);
}

TEST(StatusTable, NamesAreUniqueAndMeaningsAreThere) {
  std::set<std::string> names;
  for (int i = 0; i < status_count(); ++i) {
    EXPECT_TRUE(names.insert(status_at(i).name).second) << status_at(i).name;
    EXPECT_NE(std::string(status_at(i).meaning), "");
  }
}

// Codes may only be appended, because compiled programs contain these numbers.
TEST(StatusTable, NumbersNeverChange) {
  const char* names[] = {"OK",         "INTERNAL",   "INVALID_ARGUMENT", "PRIVATE_KEY", "AUTHENTICATION",
                         "REFUSED",    "JOB_FAILED", "JOB_GONE",         "PROTOCOL",    "LIMIT",
                         "NETWORK",    "TLS",        "TIMEOUT",          "DECRYPTION",  "VERIFICATION",
                         "FILESYSTEM", "SINK",       "CANCELED",         "AGAIN",       "END",
                         "STATE",      "NO_MEMORY"};
  int number = 0;
  ASSERT_GE(status_count(), static_cast<int>(std::size(names)));
  for (const char* name : names) EXPECT_STREQ(status_at(number++).name, name);
}

TEST(StatusTable, ExitCodesShowTheKindOfFailure) {
  const std::map<std::string, int> special = {
      {"OK", 0},      {"INVALID_ARGUMENT", 2}, {"PRIVATE_KEY", 2},  {"AUTHENTICATION", 3},
      {"REFUSED", 4}, {"JOB_FAILED", 4},       {"JOB_GONE", 4},     {"PROTOCOL", 4},
      {"LIMIT", 4},   {"DECRYPTION", 5},       {"VERIFICATION", 5}, {"RECORD", 5},
      {"CANCELED", 130}};
  for (int i = 0; i < status_count(); ++i) {
    auto found = special.find(status_at(i).name);
    EXPECT_EQ(status_at(i).exit_code, found == special.end() ? 1 : found->second) << status_at(i).name;
  }
}

TEST(Error, SeparatesOurTextFromTheServers) {
  Error error(Status::REFUSED, "ours");
  error.with_http(400).with_outcome("theirs").at_file("f").may_retry();
  EXPECT_STREQ(error.what(), "ours");
  EXPECT_EQ(error.outcome, "theirs");
  EXPECT_EQ(error.file, "f");
  EXPECT_EQ(error.http_status, 400);
  EXPECT_TRUE(error.retriable);
  EXPECT_FALSE(error.retry_after);
}

}  // namespace
}  // namespace libbcda
