#include "http/message.hpp"

#include <algorithm>

namespace libbcda::http {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

}  // namespace

std::string_view Answer::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (std::equal(key.begin(), key.end(), name.begin(), name.end(),
                   [](char a, char b) { return lower(a) == lower(b); }))
      return value;
  return {};
}

std::string Answer::media_type() const {
  std::string_view text = header("Content-Type");
  text = text.substr(0, text.find(';'));
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  std::string type(text);
  std::transform(type.begin(), type.end(), type.begin(), lower);
  return type;
}

}  // namespace libbcda::http
