#include "http/message.hpp"

#include <algorithm>

namespace libbcda::http {

std::string_view Answer::header(std::string_view name) const {
  auto lower = [](unsigned char c) { return c >= 'A' && c <= 'Z' ? c | 0x20 : c; };
  auto same = [&](std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(static_cast<unsigned char>(x)) == lower(static_cast<unsigned char>(y)); });
  };
  for (const auto& [key, value] : headers)
    if (same(key, name)) return value;
  return {};
}

}  // namespace libbcda::http
