// Helpers for tests that expect an Error.
#pragma once
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.hpp"

namespace libbcda {

inline void PrintTo(Status status, std::ostream* out) { *out << find_status(static_cast<std::int32_t>(status))->name; }

namespace test {

// Returns the Error that `body` throws. The test fails if it throws none.
template <class Body>
Error error_of(Body&& body) {
  try {
    std::forward<Body>(body)();
  } catch (const Error& e) {
    return e;
  }
  ADD_FAILURE() << "nothing was thrown";
  return {Status::OK, ""};
}

inline testing::AssertionResult holds(std::string_view text, std::string_view part) {
  if (text.find(part) != std::string_view::npos) return testing::AssertionSuccess() << "it holds \"" << part << '"';
  return testing::AssertionFailure() << '"' << text << "\" does not hold \"" << part << '"';
}

}  // namespace test
}  // namespace libbcda
