#include "http/redact.hpp"

#include <algorithm>

namespace libbcda::http {
namespace {

constexpr std::size_t kShortest = 8;
// No URL holds a blank, so a URL in which this stands is refused rather than asked.
constexpr std::string_view kRemoved = "[credentials removed]";

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// One byte of a text, and how many bytes it takes there.
struct Unit {
  char byte;
  std::size_t size;
};

Unit escaped(std::string_view text, std::size_t mark) {  // two hex digits end the unit, `mark` bytes in front of them
  if (text.size() < mark + 2) return {text[0], 1};
  const int high = hex_digit(text[mark]), low = hex_digit(text[mark + 1]);
  if (high < 0 || low < 0) return {text[0], 1};
  return {static_cast<char>(high << 4 | low), mark + 2};
}

Unit read_unit(std::string_view text) {
  if (text[0] == '%') return escaped(text, 1);
  if (text.starts_with("\\u00")) return escaped(text, 4);
  if (text[0] == '\\' && text.size() > 1) return {text[1], 2};
  return {text[0], 1};
}

// For each beginning of `secret`: the length of the longest shorter beginning that also ends it (Knuth, Morris, Pratt).
// The search takes linear time, whatever a hostile server sends.
std::vector<std::size_t> fallbacks(std::string_view secret) {
  std::vector<std::size_t> table(secret.size(), 0);
  for (std::size_t i = 1, matched = 0; i < secret.size(); ++i) {
    while (matched > 0 && secret[matched] != secret[i]) matched = table[matched - 1];
    if (secret[matched] == secret[i]) ++matched;
    table[i] = matched;
  }
  return table;
}

std::string without(std::string_view text, std::string_view secret, bool with_escapes) {
  const std::vector<std::size_t> fallback = fallbacks(secret);
  std::vector<std::size_t> starts(secret.size());  // where each of the last bytes begins, by number modulo the size
  std::string out;
  std::size_t copied = 0, matched = 0, count = 0, position = 0;
  const auto remove_from = [&](std::size_t begin) {
    out.append(text, copied, begin - copied).append(kRemoved);
    copied = position;
    matched = 0;
  };
  while (position < text.size()) {
    const Unit unit = with_escapes ? read_unit(text.substr(position)) : Unit{text[position], 1};
    starts[count++ % starts.size()] = position;
    position += unit.size;
    while (matched > 0 && secret[matched] != unit.byte) matched = fallback[matched - 1];
    if (secret[matched] == unit.byte) ++matched;
    if (matched == secret.size()) remove_from(starts[count % starts.size()]);
  }
  if (matched >= kShortest) remove_from(starts[(count - matched) % starts.size()]);
  if (copied == 0) return std::string(text);
  return out.append(text, copied);
}

}  // namespace

Redactor::Redactor(const Headers& request) {
  const auto know = [&](std::string_view secret) {
    if (secret.size() >= kShortest) secrets_.emplace_back(secret);
  };
  for (const auto& [name, value] : request) {
    if (name != "Authorization") continue;
    const std::string_view credentials = std::string_view(value).substr(value.find(' ') + 1);
    know(value);
    know(credentials);
    auto pair = value.starts_with("Basic ") ? from_base64(credentials) : std::nullopt;
    if (!pair) continue;
    know(as_text(*pair));
    know(as_text(*pair).substr(as_text(*pair).find(':') + 1));
    wipe(pair->data(), pair->size());
  }
}

void Redactor::clean(std::string& text) const {
  if (text.size() < kShortest) return;
  const bool has_escapes = text.find_first_of("\\%") != std::string::npos;
  for (const Secret& secret : secrets_) {
    text = without(text, secret.reveal(), false);
    if (has_escapes) text = without(text, secret.reveal(), true);
  }
}

void Redactor::clean(Headers& headers) const {
  for (auto& [name, value] : headers) clean(value);
}

}  // namespace libbcda::http
