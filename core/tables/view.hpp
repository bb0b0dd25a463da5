// A compiled view: makes rows of a record.
#pragma once
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tables/column_type.hpp"
#include "tables/expression.hpp"
#include "tables/projection.hpp"
#include "tables/view_definition.hpp"

namespace libbcda::tables {

// One value of a row: `scalar`, or `items` if the column is a list.
struct Cell {
  Scalar scalar;
  std::vector<Scalar> items;
  bool is_null = true;
};

struct Column {
  std::string name, fhir_type, description;
  ColumnType type;
};

struct ViewOptions {
  Values values = Values::typed;
  std::vector<std::string> columns = {};  // which, and in which order; empty: all
  bool errors_are_null = false;           // a value that does not fit its column is null, and counted
  bool final_only = false;                // leaves out claims that are canceled, deleted or not final
};

class View {
 public:
  // Compiles the paths. The record parser must use `projection`, which must outlive the view. Throws
  // Error{INVALID_ARGUMENT} that names the column, its path and the position in it.
  View(const ViewDefinition& definition, const ViewOptions& options, Projection& projection);
  ~View();

  const std::string& name() const { return name_; }
  const std::string& resource() const { return resource_; }
  const std::vector<Column>& columns() const { return columns_; }

  // Calls `emit` for each row of the record. Returns false if it has another type, or if a condition of the view leaves
  // it out. The cells are valid during the call. Throws RowError. One thread at a time.
  using Emit = FunctionRef<void(const std::vector<Cell>& row)>;
  bool rows(const Node& record, Emit emit);

  std::int64_t nulled() const { return nulled_; }  // values that did not fit, with `errors_are_null`

 private:
  struct Structure;
  class Compiler;
  class Rows;

  std::string name_, resource_;
  std::vector<Column> columns_;
  NodeMemory literals_;
  struct Condition {
    std::string path;
    ExpressionPtr expression;
  };
  std::vector<Condition> where_;
  std::unique_ptr<Structure> structure_;
  MemberName resource_type_;
  Frame frame_;
  std::vector<Cell> cells_;
  bool errors_are_null_ = false;
  std::int64_t nulled_ = 0;
};

// A record that does not fit the view. what() names the column and the path, and never shows a value.
struct RowError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace libbcda::tables
