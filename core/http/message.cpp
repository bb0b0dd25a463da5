#include "http/message.hpp"

#include "base/words.hpp"

namespace libbcda::http {

std::string_view Answer::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (equal_names(key, name)) return value;
  return {};
}

std::string Answer::media_type() const {
  std::string_view text = header("Content-Type");
  text = text.substr(0, text.find(';'));
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return lower(text);
}

bool Answer::is_gzip() const {
  const std::string_view coding = header("Content-Encoding");
  return equal_names(coding, "gzip") || equal_names(coding, "x-gzip");
}

}  // namespace libbcda::http
