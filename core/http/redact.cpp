#include "http/redact.hpp"

#include <algorithm>
#include <utility>

namespace libbcda::http {
namespace {

constexpr std::size_t kShortest = 8;
constexpr std::size_t kLongestUnit = 6;  // \u00XX
// The replacement contains a blank, because a URL has no blanks. So a URL that contains it is refused, not requested.
constexpr std::string_view kRemoved = "[credentials removed]";

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// One decoded byte of a text.
struct Unit {
  char byte;
  std::size_t size;  // the number of bytes that encode it; 0: the text ends inside an escape
};

// Decodes an escape: `mark` bytes, and then two hex digits.
Unit escaped(std::string_view text, std::size_t mark) {
  if (text.size() < mark + 2) return {text[0], 0};
  const int high = hex_digit(text[mark]), low = hex_digit(text[mark + 1]);
  if (high < 0 || low < 0) return {text[0], 1};
  return {static_cast<char>(high << 4 | low), mark + 2};
}

Unit read_unit(std::string_view text) {
  constexpr std::string_view kUnicode = "\\u00";
  if (text[0] == '%') return escaped(text, 1);
  if (text[0] != '\\') return {text[0], 1};
  if (text.starts_with(kUnicode)) return escaped(text, kUnicode.size());
  if (text.size() == 1 || kUnicode.starts_with(text)) return {text[0], 0};
  return {text[1], 2};
}

// The table of the Knuth-Morris-Pratt search: for each prefix of `secret`, the length of its longest proper prefix that
// is also its suffix. With this table the search takes linear time, whatever a hostile server sends.
std::vector<std::size_t> fallbacks(std::string_view secret) {
  std::vector<std::size_t> table(secret.size(), 0);
  for (std::size_t i = 1, matched = 0; i < secret.size(); ++i) {
    while (matched > 0 && secret[matched] != secret[i]) matched = table[matched - 1];
    if (secret[matched] == secret[i]) ++matched;
    table[i] = matched;
  }
  return table;
}

void remove(std::string& text, std::string_view secret, bool with_escapes, bool may_be_cut) {
  const std::vector<std::size_t> fallback = fallbacks(secret);
  std::vector<std::size_t> starts(secret.size());  // the start of each of the last units: a ring buffer by `count`
  std::string out;
  std::size_t copied = 0, matched = 0, count = 0, position = 0;
  const auto remove_from = [&](std::size_t begin) {
    out.append(text, copied, begin - copied).append(kRemoved);
    copied = position;
    matched = 0;
  };
  while (position < text.size()) {
    const Unit unit = with_escapes ? read_unit(std::string_view(text).substr(position)) : Unit{text[position], 1};
    if (unit.size == 0) break;
    starts[count++ % starts.size()] = position;
    position += unit.size;
    while (matched > 0 && secret[matched] != unit.byte) matched = fallback[matched - 1];
    if (secret[matched] == unit.byte) ++matched;
    if (matched == secret.size()) remove_from(starts[count % starts.size()]);
  }
  if (may_be_cut && matched >= kShortest) {
    position = text.size();
    remove_from(starts[(count - matched) % starts.size()]);
  }
  if (copied > 0) text = out.append(text, copied);
}

bool is_location(std::string_view name) {
  constexpr std::string_view kLocation = "location";
  return std::equal(name.begin(), name.end(), kLocation.begin(), kLocation.end(),
                    [](char a, char b) { return (a | 0x20) == b; });
}

}  // namespace

Redactor::Redactor(const Request& request) {
  const auto add = [&](std::string_view secret) {
    if (secret.size() >= kShortest) secrets_.emplace_back(secret);
  };
  for (const Secret& secret : request.url_secrets)
    if (secret.reveal().size() >= kShortest) url_secrets_.push_back(secret);
  for (const Secret& secret : request.secrets) add(secret.reveal());
  for (const auto& [name, value] : request.headers) {
    if (name != "Authorization" && name != "Proxy-Authorization") continue;
    const std::string_view credentials = std::string_view(value).substr(value.find(' ') + 1);
    add(value);
    add(credentials);
    auto pair = value.starts_with("Basic ") ? from_base64(credentials) : std::nullopt;
    if (!pair) continue;
    add(as_text(*pair));
    add(as_text(*pair).substr(as_text(*pair).find(':') + 1));
    wipe(pair->data(), pair->size());
  }
}

void Redactor::clean(std::string& text, const std::vector<Secret>& secrets, bool may_be_cut) {
  if (text.size() < kShortest) return;
  const bool has_escapes = text.find_first_of("\\%") != std::string::npos;
  for (const Secret& secret : secrets) {
    const std::string_view beginning = secret.reveal().substr(0, kShortest);
    if (text.find(beginning) != std::string::npos)
      remove(text, secret.reveal(), false, may_be_cut);  // most texts hold none
    if (has_escapes) remove(text, secret.reveal(), true, may_be_cut);
  }
}

void Redactor::clean(std::string& text, bool may_be_cut) const {
  clean(text, secrets_, may_be_cut);
  clean(text, url_secrets_, may_be_cut);
}

void Redactor::clean(Headers& headers) const {
  for (auto& [name, value] : headers) {
    clean(value, secrets_, true);
    if (!is_location(name)) clean(value, url_secrets_, true);
  }
}

std::size_t Redactor::longest() const {
  std::size_t size = 0;
  for (const auto* list : {&secrets_, &url_secrets_})
    for (const Secret& secret : *list) size = std::max(size, secret.reveal().size());
  return size * kLongestUnit;
}

std::string TextRedactor::feed(std::string_view piece) {
  held_ += piece;
  redactor_.clean(held_, false);
  // One more unit is held, because the cut may be in the middle of an escape.
  const std::size_t kept = std::min(held_.size(), redactor_.longest() + kLongestUnit);
  std::string certain = held_.substr(0, held_.size() - kept);
  held_.erase(0, certain.size());
  return certain;
}

std::string TextRedactor::finish() {
  redactor_.clean(held_);
  return std::exchange(held_, "");
}

}  // namespace libbcda::http
