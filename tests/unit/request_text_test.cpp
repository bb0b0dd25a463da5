#include "http/request_text.hpp"

#include <gtest/gtest.h>

#include "support/errors.hpp"

namespace libbcda::http {
namespace {

using test::error_of;

Request request_for(const std::string& target) {
  Request request;
  request.url = parse_url("http://h", "url");
  request.url.target = target;
  return request;
}

TEST(RequestText, HasTheTargetByteForByte) {
  EXPECT_TRUE(request_text(request_for("/a?b=%20{c}|"), "me").starts_with("GET /a?b=%20{c}| HTTP/1.1\r\n"));
}

TEST(RequestText, ATargetThatWouldBeReadAsSomethingElseIsRefused) {
  for (const char* target : {"/a b", "/a HTTP/1.1\r\nX: y", "/a\tb", "/caf\xC3\xA9", "/a\x7F"})
    EXPECT_EQ(error_of([&] { request_text(request_for(target), "me"); }).status, Status::PROTOCOL) << target;
}

}  // namespace
}  // namespace libbcda::http
