#include "tables/path_tokens.hpp"

#include <algorithm>
#include <array>

#include "base/quote.hpp"
#include "base/utf8.hpp"
#include "base/words.hpp"
#include "tables/path_syntax.hpp"
#include "tables/unicode_escape.hpp"

namespace libbcda::tables {
namespace {

bool begins_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool continues_name(char c) { return begins_name(c) || is_digit(c); }

// The byte length of the character that begins with `lead`.
std::size_t character_size(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

}  // namespace

PathToken PathTokens::take() {
  PathToken taken = std::move(current_);
  advance();
  return taken;
}

void PathTokens::skip_blanks() {
  while (at_ < text_.size()) {
    const std::string_view rest = text_.substr(at_);
    if (rest.starts_with("//")) {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (rest.starts_with("/*")) {
      const std::size_t end = text_.find("*/", at_ + 2);
      if (end == std::string_view::npos) throw PathError(at_, "a comment has no end");
      at_ = end + 2;
    } else if (std::string_view(" \t\r\n").find(rest[0]) != std::string_view::npos) {
      ++at_;
    } else {
      return;
    }
  }
}

void PathTokens::advance() {
  skip_blanks();
  current_ = PathToken();
  current_.position = at_;
  if (at_ == text_.size()) return;
  using Kind = PathToken::Kind;
  const auto set = [&](Kind kind, std::string text) {
    current_.kind = kind;
    current_.text = std::move(text);
  };
  const char c = text_[at_];
  if (begins_name(c)) return set(Kind::name, name());
  if (is_digit(c)) return set(Kind::number, number());
  if (c == '\'') return set(Kind::string, quoted('\''));
  if (c == '@') return set(Kind::time, time());
  if (c == '`') {
    set(Kind::name, quoted('`'));
    current_.quoted = true;
    return;
  }
  if (c == '%') {
    ++at_;
    const char first = at_ < text_.size() ? text_[at_] : '\0';
    if (first == '\'' || first == '`') return set(Kind::variable, quoted(first));
    if (!begins_name(first)) throw PathError(at_ - 1, "after % a name is missing");
    return set(Kind::variable, name());
  }
  set(Kind::symbol, symbol());
}

std::string PathTokens::name() {
  const std::size_t begin = at_;
  while (at_ < text_.size() && continues_name(text_[at_])) ++at_;
  return std::string(text_.substr(begin, at_ - begin));
}

std::string PathTokens::number() {
  const std::size_t begin = at_;
  while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
  if (at_ + 1 < text_.size() && text_[at_] == '.' && is_digit(text_[at_ + 1])) {
    ++at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
  }
  const std::string digits(text_.substr(begin, at_ - begin));
  const std::size_t nonzero = digits.find_first_not_of('0');  // 007 is 7, as JSON writes it
  if (nonzero == std::string::npos) return "0";
  return digits.substr(digits[nonzero] == '.' ? nonzero - 1 : nonzero);
}

std::string PathTokens::time() {
  const std::size_t begin = ++at_;
  while (at_ < text_.size() &&
         (is_digit(text_[at_]) || std::string_view("-:T.+Z").find(text_[at_]) != std::string_view::npos)) {
    const bool ends_number = text_[at_] == '.' && (at_ + 1 == text_.size() || !is_digit(text_[at_ + 1]));
    if (ends_number) break;  // @2020.toString()
    ++at_;
  }
  if (at_ == begin) throw PathError(begin - 1, "after @ a date or a time is missing");
  return std::string(text_.substr(begin, at_ - begin));
}

std::string PathTokens::quoted(char quote) {
  const std::size_t begin = at_++;
  std::string text;
  for (;;) {
    if (at_ == text_.size()) throw PathError(begin, std::string("the quote ") + quote + " is not closed");
    const char c = text_[at_++];
    if (c == quote) return text;
    if (c == '\\')
      text += escape();
    else
      text += c;
  }
}

std::string PathTokens::escape() {
  const std::size_t begin = at_ - 1;
  const char c = at_ < text_.size() ? text_[at_++] : '\0';
  constexpr std::string_view kNames = "'\"`\\/rntf", kValues = "'\"`\\/\r\n\t\f";
  if (const auto found = kNames.find(c); found != std::string_view::npos) return {kValues[found]};
  if (c != 'u') throw PathError(begin, "a backslash begins no escape that FHIRPath has");
  const UnicodeEscape escape = read_unicode_escape(text_.substr(at_));
  if (escape.fault) throw PathError(begin, escape.fault);
  at_ += escape.size;
  std::string text;
  write_utf8(escape.character, [&](char byte) { text += byte; });
  return text;
}

std::string PathTokens::symbol() {
  static constexpr std::array<std::string_view, 23> kSymbols = {"<=", ">=", "!=", "!~", "$", ".", "(", ")",
                                                                "[",  "]",  "{",  "}",  ",", "+", "-", "*",
                                                                "/",  "&",  "|",  "<",  ">", "=", "~"};
  const std::string_view rest = text_.substr(at_);
  for (const std::string_view symbol : kSymbols)
    if (rest.starts_with(symbol)) {
      at_ += symbol.size();
      return std::string(symbol);
    }
  throw PathError(at_, "the character " + quote(rest.substr(0, character_size(rest[0]))) + " has no meaning here");
}

}  // namespace libbcda::tables
