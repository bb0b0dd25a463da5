// Counts the NDJSON records of a byte stream.
#pragma once
#include <cstdint>

#include "base/bytes.hpp"

namespace libbcda::ndjson {

// A record is a line that is not blank. The last line need not end with a line break.
class Counter {
 public:
  void update(ByteView bytes);
  std::int64_t records() const { return records_ + (content_ ? 1 : 0); }

 private:
  std::int64_t records_ = 0;
  bool content_ = false;  // the current line is not blank
};

}  // namespace libbcda::ndjson
