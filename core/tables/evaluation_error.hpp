// Why a value could not be computed.
#pragma once
#include <stdexcept>

namespace libbcda::tables {

// what() never shows a value.
struct EvaluationError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace libbcda::tables
