#include "ndjson/plain_check.hpp"

#include <algorithm>
#include <cstring>

#include "base/error.hpp"
#include "base/words.hpp"

namespace libbcda::ndjson {
namespace {

constexpr std::size_t kHead = 256;
constexpr std::string_view kBom = "\xEF\xBB\xBF";

bool blank(std::uint8_t byte) { return byte == ' ' || byte == '\t' || byte == '\r'; }

// Whether eight bytes are all from 0x20 to 0x7F. Such bytes need no further checks.
bool plain_ascii(const std::uint8_t* bytes) {
  constexpr std::uint64_t kHigh = 0x8080808080808080, kSpaces = 0x2020202020202020;
  std::uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  return (word & kHigh) == 0 && ((word - kSpaces) & kHigh) == 0;
}

// A server may send one FHIR resource in place of a file, on one line or on several.
std::string resource_kind(std::string_view text) {
  std::string dense(text);
  std::erase_if(dense, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
  if (dense.find("\"resourceType\":\"OperationOutcome\"") != std::string::npos) return "an OperationOutcome";
  if (dense.find("\"resourceType\":\"Binary\"") != std::string::npos) return "a FHIR Binary";
  return "plain NDJSON";
}

}  // namespace

std::string kind_of(ByteView head) {
  std::string_view text = as_text(head);
  if (text.starts_with("\x1F\x8B")) return "gzip";
  if (text.starts_with("PK\x03\x04")) return "a ZIP archive";
  if (text.starts_with(kBom)) text.remove_prefix(kBom.size());
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  const std::string start = lower(text.substr(0, 15));
  if (start.starts_with("<!doctype html") || start.starts_with("<html")) return "an HTML page";
  if (start.starts_with("<?xml") || start.starts_with("<binary") || start.starts_with("<operationoutcome"))
    return "XML";
  // One nonce in 256 starts with a brace, so all available bytes must be text.
  const bool readable = std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) >= ' ' || c == '\t' || c == '\r' || c == '\n';
  });
  return text.starts_with('{') && text.size() >= 16 && readable ? resource_kind(text) : "";
}

void PlainCheck::refuse(const std::string& why) const {
  const std::string kind = kind_of(as_bytes(head_));
  const bool recognized = !kind.empty() && kind != "plain NDJSON";
  throw Error(Status::VERIFICATION, "it came without a key and is not NDJSON: " +
                                        (recognized ? "it is " + kind
                                                    : why + "; it may have been cut or damaged on its way, or may be "
                                                            "encrypted, although the manifest has no key for it"));
}

void PlainCheck::update(ByteView bytes) {
  if (head_.size() < kHead) head_.append(as_text(bytes.first(std::min(bytes.size(), kHead - head_.size()))));
  const std::uint8_t* at = bytes.data();
  const std::uint8_t* const end = at + bytes.size();
  while (at < end) {
    // After the start of a line, only its last byte that is not blank matters.
    if (first_ && continuation_ == 0) {
      const std::uint8_t* const begun = at;
      while (end - at >= 8 && plain_ascii(at)) at += 8;
      for (const std::uint8_t* back = at; back > begun; --back)
        if (!blank(back[-1])) {
          last_ = back[-1];
          break;
        }
      position_ += at - begun;
      if (at == end) return;
    }
    take(*at++);
  }
}

void PlainCheck::take(std::uint8_t byte) {
  ++position_;
  if (continuation_ > 0) {
    if (byte < low_ || byte > high_) refuse("line " + std::to_string(line_) + " is not UTF-8");
    --continuation_;
    low_ = in_bom_ ? 0xBF : 0x80;
    high_ = 0xBF;
    in_bom_ = false;
    return;
  }
  if (byte == '\n') return end_line();
  if (blank(byte)) return;
  if (position_ == 1 && byte == 0xEF) {  // start of a BOM; no other non-ASCII character may come before the brace
    continuation_ = 2;
    low_ = high_ = 0xBB;
    in_bom_ = true;
    return;
  }
  if (byte < 0x20) refuse("line " + std::to_string(line_) + " holds a control character");
  if (byte >= 0x80) {
    // RFC 3629 section 4: no overlong forms, no surrogates, no code points beyond U+10FFFF.
    continuation_ = byte >= 0xC2 && byte <= 0xDF   ? 1
                    : byte >= 0xE0 && byte <= 0xEF ? 2
                    : byte >= 0xF0 && byte <= 0xF4 ? 3
                                                   : 0;
    if (continuation_ == 0) refuse("line " + std::to_string(line_) + " is not UTF-8");
    low_ = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80;
    high_ = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF;
  }
  if (!first_) {
    first_ = byte;
    if (byte != '{') refuse("line " + std::to_string(line_) + " does not begin with a brace");
  }
  last_ = byte;
}

void PlainCheck::end_line() {
  if (first_ && last_ != '}') refuse("line " + std::to_string(line_) + " does not end with a brace");
  first_ = last_ = 0;
  ++line_;
}

void PlainCheck::finish() {
  if (continuation_ > 0) refuse("it ends within a UTF-8 sequence");
  end_line();
}

}  // namespace libbcda::ndjson
