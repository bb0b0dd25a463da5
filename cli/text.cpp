#include "text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <system_error>

#include "encoding.hpp"

namespace cli {

std::string human_bytes(std::int64_t bytes) {
  constexpr std::array units{"bytes", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < units.size(); ++unit) value /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
  return text;
}

std::string human_time(bcda::Milliseconds time) {
  const auto ms = time.count();
  char text[48];
  if (ms < 1000) {
    std::snprintf(text, sizeof text, "%d ms", static_cast<int>(ms));
  } else if (ms < 60'000) {
    std::snprintf(text, sizeof text, "%.1f s", static_cast<double>(ms) / 1000);
  } else {
    std::snprintf(text, sizeof text, "%lld min %d s", static_cast<long long>(ms / 60'000),
                  static_cast<int>(ms / 1000 % 60));
  }
  return text;
}

std::string plural(std::int64_t n, std::string_view noun) {
  return std::to_string(n) + " " + std::string(noun) + (n == 1 ? "" : "s");
}

namespace {

// The first character of a text in UTF-8 (RFC 3629). `size` 0: the first byte starts no valid character.
struct Character {
  std::size_t size = 0;
  char32_t code = 0;
};

Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {1, lead};
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return {};
  char32_t code = lead & (0x7f >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3f);
  }
  constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (code < least[size] || code > 0x10ffff || surrogate) return {};
  return {size, code};
}

constexpr const char* replacement = "\xef\xbf\xbd";  // U+FFFD replaces invalid UTF-8

// Whether a character is a control character, a line separator, or changes the text direction.
bool steers_terminal(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || c == 0x200e || c == 0x200f ||
         (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

// Rebuilds `text` from `shown(character, bytes)` of each character.
template <class Shown>
std::string rewrite(std::string_view text, Shown shown) {
  std::string out;
  while (!text.empty()) {
    const Character character = first_character(text);
    const std::size_t size = std::max<std::size_t>(character.size, 1);
    out += character.size == 0 ? std::string(replacement) : shown(character.code, text.substr(0, size));
    text.remove_prefix(size);
  }
  return out;
}

}  // namespace

std::string printable(std::string_view text) {
  return rewrite(text, [](char32_t code, std::string_view bytes) {
    return steers_terminal(code) ? std::string(" ") : std::string(bytes);
  });
}

std::string first_columns(std::string_view text, std::size_t columns) {
  std::size_t kept = 0;
  for (; columns > 0 && kept < text.size(); --columns)
    kept += std::max<std::size_t>(first_character(text.substr(kept)).size, 1);
  return std::string(text.substr(0, kept));
}

std::string json_string(std::string_view text) {
  return '"' +
         rewrite(text,
                 [](char32_t code, std::string_view bytes) {
                   if (code == '"' || code == '\\') return '\\' + std::string(bytes);
                   if (code >= 0x20) return std::string(bytes);
                   char escape[8];
                   std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(code));
                   return std::string(escape);
                 }) +
         '"';
}

std::string indent_json(std::string_view json) {
  std::string out;
  std::size_t depth = 0;
  bool in_string = false, escaped = false;
  const auto new_line = [&] { out.append(1, '\n').append(2 * depth, ' '); };
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      out += c;
      in_string = escaped || c != '"';
      escaped = !escaped && c == '\\';
    } else if (c == '{' || c == '[') {
      out += c;
      const std::size_t next = json.find_first_not_of(" \t\r\n", i + 1);
      if (next != json.npos && (json[next] == '}' || json[next] == ']')) {  // an empty array stays on one line
        out += json[i = next];
      } else {
        ++depth;
        new_line();
      }
    } else if (c == '}' || c == ']') {
      if (depth > 0) --depth;
      new_line();
      out += c;
    } else if (c == ',') {
      out += c;
      new_line();
    } else if (c == ':') {
      out += ": ";
    } else if (!std::strchr(" \t\r\n", c)) {
      out += c;
      in_string = c == '"';
    }
  }
  return out;
}

std::string read_text(const std::string& path) {
  const auto fail = [&] {
    throw Failure(BCDA_FILESYSTEM, "cannot read " + (path == "-" ? "standard input" : path) + ": " +
                                       std::generic_category().message(errno));
  };
  std::FILE* const in = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
  if (!in) fail();
  const std::unique_ptr<std::FILE, void (*)(std::FILE*)> owned(in, [](std::FILE* file) {
    if (file != stdin) std::fclose(file);
  });
  std::string text;
  char block[64 * 1024];
  while (const std::size_t n = std::fread(block, 1, sizeof block, in)) text.append(block, n);
  if (std::ferror(in)) fail();
  return utf8_of(std::move(text), path == "-" ? "standard input" : path);
}

}  // namespace cli
