#include "base/text.hpp"

#include <algorithm>
#include <cstdint>

#include "base/error.hpp"
#include "base/utf8.hpp"

namespace libbcda {
namespace {

constexpr std::string_view kBom8 = "\xEF\xBB\xBF", kBom16Le = "\xFF\xFE", kBom16Be = "\xFE\xFF";
constexpr std::string_view kBom32Le{"\xFF\xFE\0\0", 4}, kBom32Be{"\0\0\xFE\xFF", 4};

// Invisible characters that can be around a value, in UTF-8: U+FEFF, U+200B to U+200F, U+2060, U+00AD, U+00A0.
constexpr std::string_view kInvisible[] = {kBom8,          "\xE2\x80\x8B", "\xE2\x80\x8C",
                                           "\xE2\x80\x8D", "\xE2\x80\x8E", "\xE2\x80\x8F",
                                           "\xE2\x81\xA0", "\xC2\xAD",     "\xC2\xA0"};
constexpr std::string_view kBlanks = " \t\r\n\v\f";

struct Quotes {
  std::string_view open, close;
};
constexpr Quotes kQuotes[] = {
    {"\"", "\""}, {"'", "'"}, {"`", "`"}, {"\xE2\x80\x9C", "\xE2\x80\x9D"}, {"\xE2\x80\x98", "\xE2\x80\x99"}};

Error unusable(const std::string& what, const std::string& why) {
  return {Status::INVALID_ARGUMENT, what + " " + why + "; save it as UTF-8 (iconv -f UTF-16 -t UTF-8)"};
}

SecretBytes from_utf16(std::string_view text, bool big_endian, const std::string& what) {
  if (text.size() % 2) throw unusable(what, "is UTF-16 text that was cut in the middle of a character");
  auto unit = [&](std::size_t at) {
    const auto first = static_cast<std::uint8_t>(text[at]), second = static_cast<std::uint8_t>(text[at + 1]);
    return static_cast<std::uint32_t>(big_endian ? first << 8 | second : second << 8 | first);
  };
  SecretBytes out;
  out.reserve(text.size() / 2 * 3);
  for (std::size_t at = 0; at < text.size(); at += 2) {
    std::uint32_t c = unit(at);
    if (c >= 0xD800 && c < 0xE000) {  // half of a surrogate pair (RFC 2781, section 2.2)
      const std::uint32_t low = c < 0xDC00 && at + 2 < text.size() ? unit(at + 2) : 0;
      if (low < 0xDC00 || low >= 0xE000) throw unusable(what, "is malformed UTF-16 text (an unpaired surrogate)");
      c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
      at += 2;
    }
    write_utf8(c, [&](char byte) { out.push_back(byte); });
  }
  return out;
}

bool strip_front(std::string_view& text) {
  if (!text.empty() && kBlanks.find(text.front()) != kBlanks.npos) return text.remove_prefix(1), true;
  for (std::string_view mark : kInvisible)
    if (text.starts_with(mark)) return text.remove_prefix(mark.size()), true;
  return false;
}

bool strip_back(std::string_view& text) {
  if (!text.empty() && kBlanks.find(text.back()) != kBlanks.npos) return text.remove_suffix(1), true;
  for (std::string_view mark : kInvisible)
    if (text.ends_with(mark)) return text.remove_suffix(mark.size()), true;
  return false;
}

std::string_view trimmed(std::string_view text) {
  while (strip_front(text)) {}
  while (strip_back(text)) {}
  return text;
}

// Whether the value is a whole line such as `client_secret=...` or `export BCDA_CLIENT_SECRET: ...` instead of only its
// value.
bool is_assignment(std::string_view value, std::string_view name) {
  const std::size_t sign = value.find_first_of("=:");
  if (sign == value.npos) return false;
  std::string left(trimmed(value.substr(0, sign)));
  for (char& c : left) c = c == '-' ? '_' : c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  while (!left.empty() && (left.back() == '"' || left.back() == '\'')) left.pop_back();
  return left.ends_with(name) || left == name.substr(name.rfind('_') + 1);
}

std::string_view kind_of_debris(std::string_view rest) {
  const auto byte = static_cast<std::uint8_t>(rest.front());
  if (byte == '\r') return "a carriage return";
  if (byte == '\n') return "a line break";
  if (byte == ' ' || byte == '\t') return "a blank";
  if (byte == '"' || byte == '\'' || byte == '`') return "a quote";
  if (byte < 0x20 || byte == 0x7F) return "a control character";
  if (byte < 0x80) return "";
  for (std::string_view mark : kInvisible)
    if (rest.starts_with(mark)) return "an invisible character";
  return "a character that is not ASCII";
}

}  // namespace

SecretBytes to_utf8(std::string_view text, const std::string& what) {
  if (text.starts_with(kBom32Le) || text.starts_with(kBom32Be)) throw unusable(what, "is UTF-32 text");
  if (text.starts_with(kBom16Le)) return from_utf16(text.substr(2), false, what);
  if (text.starts_with(kBom16Be)) return from_utf16(text.substr(2), true, what);
  // A NUL in the first two bytes means UTF-16 or UTF-32 without a mark, because valid text never has one there.
  if (text.substr(0, 2).find('\0') != text.npos)
    throw unusable(what, "looks like UTF-16 text without a byte order mark");
  if (text.starts_with(kBom8)) text.remove_prefix(kBom8.size());
  return {text.begin(), text.end()};
}

std::string_view without_debris(std::string_view text) {
  text = trimmed(text);
  for (const Quotes& quotes : kQuotes) {
    if (text.size() < quotes.open.size() + quotes.close.size()) continue;
    if (text.starts_with(quotes.open) && text.ends_with(quotes.close)) {
      text.remove_prefix(quotes.open.size());
      text.remove_suffix(quotes.close.size());
      return trimmed(text);
    }
  }
  return text;
}

std::string debris_in(std::string_view value, std::string_view name) {
  if (is_assignment(value, name)) return "holds a name and its value; give only the value";
  for (std::size_t i = 0; i < value.size(); ++i)
    if (const std::string_view kind = kind_of_debris(value.substr(i)); !kind.empty())
      return "holds " + std::string(kind) + " at byte " + std::to_string(i + 1) +
             ", which a client id or secret of the service never contains; copy it again";
  return "";
}

}  // namespace libbcda
