#include "tables/raw.hpp"

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/quote.hpp"

namespace libbcda::tables {
namespace {

struct Known {
  std::string_view name;
  ValueKind kind;
  const char *fhir_type, *description;
};

constexpr std::array kColumns = {
    Known{"value", ValueKind::text, "string", "The record: a line of JSON."},
    Known{"type", ValueKind::text, "string", "The resource type of its file."},
    Known{"file", ValueKind::text, "string", "The file that it is from."},
    Known{"line", ValueKind::int64, "integer64", "Its line there, from 1."},
};

std::size_t place_of(const std::string& name) {
  const auto found =
      std::find_if(kColumns.begin(), kColumns.end(), [&](const Known& each) { return each.name == name; });
  if (found == kColumns.end())
    throw Error(Status::INVALID_ARGUMENT, "the setting columns: the table raw has no column " + quote(name) +
                                              "; it has value, type, file and line");
  return static_cast<std::size_t>(found - kColumns.begin());
}

}  // namespace

RawTable::RawTable(const std::vector<std::string>& wanted) {
  for (const std::string& name : wanted) places_.push_back(place_of(name));
  if (wanted.empty()) places_ = {0, 1, 2, 3};
  for (const std::size_t place : places_) {
    ColumnType type;
    type.kind = kColumns[place].kind;
    columns_.push_back(
        {std::string(kColumns[place].name), kColumns[place].fhir_type, kColumns[place].description, type});
  }
  cells_.resize(places_.size());
}

const std::vector<Cell>& RawTable::row(std::string_view value, std::string_view type, std::string_view file,
                                       std::int64_t line) {
  if (!is_utf8(value)) throw RowError{"is not UTF-8"};
  const std::array texts = {value, type, file};
  for (std::size_t i = 0; i < places_.size(); ++i) {
    Cell& cell = cells_[i];
    cell.is_null = cell.scalar.is_null = false;
    if (places_[i] < texts.size())
      cell.scalar.text = texts[places_[i]];
    else
      cell.scalar.integer = line;
  }
  return cells_;
}

}  // namespace libbcda::tables
