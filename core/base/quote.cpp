#include "base/quote.hpp"

namespace libbcda {
namespace {

struct Character {
  char32_t code = 0;
  std::size_t bytes = 0;  // 0: invalid UTF-8
};

// Decodes the first character of a non-empty text (RFC 3629).
Character read_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return {byte(0), 1};
  const std::size_t bytes = byte(0) >= 0xF0 ? 4 : byte(0) >= 0xE0 ? 3 : byte(0) >= 0xC0 ? 2 : 0;
  if (bytes == 0 || text.size() < bytes) return {};
  char32_t code = byte(0) & (0xFFU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3F);
  }
  constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kSmallest[bytes] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return {};
  return {code, bytes};
}

bool is_control(char32_t code) {
  return code < ' ' || (code >= 0x7F && code <= 0x9F) || code == 0x2028 || code == 0x2029;
}

bool is_bidi_control(char32_t code) {
  return code == 0x061C || code == 0x200E || code == 0x200F || (code >= 0x202A && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

struct Tidied {
  std::string text;
  bool cut = false;
};

Tidied tidied(std::string_view text, std::size_t longest) {
  Tidied out;
  while (!text.empty()) {
    const Character next = read_character(text);
    std::string_view shown = text.substr(0, next.bytes);
    if (next.bytes == 0 || is_bidi_control(next.code)) shown = "?";
    if (next.bytes > 0 && is_control(next.code)) shown = " ";
    text.remove_prefix(next.bytes == 0 ? 1 : next.bytes);
    if (shown == " " && out.text.empty()) continue;
    if (out.text.size() + shown.size() > longest) {
      out.cut = true;
      break;
    }
    out.text += shown;
  }
  out.text.erase(out.text.find_last_not_of(' ') + 1);
  return out;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const Character next = read_character(text);
    if (next.bytes == 0) return false;
    text.remove_prefix(next.bytes);
  }
  return true;
}

std::string tidy(std::string_view text, std::size_t longest) { return tidied(text, longest).text; }

std::string quote(std::string_view name) {
  const Tidied shown = tidied(name, kLongestName);
  return '"' + shown.text + (shown.cut ? "\"..." : "\"");
}

}  // namespace libbcda
