// The tables that the library brings along: ViewDefinitions for each generation of claims data (presets/).
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "tables/generation.hpp"

namespace libbcda::tables {

struct PresetView {
  Generation generation;
  std::string_view table;
  std::string_view json;  // a ViewDefinition
};

// In the order of their names, and for each the generations. Made at build time from presets/*/*.json.
const std::vector<PresetView>& preset_views();

const std::vector<std::string>& preset_names();

// nullptr: there is no such table.
const PresetView* find_preset(std::string_view table, Generation generation);

// Throws Error{INVALID_ARGUMENT} that names a similar table, or the tables of a resource type.
[[noreturn]] void refuse_preset(std::string_view table);

// The dictionary of a table as JSON: {"name", "description", "resource", "columns": [{"name", "type", "list",
// "description", "cclf", "generations"}]}. Throws Error{INVALID_ARGUMENT}.
std::string describe_preset(std::string_view table);

}  // namespace libbcda::tables
