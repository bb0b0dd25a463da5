// Checks that a file without a key looks like NDJSON. Nothing else proves that such a file is not encrypted,
// compressed, or a web page of a proxy.
#pragma once
#include <cstdint>
#include <string>

#include "base/bytes.hpp"

namespace libbcda::ndjson {

// Checks a file while its bytes arrive. The file must be valid UTF-8 (a BOM at the start is allowed) without control
// characters. Each line must be blank or start with '{' and end with '}'. The reader checks later whether a line is
// valid JSON.
class PlainCheck {
 public:
  void update(ByteView bytes);  // throws Error{VERIFICATION}; the message describes what was found
  void finish();                // to be called at the end of the file; throws the same error

 private:
  void take(std::uint8_t byte);
  void end_line();
  [[noreturn]] void refuse(const std::string& why) const;

  std::string head_;         // the first bytes, for kind_of()
  std::int64_t line_ = 1;    // from 1
  std::uint8_t first_ = 0;   // the first byte of the line that is not blank; 0: none so far
  std::uint8_t last_ = 0;    // the last byte of the line that is not blank
  int continuation_ = 0;     // the number of bytes that are missing in the current UTF-8 sequence
  std::uint8_t low_ = 0x80;  // the lower bound of the next one
  std::uint8_t high_ = 0xBF;
  bool in_bom_ = false;
  std::int64_t position_ = 0;  // the number of bytes so far
};

// Recognizes a file from its first bytes (256 are enough): "plain NDJSON", "an OperationOutcome", "a FHIR Binary",
// "an HTML page", "XML", "gzip", "a ZIP archive", or "" if it is not recognized.
std::string kind_of(ByteView head);

}  // namespace libbcda::ndjson
