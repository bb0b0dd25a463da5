// A ViewDefinition of SQL on FHIR v2 (sql-on-fhir.org/ig, StructureDefinition/ViewDefinition), as its JSON says it.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "tables/node.hpp"

namespace libbcda::tables {

struct ColumnDefinition {
  std::string name, path, type, description;  // type: "": none is given
  bool collection = false;
  std::vector<std::pair<std::string, std::string>> tags;
  std::string place;  // in the JSON text, for messages: "select[0].column[2]"
};

struct SelectDefinition {
  enum class Rows { one, for_each, for_each_or_null, repeat };
  Rows rows = Rows::one;
  std::vector<std::string> paths;  // of forEach, forEachOrNull or repeat
  std::vector<ColumnDefinition> columns;
  std::vector<SelectDefinition> selects, unions;
  std::string place;
};

struct ConstantDefinition {
  std::string name, text;
  NodeKind kind = NodeKind::string;
};

struct ViewDefinition {
  std::string name, resource, description;
  std::vector<ConstantDefinition> constants;
  std::vector<std::string> where;
  SelectDefinition select;  // its `selects` are those of the view
};

// Throws Error{INVALID_ARGUMENT}, which names the place.
ViewDefinition parse_view_definition(std::string_view json);

// Throws Error{INVALID_ARGUMENT} that names a place in the JSON text; "" is its top.
[[noreturn]] void refuse_view(const std::string& place, const std::string& what);

}  // namespace libbcda::tables
