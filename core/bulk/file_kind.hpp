// The lists of a manifest that name files (Bulk Data IG, "Response - Complete Status").
#pragma once
#include <string_view>

namespace libbcda::bulk {

enum class FileKind {
  data,     // from `output`: resources
  error,    // from `error` or `outcome`: OperationOutcomes
  deleted,  // from `deleted`: Bundles that name resources which no longer exist
};

// "data", "error", "deleted".
constexpr const char* kind_name(FileKind kind) {
  return kind == FileKind::error ? "error" : kind == FileKind::deleted ? "deleted" : "data";
}

}  // namespace libbcda::bulk
