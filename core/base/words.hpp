// Small functions for words of protocols: ASCII letters and digits, names that ignore case, and lists of words.
#pragma once
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace libbcda {

// ASCII letters in lower case. Other bytes stay as they are, whatever the locale is.
inline char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
inline std::string lower(std::string_view text) {
  std::string made(text);
  for (char& c : made) c = lower(c);
  return made;
}

constexpr char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c; }

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

inline bool equal_names(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

inline std::string join(const std::vector<std::string>& items, std::string_view separator = ",") {
  std::string text;
  for (const std::string& item : items) {
    if (!text.empty()) text += separator;
    text += item;
  }
  return text;
}

}  // namespace libbcda
