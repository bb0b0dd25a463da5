// Whether bytes that came without a key look like NDJSON. Nothing else proves that such a file is not still encrypted,
// compressed, or a proxy's page.
#pragma once
#include <cstdint>
#include <string>

#include "base/bytes.hpp"

namespace libbcda::ndjson {

// Takes a file as it passes by. Valid UTF-8 (a BOM at the start is allowed) without control characters, in which each
// line is blank or begins with '{' and ends with '}'. Whether a line is valid JSON is the reader's question.
class PlainCheck {
 public:
  void update(ByteView bytes);  // throws Error{VERIFICATION}, which says what it found instead
  void finish();                // the file has ended; throws the same

 private:
  void take(std::uint8_t byte);
  void end_line();
  [[noreturn]] void refuse(const std::string& why) const;

  std::string head_;         // the first bytes, to tell what it is instead
  std::int64_t line_ = 1;    // from 1
  std::uint8_t first_ = 0;   // the line's first byte that is not blank; 0: none so far
  std::uint8_t last_ = 0;    // and its last one
  int continuation_ = 0;     // bytes that the UTF-8 sequence still needs
  std::uint8_t low_ = 0x80;  // the bounds of the next of them
  std::uint8_t high_ = 0xBF;
  bool in_bom_ = false;
  std::int64_t position_ = 0;  // bytes taken
};

// What the first bytes of a file (64 are enough) plainly are: "plain NDJSON", "an HTML page", "gzip", "a ZIP archive", or
// "" when they do not tell.
std::string kind_of(ByteView head);

}  // namespace libbcda::ndjson
