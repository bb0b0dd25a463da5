#include "partition/lines.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace libbcda::partition {
namespace {

constexpr std::int64_t kMostLines = std::int64_t{1} << 48;

void add_length(std::string& to, std::int64_t length) {
  auto rest = static_cast<std::uint64_t>(length);
  for (; rest >= 0x80; rest >>= 7) to += static_cast<char>(0x80 | (rest & 0x7f));
  to += static_cast<char>(rest);
}

}  // namespace

std::string encode_lines(std::int64_t last, const std::function<bool(std::int64_t)>& counts) {
  std::string encoded;
  bool counted = false;
  std::int64_t length = 0;
  for (std::int64_t line = 1; line <= last; ++line, ++length)
    if (counts(line) != counted) {
      add_length(encoded, length);
      counted = !counted;
      length = 0;
    }
  add_length(encoded, length);
  return encoded;
}

Lines::Lines(std::string_view encoded) {
  std::int64_t length = 0, end = 0;
  int shift = 0;
  for (const char c : encoded) {
    length |= static_cast<std::int64_t>(c & 0x7f) << shift;
    shift += 7;
    if (shift > 42 || length > kMostLines - end)
      throw Error(Status::VERIFICATION, "the partition token has a malformed list of lines");
    if (c & 0x80) continue;
    ends_.push_back(end += length);
    length = shift = 0;
  }
}

// The runs at odd places count. No line after the last one does.
bool Lines::count(std::int64_t line) const {
  const auto run = std::lower_bound(ends_.begin(), ends_.end(), line);
  return run != ends_.end() && (run - ends_.begin()) % 2 == 1;
}

}  // namespace libbcda::partition
