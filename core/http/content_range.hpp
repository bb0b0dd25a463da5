// The header Content-Range of an answer to a request for a part of a file (RFC 9110 section 14.4).
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace libbcda::http {

// "bytes FIRST-LAST/SIZE", or "bytes */SIZE" with a 416.
struct ContentRange {
  std::int64_t first = 0, last = -1;  // of the bytes that the answer has; first > last: none
  std::int64_t size = 0;              // of the file

  bool has_bytes() const { return first <= last; }
};

// nullopt for anything else: another unit, an unknown size, numbers that contradict each other.
std::optional<ContentRange> parse_content_range(std::string_view text);

}  // namespace libbcda::http
