// The table "raw": the records as they are, a row for each.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tables/view.hpp"

namespace libbcda::tables {

inline constexpr std::string_view kRaw = "raw";

// Its columns are value (the line), type (of the resources of the file, "" if it is not known), file and line.
class RawTable {
 public:
  // `wanted`: which columns, and in which order; empty: all. Throws Error{INVALID_ARGUMENT}.
  explicit RawTable(const std::vector<std::string>& wanted);

  const std::vector<Column>& columns() const { return columns_; }
  // The cells are valid until the next call, and as long as the texts are. Throws RowError if the line is not UTF-8.
  const std::vector<Cell>& row(std::string_view value, std::string_view type, std::string_view file, std::int64_t line);

 private:
  std::vector<Column> columns_;
  std::vector<std::size_t> places_;  // of each column among the four
  std::vector<Cell> cells_;
};

}  // namespace libbcda::tables
