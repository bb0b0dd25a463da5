#include "http/status_line.hpp"

namespace libbcda::http {

bool is_tls_alert(std::string_view text) { return text.starts_with("\x15\x03"); }

StatusLine look_at_status_line(std::string_view text) {
  constexpr std::string_view kPattern = "HTTP/1.d ddd\r\n";  // d: a digit
  static_assert(kPattern.find('\r') == kStatusLineCode);
  for (std::size_t i = 0; i < kPattern.size(); ++i) {
    if (i == text.size()) return StatusLine::unfinished;
    const bool fits = kPattern[i] == 'd' ? text[i] >= '0' && text[i] <= '9' : text[i] == kPattern[i];
    if (!fits) return StatusLine::other;
  }
  return StatusLine::lacks_blank;
}

}  // namespace libbcda::http
