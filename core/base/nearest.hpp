// Suggestions for misspelled names ("did you mean ...?").
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace libbcda {

// The candidate that is most similar to `typed`. Case and the difference between '-' and '_' are ignored. The
// Levenshtein distance must be at most half the length of `typed`; otherwise the result is nullptr.
const std::string* nearest(std::string_view typed, const std::vector<std::string>& candidates);

}  // namespace libbcda
