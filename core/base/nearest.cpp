#include "base/nearest.hpp"

#include <algorithm>
#include <utility>

namespace libbcda {
namespace {

constexpr std::size_t kLongest = 100;  // longer text is not a misspelled name, and its distance takes long to compute

std::string folded(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c == '-' ? '_' : c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return out;
}

std::size_t distance(std::string_view a, std::string_view b) {  // Levenshtein
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t old = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = old;
    }
  }
  return row.back();
}

}  // namespace

const std::string* nearest(std::string_view typed, const std::vector<std::string>& candidates) {
  if (typed.size() > kLongest) return nullptr;
  const std::string wanted = folded(typed);
  const std::string* best = nullptr;
  std::size_t least = typed.size() / 2 + 1;
  for (const std::string& candidate : candidates)
    if (std::size_t far = distance(wanted, folded(candidate)); far < least) {
      least = far;
      best = &candidate;
    }
  return best;
}

}  // namespace libbcda
