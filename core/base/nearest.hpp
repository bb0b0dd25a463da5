// "Did you mean ...?"
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace libbcda {

// The candidate that `typed` is most likely a slip of, whatever its case and whether it uses '-' or '_'; nullptr when none
// is like it. By Levenshtein distance, at most half of what was typed.
const std::string* nearest(std::string_view typed, const std::vector<std::string>& candidates);

}  // namespace libbcda
