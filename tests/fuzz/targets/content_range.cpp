// The header Content-Range.
#include "http/content_range.hpp"

#include "fuzz/target.hpp"

namespace libbcda::fuzz {

FUZZ_TARGET(content_range, input) {
  const auto range = http::parse_content_range(input);
  if (!range) return;
  expect(range->size >= 0, "a file has no negative size");
  std::string text = "bytes */" + std::to_string(range->size);
  if (range->has_bytes()) {
    expect(0 <= range->first && range->first <= range->last && range->last < range->size, "the range is in the file");
    text =
        "bytes " + std::to_string(range->first) + "-" + std::to_string(range->last) + "/" + std::to_string(range->size);
  }
  const auto again = http::parse_content_range(text);
  expect(again && again->first == range->first && again->last == range->last && again->size == range->size,
         "written and read again it is the same");
}

}  // namespace libbcda::fuzz
