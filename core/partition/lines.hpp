// Which lines of a file count, in few bytes: the lengths of runs of lines, from line 1 on. The first run does not count,
// the second one does, and so on.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace libbcda::partition {

// `last`: no line after it counts. Each length has 7 bits in a byte, the least significant ones first; the highest bit
// says that another byte follows.
std::string encode_lines(std::int64_t last, const std::function<bool(std::int64_t)>& counts);

class Lines {
 public:
  explicit Lines(std::string_view encoded);  // throws Error{VERIFICATION} if it is malformed
  bool count(std::int64_t line) const;

 private:
  std::vector<std::int64_t> ends_;  // the last lines of the runs
};

}  // namespace libbcda::partition
