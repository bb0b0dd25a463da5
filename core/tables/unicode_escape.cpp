#include "tables/unicode_escape.hpp"

#include <charconv>

namespace libbcda::tables {
namespace {

constexpr std::size_t kDigits = 4;

// The value of four hexadecimal digits; -1: they are not there.
int hex4(std::string_view text) {
  int value = 0;
  if (text.size() < kDigits || text[0] == '-') return -1;
  const auto read = std::from_chars(text.data(), text.data() + kDigits, value, 16);
  return read.ptr == text.data() + kDigits ? value : -1;
}

constexpr bool is_surrogate(int unit, int first) { return unit >= first && unit < first + 0x400; }

}  // namespace

UnicodeEscape read_unicode_escape(std::string_view text) {
  constexpr int kHigh = 0xD800, kLow = 0xDC00;
  const int unit = hex4(text);
  if (unit < 0) return {.fault = "\\u needs four hexadecimal digits"};
  if (!is_surrogate(unit, kHigh) && !is_surrogate(unit, kLow)) return {static_cast<char32_t>(unit), kDigits};
  const std::string_view rest = text.substr(kDigits);
  const int low = rest.starts_with("\\u") ? hex4(rest.substr(2)) : -1;
  if (is_surrogate(unit, kLow) || !is_surrogate(low, kLow)) return {.fault = "\\u has half of a pair of surrogates"};
  return {static_cast<char32_t>(0x10000 + (unit - kHigh) * 0x400 + (low - kLow)), 2 * kDigits + 2};
}

}  // namespace libbcda::tables
