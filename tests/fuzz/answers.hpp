// Answers of a service, written as a text: the status, headers, a blank line, the body.
#pragma once
#include <charconv>
#include <string>
#include <string_view>

#include "fuzz/target.hpp"
#include "http/message.hpp"

namespace libbcda::fuzz {

inline http::Answer read_answer(std::string_view text) {
  http::Answer answer;
  const std::string_view status = take_until(text, "\n");
  std::from_chars(status.data(), status.data() + status.size(), answer.status);
  answer.status = answer.status < 200 || answer.status > 999 ? 200 : answer.status;
  while (!text.empty()) {
    std::string_view line = take_until(text, "\n");
    if (line.empty()) break;
    const std::string_view name = take_until(line, ": ");
    answer.headers.emplace_back(name, line);
  }
  answer.body = std::string(text);
  return answer;
}

}  // namespace libbcda::fuzz
