// Compiles FHIRPath expressions, and notes which members of a record they read.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tables/expression.hpp"
#include "tables/path_syntax.hpp"
#include "tables/projection.hpp"

namespace libbcda::tables {

// What all paths of a view share.
struct PathContext {
  Projection& projection;
  std::string resource;                          // the type of the records: "Patient"
  std::map<std::string, const Node*> constants;  // by name; the nodes outlive the expressions
  NodeMemory& literals;                          // outlives the expressions
  std::size_t variables = 0;                     // how many defineVariable() there are
};

// Where a path begins: the objects that $this may be.
using WantedSet = std::vector<Wanted*>;

struct CompiledPath {
  ExpressionPtr expression;
  WantedSet results;  // the objects that it may yield
};

// Throws PathError.
CompiledPath compile_path(std::string_view text, const WantedSet& focus, PathContext& context);

}  // namespace libbcda::tables
