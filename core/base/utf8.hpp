// Characters in UTF-8 (RFC 3629).
#pragma once

namespace libbcda {

// Calls `put` with each byte of a character, which is no surrogate.
template <class Put>
void write_utf8(char32_t c, Put&& put) {
  const auto byte = [&](char32_t value) { put(static_cast<char>(value)); };
  const auto rest = [&](unsigned bits) { byte(0x80 | (c >> bits & 0x3F)); };
  if (c < 0x80) return byte(c);
  if (c < 0x800) {
    byte(0xC0 | c >> 6);
  } else if (c < 0x10000) {
    byte(0xE0 | c >> 12), rest(6);
  } else {
    byte(0xF0 | c >> 18), rest(12), rest(6);
  }
  rest(0);
}

}  // namespace libbcda
