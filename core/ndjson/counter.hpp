// Counts NDJSON records as the bytes pass by.
#pragma once
#include <cstdint>

#include "base/bytes.hpp"

namespace libbcda::ndjson {

// A record is a line that holds more than white space; the last one need not end in a newline.
class Counter {
 public:
  void update(ByteView bytes);
  std::int64_t records() const { return records_ + (content_ ? 1 : 0); }

 private:
  std::int64_t records_ = 0;
  bool content_ = false;  // the line that is open holds more than white space
};

}  // namespace libbcda::ndjson
