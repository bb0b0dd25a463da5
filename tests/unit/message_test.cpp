#include "http/message.hpp"

#include <gtest/gtest.h>

namespace libbcda::http {
namespace {

TEST(AnswerHeader, IsFoundInAnyCase) {
  Answer answer;
  answer.headers = {{"Content-Location", "x"}, {"x-progress", "y"}, {"Empty", ""}};
  for (const char* name : {"Content-Location", "content-location", "CONTENT-LOCATION"})
    EXPECT_EQ(answer.header(name), "x");
  EXPECT_EQ(answer.header("X-Progress"), "y");
  EXPECT_EQ(answer.header("empty"), "");
}

TEST(AnswerHeader, IsEmptyWhenMissing) {
  Answer answer;
  EXPECT_EQ(answer.header("Retry-After"), "");
  answer.headers = {{"Retry-After-", "1"}, {"Retry", "2"}, {"Retry\rAfter", "3"}};
  EXPECT_EQ(answer.header("Retry-After"), "");
}

TEST(AnswerHeader, TheFirstOfSeveralCounts) {
  Answer answer;
  answer.headers = {{"A", "1"}, {"a", "2"}};
  EXPECT_EQ(answer.header("a"), "1");
}

}  // namespace
}  // namespace libbcda::http
