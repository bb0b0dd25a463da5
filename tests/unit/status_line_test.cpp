#include "http/status_line.hpp"

#include <gtest/gtest.h>

namespace libbcda::http {
namespace {

TEST(StatusLine, WithoutAReasonPhraseLacksItsBlank) {
  for (const char* text : {"HTTP/1.1 200\r\n", "HTTP/1.0 404\r\nA: b\r\n\r\n", "HTTP/1.1 100\r\n\r\nHTTP/1.1 200\r\n"})
    EXPECT_EQ(look_at_status_line(text), StatusLine::lacks_blank) << text;
}

TEST(StatusLine, IsUnfinishedWhileItMayStillBecomeOneWithout) {
  const std::string_view whole = "HTTP/1.1 200\r\n";
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(look_at_status_line(whole.substr(0, size)), StatusLine::unfinished) << size;
}

TEST(StatusLine, AnythingElseIsLeftAlone) {
  for (const char* text :
       {"HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 \r\n", "HTTP/1.1 2000\r\n", "HTTP/2.0 200\r\n", "SSH-2.0", "\r\n",
        "HTTP/1.1 20\r\n", "HTTP/1.1 200\n", "HTTP/1.1  200\r\n", "http/1.1 200\r\n", "x"})
    EXPECT_EQ(look_at_status_line(text), StatusLine::other) << text;
}

}  // namespace
}  // namespace libbcda::http
