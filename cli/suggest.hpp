// "did you mean": the nearest of the names that would have been right.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace cli {

// The name that differs from `typed` by the fewest letters that are missing, wrong, added or swapped with their
// neighbor; "" when none is near.
std::string nearest(std::string_view typed, const std::vector<std::string>& names);

}  // namespace cli
