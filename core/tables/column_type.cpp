#include "tables/column_type.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/bytes.hpp"
#include "base/quote.hpp"
#include "base/words.hpp"
#include "tables/compare.hpp"
#include "tables/date_time.hpp"
#include "tables/fhir_types.hpp"

namespace libbcda::tables {
namespace {

constexpr int kMostPrecision = 38;  // of a decimal128

ColumnType of_kind(ValueKind kind) { return {.kind = kind}; }

// "DECIMAL(18,2)". false: it is another text.
bool read_decimal(std::string_view text, ColumnType& type) {
  if (!text.starts_with("DECIMAL(") || !text.ends_with(')')) return false;
  text = text.substr(8, text.size() - 9);
  const char *begin = text.data(), *end = begin + text.size();
  const auto first = std::from_chars(begin, end, type.precision);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != ',') return false;
  const char* rest = first.ptr + 1;
  while (rest != end && *rest == ' ') ++rest;
  const auto second = std::from_chars(rest, end, type.scale);
  type.kind = ValueKind::decimal;
  return second.ec == std::errc() && second.ptr == end && type.precision >= 1 && type.precision <= kMostPrecision &&
         type.scale >= 0 && type.scale <= type.precision;
}

ColumnType tagged_type(const ColumnDefinition& column, const std::string& tag) {
  std::string name;
  for (const char c : tag) name += upper(c);
  ColumnType type;
  if (read_decimal(name, type)) return type;
  if (name == "DATE") return of_kind(ValueKind::date);
  if (name == "TIMESTAMP" || name == "TIMESTAMP WITH TIME ZONE") return of_kind(ValueKind::timestamp);
  if (name == "TIME") return of_kind(ValueKind::time);
  if (name == "BOOLEAN") return of_kind(ValueKind::boolean);
  if (name == "INTEGER" || name == "INT" || name == "SMALLINT") return of_kind(ValueKind::int32);
  if (name == "BIGINT") return of_kind(ValueKind::int64);
  if (name == "DOUBLE PRECISION" || name == "DOUBLE" || name == "REAL" || name == "FLOAT")
    return of_kind(ValueKind::float64);
  if (name.starts_with("VARCHAR") || name.starts_with("CHAR") || name == "TEXT") return of_kind(ValueKind::text);
  refuse_view(column.place + ".tag", "the column " + quote(column.name) + " has the unknown ansi/type " + quote(tag));
}

bool is_required(const ColumnDefinition& column) {
  return std::find(column.tags.begin(), column.tags.end(),
                   std::pair<std::string, std::string>("bcda/required", "true")) != column.tags.end();
}

ColumnType fhir_column_type(const ColumnDefinition& column) {
  if (column.type.empty()) return {.takes_any = true};
  const auto type = find_type(column.type);
  using enum FhirType;
  switch (type.value_or(unknown)) {
    case boolean:
      return of_kind(ValueKind::boolean);
    case integer:
    case positiveInt:
    case unsignedInt:
      return of_kind(ValueKind::int32);
    case integer64:
      return of_kind(ValueKind::int64);
    case instant:
      return of_kind(ValueKind::timestamp);
    case base64Binary:
      return of_kind(ValueKind::binary);
    case decimal:
      return {.is_number = true};
    case unknown:
      break;
    default:
      return {.takes_json = is_complex(*type)};
  }
  // A type that this table does not have, such as BackboneElement or a resource, is a complex one if it is named so.
  if (column.type[0] >= 'A' && column.type[0] <= 'Z') return {.takes_json = true};
  refuse_view(column.place + ".type", quote(column.type) + " is no data type of FHIR");
}

[[noreturn]] void refuse(const char* wanted) { throw EvaluationError{std::string("its value is not ") + wanted}; }

std::int64_t integer(const Node& node, std::int64_t least, std::int64_t most, const char* wanted) {
  std::int64_t value = 0;
  const std::string_view text = node.view();
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) {
    const auto decimal = Decimal::parse(text);  // 1.0 and 1e3 are whole numbers too
    const auto whole = decimal ? decimal->at_scale(0, 18) : std::nullopt;
    if (!whole) refuse(wanted);
    value = static_cast<std::int64_t>(*whole);
  }
  if (value < least || value > most) refuse(wanted);
  return value;
}

void need(const Node& node, NodeKind kind, const char* wanted) {
  if (node.kind != kind) refuse(wanted);
}

std::int64_t date(std::string_view text) {
  const auto value = parse_date_time(text);
  const auto days = value ? days_of(*value) : std::nullopt;
  if (!days) refuse("a whole date, but a partial one or no date");
  return *days;
}

std::int64_t timestamp(std::string_view text) {
  const auto value = parse_date_time(text);
  const auto instant = value ? instant_of(*value) : std::nullopt;
  if (!instant) refuse("a date with a time and a zone, of at most microseconds");
  return *instant;
}

std::int64_t time_of_day(std::string_view text) {
  const auto value = parse_time_of_day(text);
  const auto microseconds = value ? microseconds_of_day(*value) : std::nullopt;
  if (!microseconds) refuse("a time of at most microseconds");
  return *microseconds;
}

Int128 decimal(const Node& node, const ColumnType& type) {
  need(node, NodeKind::number, "a number");
  const auto value = Decimal::parse(node.view());
  const auto digits = value ? value->at_scale(type.scale, type.precision) : std::nullopt;
  if (!digits)
    refuse(("a number that fits DECIMAL(" + std::to_string(type.precision) + "," + std::to_string(type.scale) +
            ") exactly")
               .c_str());
  return *digits;
}

double real(const Node& node) {
  need(node, NodeKind::number, "a number");
  double value = 0;
  const std::string_view text = node.view();
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc()) refuse("a number that a double can hold");
  return value;
}

std::string_view text_of(const Node& node, const ColumnType& type) {
  if (type.is_number) need(node, NodeKind::number, "a number");
  if (type.is_number) return node.view();
  if (type.takes_json && !type.takes_any) need(node, NodeKind::object, "an object");
  if (node.kind == NodeKind::object) {
    if (!type.takes_json)
      refuse("a single value, but an object; give the column the object's type to have it as JSON text");
  } else if (node.kind != NodeKind::string && !type.takes_any && !type.takes_json) {
    refuse("a text, but a number or a boolean");
  }
  if (node.view().find('\0') != std::string_view::npos)
    refuse("a text that a table can hold, because it has the character U+0000");
  return node.view();
}

std::string_view bytes_of(const Node& node, NodeMemory& memory) {
  need(node, NodeKind::string, "a text in base64");
  const auto bytes = from_base64(node.view());
  if (!bytes) refuse("a text in base64");
  return memory.keep(as_text(*bytes));
}

}  // namespace

ColumnType column_type(const ColumnDefinition& column, Values values) {
  ColumnType type = fhir_column_type(column);
  for (const auto& [name, value] : column.tags)
    if (name == "ansi/type") type = tagged_type(column, value);
  if (values == Values::text) type = {.takes_json = type.takes_json, .takes_any = true};
  type.is_list = column.collection;
  type.is_required = is_required(column);
  return type;
}

std::string arrow_format(const ColumnType& type) {
  switch (type.kind) {
    case ValueKind::text:
      return "u";
    case ValueKind::boolean:
      return "b";
    case ValueKind::int32:
      return "i";
    case ValueKind::int64:
      return "l";
    case ValueKind::decimal:
      return "d:" + std::to_string(type.precision) + "," + std::to_string(type.scale);
    case ValueKind::float64:
      return "g";
    case ValueKind::date:
      return "tdD";
    case ValueKind::timestamp:
      return "tsu:UTC";
    case ValueKind::time:
      return "ttu";
    case ValueKind::binary:
      return "z";
  }
  return "n";
}

Scalar convert(const Node& node, const ColumnType& type, NodeMemory& memory) {
  Scalar value;
  value.is_null = false;
  switch (type.kind) {
    case ValueKind::text:
      value.text = text_of(node, type);
      break;
    case ValueKind::boolean:
      need(node, NodeKind::boolean, "true or false");
      value.integer = node.is_true();
      break;
    case ValueKind::int32:
      need(node, NodeKind::number, "a whole number");
      value.integer = integer(node, std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max(),
                              "a whole number of 32 bits");
      break;
    case ValueKind::int64:
      if (node.kind != NodeKind::string) need(node, NodeKind::number, "a whole number");
      value.integer = integer(node, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max(),
                              "a whole number of 64 bits");
      break;
    case ValueKind::decimal:
      value.decimal = decimal(node, type);
      break;
    case ValueKind::float64:
      value.real = real(node);
      break;
    case ValueKind::date:
      need(node, NodeKind::string, "a date");
      value.integer = date(node.view());
      break;
    case ValueKind::timestamp:
      need(node, NodeKind::string, "a date with a time");
      value.integer = timestamp(node.view());
      break;
    case ValueKind::time:
      need(node, NodeKind::string, "a time");
      value.integer = time_of_day(node.view());
      break;
    case ValueKind::binary:
      value.text = bytes_of(node, memory);
      break;
  }
  return value;
}

}  // namespace libbcda::tables
