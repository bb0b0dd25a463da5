// Suggestions ("did you mean"): the valid name that is most similar.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace cli {

// The name with the fewest differences from `typed`: letters that are missing, wrong, added or swapped with their
// neighbor. "" if none is similar.
std::string nearest(std::string_view typed, const std::vector<std::string>& names);

}  // namespace cli
