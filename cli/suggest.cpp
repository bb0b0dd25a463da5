#include "suggest.hpp"

#include <algorithm>

namespace cli {
namespace {

constexpr std::size_t longest = 100;  // longer text is not a misspelled name, and its distance takes long to compute

// Optimal string alignment: the Levenshtein distance, but two swapped neighbors count as one mistake.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i][j] = i + j;
        continue;
      }
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::string nearest(std::string_view typed, const std::vector<std::string>& names) {
  if (typed.empty() || typed.size() > longest) return "";
  std::string best;
  std::size_t least = std::max<std::size_t>(1, typed.size() / 3) + 1;
  for (const std::string& name : names) {
    // A name that continues after the typed text has a distance of one: --client-secert means --client-secret-file.
    const std::size_t start = distance(typed, std::string_view(name).substr(0, typed.size())) + 1;
    const std::size_t far = std::min(distance(typed, name), start);
    if (far < least) {
      least = far;
      best = name;
    }
  }
  return best;
}

}  // namespace cli
