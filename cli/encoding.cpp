#include "encoding.hpp"

#include "text.hpp"

#include <cstdint>

namespace cli {
namespace {

void append(std::string& out, std::uint32_t c) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) return put(c);
  if (c < 0x800) {
    put(0xC0 | c >> 6);
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
  }
  put(0x80 | (c & 0x3F));
}

}  // namespace

std::string utf8_of(std::string text, const std::string& path) {
  const auto refuse = [&](const std::string& what) {
    throw Failure(BCDA_INVALID_ARGUMENT, path + " " + what + "; save it as UTF-8 (iconv -f UTF-16 -t UTF-8)");
  };
  const bool big_endian = text.compare(0, 2, "\xFE\xFF") == 0;
  if (!big_endian && text.compare(0, 2, "\xFF\xFE") != 0) {
    if (text.find('\0') != text.npos) refuse("holds NUL characters, as UTF-16 text without a byte order mark does");
    return text;
  }
  if (text.size() % 2 != 0) refuse("is UTF-16 text that was cut in the middle of a character");
  const auto unit = [&](std::size_t at) {
    const auto first = static_cast<unsigned char>(text[at]), second = static_cast<unsigned char>(text[at + 1]);
    return static_cast<std::uint32_t>(big_endian ? first << 8 | second : second << 8 | first);
  };
  std::string out;
  for (std::size_t at = 2; at < text.size(); at += 2) {
    std::uint32_t c = unit(at);
    if (c >= 0xD800 && c < 0xE000) {  // half of a surrogate pair (RFC 2781, section 2.2)
      const std::uint32_t low = c < 0xDC00 && at + 2 < text.size() ? unit(at + 2) : 0;
      if (low < 0xDC00 || low >= 0xE000) refuse("is malformed UTF-16 text");
      c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
      at += 2;
    }
    append(out, c);
  }
  if (out.find('\0') != out.npos) refuse("holds NUL characters");
  return out;
}

}  // namespace cli
