#include "tables/view_definition.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/nearest.hpp"
#include "base/quote.hpp"
#include "tables/fhir_types.hpp"
#include "tables/projection.hpp"
#include "tables/record.hpp"
#include "tables/resource_types.hpp"

namespace libbcda::tables {
namespace {

constexpr int kMostDepth = 50;  // of nested selects

std::string inside(const std::string& place, std::string_view member) {
  return place.empty() ? std::string(member) : place + "." + std::string(member);
}
std::string element(const std::string& place, std::size_t index) { return place + "[" + std::to_string(index) + "]"; }

const json::object& object_of(const json::value& value, const std::string& place) {
  if (!value.is_object()) refuse_view(place, "an object is needed");
  return value.get_object();
}

// The elements of a member that is an array; none if it is missing.
const json::array& array_member(const json::object& object, std::string_view name, const std::string& place) {
  static const json::array kNone;
  const json::value* value = object.if_contains(name);
  if (!value) return kNone;
  if (!value->is_array()) refuse_view(inside(place, name), "an array is needed");
  return value->get_array();
}

std::string text_of(const json::value& value, const std::string& place) {
  if (!value.is_string()) refuse_view(place, "a text is needed");
  return std::string(value.get_string());
}

std::string optional_text(const json::object& object, std::string_view name, const std::string& place) {
  const json::value* value = object.if_contains(name);
  return value ? text_of(*value, inside(place, name)) : "";
}

std::string required_text(const json::object& object, std::string_view name, const std::string& place) {
  if (!object.contains(name)) refuse_view(place, std::string(name) + " is missing");
  return optional_text(object, name, place);
}

// Refuses a member that nobody reads, such as a misspelt one. `known`: also of other elements of FHIR.
void check_members(const json::object& object, const std::string& place, std::vector<std::string> known) {
  for (const auto& member : object) {
    const std::string_view name = member.key();
    const bool is_common = name == "id" || name == "extension" || name == "modifierExtension" || name.starts_with('_');
    if (is_common || std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string* similar = nearest(std::string(name), known);
    refuse_view(inside(place, name),
                "there is no such member" + (similar ? "; did you mean " + quote(*similar) + "?" : std::string()));
  }
}

bool is_column_name(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !name.empty() && is_letter(name[0]) && std::all_of(name.begin(), name.end(), [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_';
  });
}

// A FHIR type's name without the URL of its StructureDefinition.
std::string type_name(std::string type) {
  constexpr std::string_view kUrl = "http://hl7.org/fhir/StructureDefinition/";
  if (type.starts_with(kUrl)) type.erase(0, kUrl.size());
  return type;
}

ColumnDefinition parse_column(const json::value& value, const std::string& place) {
  const json::object& object = object_of(value, place);
  ColumnDefinition column;
  column.place = place;
  check_members(object, place, {"name", "path", "type", "collection", "description", "tag", "tags"});
  column.name = required_text(object, "name", place);
  if (!is_column_name(column.name))
    refuse_view(inside(place, "name"),
                quote(column.name) + " is no name of a column: letters, digits and _ after a letter");
  column.path = required_text(object, "path", place);
  column.type = type_name(optional_text(object, "type", place));
  column.description = optional_text(object, "description", place);
  if (const json::value* collection = object.if_contains("collection")) {
    if (!collection->is_bool()) refuse_view(inside(place, "collection"), "true or false is needed");
    column.collection = collection->get_bool();
  }
  for (const std::string_view member : {"tag", "tags"}) {  // the specification has both
    const json::array& tags = array_member(object, member, place);
    for (std::size_t i = 0; i < tags.size(); ++i) {
      const std::string at = element(inside(place, member), i);
      const json::object& tag = object_of(tags[i], at);
      column.tags.emplace_back(required_text(tag, "name", at), required_text(tag, "value", at));
    }
  }
  return column;
}

void parse_rows(SelectDefinition& select, const json::object& object, const std::string& place) {
  using Rows = SelectDefinition::Rows;
  const auto set = [&](Rows rows) {
    if (select.rows != Rows::one) refuse_view(place, "only one of forEach, forEachOrNull and repeat is possible");
    select.rows = rows;
  };
  if (const json::value* path = object.if_contains("forEach")) {
    set(Rows::for_each);
    select.paths.push_back(text_of(*path, inside(place, "forEach")));
  }
  if (const json::value* path = object.if_contains("forEachOrNull")) {
    set(Rows::for_each_or_null);
    select.paths.push_back(text_of(*path, inside(place, "forEachOrNull")));
  }
  if (object.contains("repeat")) {
    set(Rows::repeat);
    const json::array& paths = array_member(object, "repeat", place);
    if (paths.empty()) refuse_view(inside(place, "repeat"), "a path is needed");
    for (std::size_t i = 0; i < paths.size(); ++i)
      select.paths.push_back(text_of(paths[i], element(inside(place, "repeat"), i)));
  }
}

SelectDefinition parse_select(const json::value& value, const std::string& place, int depth);

std::vector<SelectDefinition> parse_selects(const json::object& object, std::string_view member,
                                            const std::string& place, int depth) {
  std::vector<SelectDefinition> selects;
  const json::array& elements = array_member(object, member, place);
  for (std::size_t i = 0; i < elements.size(); ++i)
    selects.push_back(parse_select(elements[i], element(inside(place, member), i), depth + 1));
  return selects;
}

SelectDefinition parse_select(const json::value& value, const std::string& place, int depth) {
  if (depth > kMostDepth)
    refuse_view(place, "selects are nested deeper than " + std::to_string(kMostDepth) + " levels");
  const json::object& object = object_of(value, place);
  SelectDefinition select;
  select.place = place;
  check_members(object, place, {"column", "forEach", "forEachOrNull", "repeat", "select", "unionAll"});
  parse_rows(select, object, place);
  const json::array& columns = array_member(object, "column", place);
  for (std::size_t i = 0; i < columns.size(); ++i)
    select.columns.push_back(parse_column(columns[i], element(inside(place, "column"), i)));
  select.selects = parse_selects(object, "select", place, depth);
  select.unions = parse_selects(object, "unionAll", place, depth);
  return select;
}

ConstantDefinition parse_constant(const json::value& value, const std::string& place) {
  const json::object& object = object_of(value, place);
  ConstantDefinition constant;
  constant.name = required_text(object, "name", place);
  int values = 0;
  for (const auto& member : object) {
    const std::string_view name = member.key();
    if (!name.starts_with("value")) {
      check_members({{name, member.value()}}, place, {"name"});
      continue;
    }
    const auto choice = split_choice(name);
    if (!choice || choice->base != "value") refuse_view(place, quote(name) + " is not \"value\" and a type of FHIR");
    ++values;
    const json::value& given = member.value();
    if (!given.is_primitive() || given.is_null())
      refuse_view(inside(place, name), "a text, a number, true or false is needed");
    constant.kind = given.is_string() ? NodeKind::string : given.is_bool() ? NodeKind::boolean : NodeKind::number;
    constant.text = given.is_string() ? std::string(given.get_string()) : json::serialize(given);
  }
  if (values != 1) refuse_view(place, "a constant needs one value, such as valueString");
  return constant;
}

// The numbers of the constants with all their digits, which Boost.JSON does not keep; "" where there is none.
std::vector<std::string> constant_numbers(std::string_view text) {
  Projection projection;
  const NameId constants = projection.names().add("constant").id, value = projection.names().add("value").id;
  projection.want(projection.want(projection.root(), constants), value);
  RecordParser parser(projection);
  std::vector<std::string> numbers;
  try {
    for (const Node* constant = parser.parse(text).first; constant; constant = constant->next)
      numbers.emplace_back(constant->first && constant->first->kind == NodeKind::number ? constant->first->view() : "");
  } catch (const MalformedRecord& malformed) {
    throw Error(Status::INVALID_ARGUMENT, "the ViewDefinition " + std::string(malformed.what()));
  }
  return numbers;
}

// Those that the tables use, and the metadata of a canonical resource.
std::vector<std::string> top_members() {
  return {"resource",
          "select",
          "where",
          "constant",
          "fhirVersion",
          "profile",
          "resourceType",
          "meta",
          "implicitRules",
          "language",
          "text",
          "contained",
          "url",
          "identifier",
          "version",
          "versionAlgorithmString",
          "versionAlgorithmCoding",
          "name",
          "title",
          "status",
          "experimental",
          "date",
          "publisher",
          "contact",
          "description",
          "useContext",
          "jurisdiction",
          "purpose",
          "copyright",
          "copyrightLabel",
          "approvalDate",
          "lastReviewDate",
          "effectivePeriod",
          "topic",
          "author",
          "editor",
          "reviewer",
          "endorser",
          "relatedArtifact"};
}

}  // namespace

void refuse_view(const std::string& place, const std::string& what) {
  throw Error(Status::INVALID_ARGUMENT,
              "the ViewDefinition is wrong at " + (place.empty() ? "its top" : place) + ": " + what);
}

ViewDefinition parse_view_definition(std::string_view text) {
  std::string why;
  const auto parts = split_json_sequence(text, &why);
  const auto value = parts && parts->size() == 1 ? parse_json(text, &why) : std::nullopt;
  if (parts && parts->size() != 1) why = "is not one JSON object";
  if (!value) throw Error(Status::INVALID_ARGUMENT, "the ViewDefinition " + why);
  const json::object& object = object_of(*value, "");
  ViewDefinition view;
  check_members(object, "", top_members());
  view.resource = required_text(object, "resource", "");
  if (view.resource.empty()) refuse_view("resource", "the name of a resource is needed, such as Patient");
  if (!is_resource_type(view.resource)) refuse_view("resource", unknown_resource_type(view.resource));
  view.name = optional_text(object, "name", "");
  view.description = optional_text(object, "description", "");
  const json::array& constants = array_member(object, "constant", "");
  const std::vector<std::string> digits = constants.empty() ? std::vector<std::string>() : constant_numbers(text);
  for (std::size_t i = 0; i < constants.size(); ++i) {
    view.constants.push_back(parse_constant(constants[i], element("constant", i)));
    if (view.constants[i].kind == NodeKind::number && i < digits.size()) view.constants[i].text = digits[i];
  }
  const json::array& conditions = array_member(object, "where", "");
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    const std::string place = element("where", i);
    const json::object& condition = object_of(conditions[i], place);
    check_members(condition, place, {"path", "description"});
    view.where.push_back(required_text(condition, "path", place));
  }
  view.select.selects = parse_selects(object, "select", "", 0);
  if (view.select.selects.empty()) refuse_view("select", "at least one element is needed");
  return view;
}

}  // namespace libbcda::tables
