// What a piece of work throws, as a value.
#pragma once
#include <optional>

#include "base/error.hpp"

namespace libbcda {

// Calls `work` and returns what it throws, as an Error. nullopt: nothing. Without memory for the Error, that is the
// failure.
template <class Work>
std::optional<Error> failure_of(const Work& work) noexcept {
  try {
    work();
    return std::nullopt;
  } catch (...) {
    try {
      return current_error();
    } catch (...) {
      return Error(Status::NO_MEMORY, "out of memory");  // short enough to need none
    }
  }
}

}  // namespace libbcda
