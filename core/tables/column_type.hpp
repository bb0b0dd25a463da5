// The types of columns, and how FHIR's types become them.
#pragma once
#include <cstdint>
#include <string>

#include "tables/decimal.hpp"
#include "tables/node.hpp"
#include "tables/view_definition.hpp"

namespace libbcda::tables {

enum class ValueKind : std::uint8_t { text, boolean, int32, int64, decimal, float64, date, timestamp, time, binary };

struct ColumnType {
  ValueKind kind = ValueKind::text;
  int precision = 0, scale = 0;  // of a decimal
  bool is_list = false;
  bool is_required = false;  // tagged "bcda/required": no value is an error
  bool takes_json = false;   // a complex type: its JSON text
  bool takes_any = false;    // no type was given: numbers and booleans become text too
  bool is_number = false;    // a decimal: the digits of a number

  ColumnType item() const {  // of a list
    ColumnType type = *this;
    type.is_list = false;
    return type;
  }
};

// How values become columns: `typed` by their FHIR type and by tags with the name "ansi/type"; `text` all as text.
enum class Values : std::uint8_t { typed, text };

// Throws Error{INVALID_ARGUMENT} that names the column if the type or a tag is unknown.
ColumnType column_type(const ColumnDefinition& column, Values values);

std::string arrow_format(const ColumnType& type);  // of the values, also of a list

// One value of a column, or null.
struct Scalar {
  bool is_null = true;
  std::int64_t integer = 0;  // boolean, int32, int64, date (days), timestamp and time (microseconds)
  double real = 0;
  Int128 decimal = 0;     // the digits, at the scale of the column
  std::string_view text;  // text; binary: the bytes
};

// Never rounds, and never makes something out of nothing. Throws EvaluationError if the node is no value of the type.
Scalar convert(const Node& node, const ColumnType& type, NodeMemory& memory);

}  // namespace libbcda::tables
