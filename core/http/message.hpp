// Requests and answers, free of sockets.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/url.hpp"

namespace libbcda::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method = "GET";
  Url url;
  Headers headers;
  std::string body;
};

// The head of an answer, and its body when it is a short one.
struct Answer {
  int status = 0;
  Headers headers;
  std::string body;

  // The value of a header, or "" (names are case-insensitive).
  std::string_view header(std::string_view name) const;
  // Content-Type without its parameters, in lower case.
  std::string media_type() const;
};

}  // namespace libbcda::http
