// The escape of a character by four hexadecimal digits (\u00e9), which JSON and FHIRPath have in common.
#pragma once
#include <string_view>

namespace libbcda::tables {

struct UnicodeEscape {
  char32_t character = 0;
  std::size_t size = 0;         // in bytes: 4, or 10 for a pair of surrogates
  const char* fault = nullptr;  // what is wrong: "\u has half of a pair of surrogates"
};

// Reads what follows the first "\u".
UnicodeEscape read_unicode_escape(std::string_view text);

}  // namespace libbcda::tables
