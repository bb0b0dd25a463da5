#include "tables/presets.hpp"

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/nearest.hpp"
#include "base/quote.hpp"
#include "base/words.hpp"
#include "tables/view_definition.hpp"

namespace libbcda::tables {
namespace {

constexpr std::string_view kNothing = "{}";  // the path of a column that a generation does not have

void collect(const SelectDefinition& select, std::vector<const ColumnDefinition*>& columns) {
  for (const ColumnDefinition& column : select.columns) columns.push_back(&column);
  for (const SelectDefinition& inner : select.selects) collect(inner, columns);
  for (const SelectDefinition& branch : select.unions) collect(branch, columns);
}

std::string tag_of(const ColumnDefinition& column, std::string_view name) {
  for (const auto& [key, value] : column.tags)
    if (key == name) return value;
  return "";
}

std::string shown_type(const ColumnDefinition& column) {
  const std::string ansi = tag_of(column, "ansi/type");
  return ansi.empty() ? column.type : ansi;
}

// The tables that are made of resources of this type.
std::vector<std::string> presets_of(std::string_view type) {
  std::vector<std::string> found;
  for (const std::string& name : preset_names())
    if (parse_view_definition(find_preset(name, Generation::v3)->json).resource == type) found.push_back(name);
  return found;
}

// What to do when there is no table of this name. It may be the name of a resource type.
std::string remedy_for(std::string_view table) {
  const std::vector<std::string> of_type = presets_of(table);
  if (!of_type.empty()) return "the tables of this resource type are " + join(of_type, ", ");
  if (const std::string* similar = nearest(table, preset_names())) return "did you mean " + quote(*similar) + "?";
  return "there are " + join(preset_names(), ", ") + ". A view (ViewDefinition) makes a table of any resource type";
}

}  // namespace

const std::vector<std::string>& preset_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> made;
    for (const PresetView& view : preset_views())
      if (made.empty() || made.back() != view.table) made.emplace_back(view.table);
    return made;
  }();
  return names;
}

const PresetView* find_preset(std::string_view table, Generation generation) {
  for (const PresetView& view : preset_views())
    if (view.table == table && view.generation == generation) return &view;
  return nullptr;
}

void refuse_preset(std::string_view table) {
  // It may be the content of a file, which is not shown then.
  const bool is_name = table.size() <= 64 && table.find_first_of(", \t\r\n") == table.npos;
  if (!is_name)
    throw Error(Status::INVALID_ARGUMENT, "neither the name of a table nor a ViewDefinition in JSON was given");
  throw Error(Status::INVALID_ARGUMENT, "there is no table " + quote(table) + "; " + remedy_for(table));
}

std::string describe_preset(std::string_view table) {
  json::object made;
  json::array columns;
  for (const Generation generation : kGenerations) {
    const PresetView* preset = find_preset(table, generation);
    if (!preset) refuse_preset(table);
    const ViewDefinition view = parse_view_definition(preset->json);
    made = {{"name", table}, {"description", view.description}, {"resource", view.resource}};
    std::vector<const ColumnDefinition*> all;
    collect(view.select, all);
    for (const ColumnDefinition* column : all) {
      json::object* entry = nullptr;
      for (json::value& known : columns)
        if (known.at("name").as_string() == column->name) entry = &known.as_object();
      if (!entry) {
        columns.push_back(json::object{{"name", column->name},
                                       {"type", shown_type(*column)},
                                       {"list", column->collection},
                                       {"description", column->description},
                                       {"cclf", tag_of(*column, "cclf")},
                                       {"generations", json::array()}});
        entry = &columns.back().as_object();
      }
      json::array& generations = (*entry)["generations"].as_array();
      const std::string_view name = generation_name(generation);
      const bool is_listed = !generations.empty() && generations.back().as_string() == name;
      if (column->path != kNothing && !is_listed) generations.emplace_back(name);
    }
  }
  made["columns"] = std::move(columns);
  return json::serialize(made);
}

}  // namespace libbcda::tables
