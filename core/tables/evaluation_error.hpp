// Why a value could not be computed.
#pragma once
#include <string>

namespace libbcda::tables {

struct EvaluationError {
  std::string reason;  // it never shows a value
};

}  // namespace libbcda::tables
