#include "tables/sql_on_fhir.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "base/error.hpp"
#include "base/json.hpp"
#include "tables/date_time.hpp"
#include "tables/record.hpp"
#include "tables/view.hpp"

namespace libbcda::test {
namespace {

using namespace libbcda::tables;

std::string read_file(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error(path + " cannot be read");
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// The texts of the resources, with the digits of their numbers, which a JSON library would not keep.
std::vector<std::string> resources_of(const std::string& suite) {
  Projection projection;
  projection.want(projection.root(), projection.names().add("resources").id);
  RecordParser parser(projection);
  std::vector<std::string> resources;
  for (const Node* member = parser.parse(suite).first; member; member = member->next)
    resources.emplace_back(member->view());
  return resources;
}

json::value number_or_text(std::string_view text) {
  return Decimal::parse(text) ? parse_json(text).value() : json::value(text);
}

// A value as the suites write it: a decimal as a number, a date as text.
json::value to_json(const Scalar& value, const Column& column) {
  if (value.is_null) return nullptr;
  switch (column.type.kind) {
    case ValueKind::boolean:
      return value.integer != 0;
    case ValueKind::int32:
    case ValueKind::int64:
      return value.integer;
    default:
      break;
  }
  if (column.fhir_type == "decimal") return number_or_text(value.text);
  return json::value(value.text);
}

json::value to_json(const Cell& cell, const Column& column) {
  if (cell.is_null) return nullptr;
  if (!column.type.is_list) return to_json(cell.scalar, column);
  json::array items;
  for (const Scalar& item : cell.items) items.push_back(to_json(item, column));
  return items;
}

bool same_value(const json::value& made, const json::value& wanted) {
  if (made.is_array() && wanted.is_array())
    return std::equal(made.get_array().begin(), made.get_array().end(), wanted.get_array().begin(),
                      wanted.get_array().end(), same_value);
  if (made.is_number() && wanted.is_number()) return made.to_number<double>() == wanted.to_number<double>();
  // A column without a type is text, whatever the resource has.
  if (made.is_string() && (wanted.is_number() || wanted.is_bool())) return made.get_string() == json::serialize(wanted);
  return made == wanted;
}

bool same_row(const json::value& made, const json::value& wanted) {
  const json::object &a = made.get_object(), &b = wanted.get_object();
  return a.size() == b.size() && std::all_of(b.begin(), b.end(), [&](const auto& member) {
           const json::value* value = a.if_contains(member.key());
           return value && same_value(*value, member.value());
         });
}

json::array rows_of(const json::object& test, const std::vector<std::string>& resources,
                    std::vector<std::string>& columns) {
  // Instants as text, because the suites compare all times so.
  json::value definition = test.at("view");
  Projection projection;
  View view(parse_view_definition(json::serialize(definition)), {}, projection);
  for (const Column& column : view.columns()) columns.push_back(column.name);
  RecordParser parser(projection);
  json::array rows;
  for (const std::string& resource : resources)
    view.rows(parser.parse(resource), [&](const std::vector<Cell>& row) {
      json::object made;
      for (std::size_t i = 0; i < row.size(); ++i) made[view.columns()[i].name] = to_json(row[i], view.columns()[i]);
      rows.push_back(std::move(made));
    });
  return rows;
}

std::string compare(const json::object& test, const json::array& rows, const std::vector<std::string>& columns) {
  const json::array& wanted = test.at("expect").get_array();
  const bool same = std::is_permutation(rows.begin(), rows.end(), wanted.begin(), wanted.end(), same_row);
  if (!same) return "expected " + json::serialize(wanted) + " but got " + json::serialize(rows);
  if (const json::value* names = test.if_contains("expectColumns")) {
    json::array made(columns.begin(), columns.end());
    if (made != names->get_array())
      return "expected the columns " + json::serialize(*names) + " but got " + json::serialize(made);
  }
  return "";
}

std::string run(const json::object& test, const std::vector<std::string>& resources) {
  const bool expects_error = test.contains("expectError");
  std::vector<std::string> columns;
  try {
    const json::array rows = rows_of(test, resources, columns);
    if (expects_error) return "expected an error but got " + json::serialize(rows);
    if (const json::value* count = test.if_contains("expectCount"))
      return rows.size() == count->to_number<std::size_t>() ? "" : "got " + std::to_string(rows.size()) + " rows";
    return compare(test, rows, columns);
  } catch (const Error& error) {
    return expects_error ? "" : error.message;
  } catch (const RowError& error) {
    return expects_error ? "" : error.what();
  } catch (const MalformedRecord& error) {
    return error.what();
  }
}

bool has_tag(const json::object& test, std::string_view tag) {
  const json::value* tags = test.if_contains("tags");
  return tags && std::any_of(tags->get_array().begin(), tags->get_array().end(),
                             [&](const json::value& each) { return each.is_string() && each.get_string() == tag; });
}

}  // namespace

std::vector<SuiteTest> run_suite(const std::string& path) {
  const std::string text = read_file(path);
  const json::value suite = parse_json(text).value();
  const std::vector<std::string> resources = resources_of(text);
  std::vector<SuiteTest> results;
  for (const json::value& test : suite.at("tests").get_array()) {
    const json::object& object = test.get_object();
    results.push_back(
        {std::string(object.at("title").get_string()), has_tag(object, "experimental"), run(object, resources)});
  }
  if (results.empty()) throw std::runtime_error(path + " has no tests");
  return results;
}

std::vector<std::string> suites_in(const std::string& directory) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const std::string name = entry.path().filename();
    if (name.ends_with(".json") && !name.ends_with(".schema.json")) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace libbcda::test
