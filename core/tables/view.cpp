#include "tables/view.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/error.hpp"
#include "base/nearest.hpp"
#include "base/quote.hpp"
#include "base/words.hpp"
#include "tables/path_compiler.hpp"
#include "tables/steps.hpp"

namespace libbcda::tables {
namespace {

constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);
constexpr int kMostRepeats = 1000;              // levels of `repeat`
constexpr std::int64_t kMostRows = 10'000'000;  // of one record: a cross product grows fast

struct ColumnPlan {
  std::size_t cell = kNowhere;  // its place in the row; kNowhere: the column is not wanted
  ExpressionPtr expression;
  const Column* column = nullptr;
  std::string path;
  bool is_row_index = false;
};

}  // namespace

// A select of the view, compiled.
struct View::Structure {
  SelectDefinition::Rows rows = SelectDefinition::Rows::one;
  std::vector<ExpressionPtr> foci;
  std::vector<std::string> paths;  // of `foci`
  std::vector<ColumnPlan> columns;
  std::vector<Structure> selects, unions;
};

// ---- Compiling -------------------------------------------------------------------------------------------------------

class View::Compiler {
 public:
  Compiler(View& view, const ViewOptions& options, Projection& projection)
      : view_(view), options_(options), context_{projection, view.resource_, {}, view.literals_} {}

  void compile(const ViewDefinition& definition) {
    if (has_repeat(definition.select)) context_.projection.want_everything();
    for (const ConstantDefinition& constant : definition.constants) add_constant(constant);
    const WantedSet root{&context_.projection.root()};
    for (std::size_t i = 0; i < definition.where.size(); ++i)
      view_.where_.push_back(
          {definition.where[i], path(definition.where[i], root, "where[" + std::to_string(i) + "]").expression});
    list_columns(definition.select);
    choose_columns();
    view_.structure_ = std::make_unique<Structure>(structure(definition.select, root, names_of(definition.select)));
    view_.frame_.variables.resize(context_.variables);
    view_.cells_.resize(view_.columns_.size());
  }

 private:
  static bool has_repeat(const SelectDefinition& select) {
    const auto any = [](const auto& list) { return std::any_of(list.begin(), list.end(), has_repeat); };
    return select.rows == SelectDefinition::Rows::repeat || any(select.selects) || any(select.unions);
  }

  void add_constant(const ConstantDefinition& constant) {
    if (context_.constants.contains(constant.name))
      refuse_view("constant", "the name " + quote(constant.name) + " is used twice");
    context_.constants[constant.name] = &view_.literals_.value(constant.kind, constant.text, FhirType::unknown);
  }

  CompiledPath path(const std::string& text, const WantedSet& focus, const std::string& place) {
    return path(text, focus, place, context_);
  }
  static CompiledPath path(const std::string& text, const WantedSet& focus, const std::string& place,
                           PathContext& context) {
    try {
      return compile_path(text, focus, context);
    } catch (const PathError& error) {
      refuse_view(place, std::string(error.what()) + ", at position " + std::to_string(error.position + 1) +
                             " of the path " + quote(text));
    }
  }

  // The columns of a select, in the order of the specification: its own, those of its selects, those of its unions.
  static std::vector<const ColumnDefinition*> columns_of(const SelectDefinition& select) {
    std::vector<const ColumnDefinition*> columns;
    for (const ColumnDefinition& column : select.columns) columns.push_back(&column);
    const auto add = [&](const SelectDefinition& inner) {
      const auto inside = columns_of(inner);
      columns.insert(columns.end(), inside.begin(), inside.end());
    };
    for (const SelectDefinition& inner : select.selects) add(inner);
    if (!select.unions.empty()) add(select.unions[0]);
    return columns;
  }
  static std::vector<std::string> names_of(const SelectDefinition& select) {
    std::vector<std::string> names;
    for (const ColumnDefinition* column : columns_of(select)) names.push_back(column->name);
    return names;
  }

  void list_columns(const SelectDefinition& select) {
    std::set<std::string> names;
    for (const ColumnDefinition* column : columns_of(select)) {
      if (!names.insert(column->name).second)
        refuse_view(column->place, "there are two columns with the name " + quote(column->name));
      all_.push_back({column->name, column->type, column->description, column_type(*column, options_.values)});
    }
    if (all_.empty()) refuse_view("select", "at least one column is needed");
  }

  void choose_columns() {
    if (options_.columns.empty()) {
      view_.columns_ = all_;
    } else {
      for (const std::string& name : options_.columns) view_.columns_.push_back(find(name));
    }
    for (std::size_t i = 0; i < view_.columns_.size(); ++i)
      if (!places_.emplace(view_.columns_[i].name, i).second)
        throw Error(Status::INVALID_ARGUMENT, "the column " + quote(view_.columns_[i].name) + " was asked for twice");
  }

  const Column& find(const std::string& name) const {
    std::vector<std::string> names;
    for (const Column& column : all_) {
      if (column.name == name) return column;
      names.push_back(column.name);
    }
    const std::string* similar = nearest(name, names);
    throw Error(Status::INVALID_ARGUMENT,
                "there is no column " + quote(name) +
                    (similar ? "; did you mean " + quote(*similar) + "?" : "; there are " + join(names, ", ")));
  }

  // `names`: those of the columns, as the first branch of a union has them.
  Structure structure(const SelectDefinition& select, const WantedSet& outer, const std::vector<std::string>& names) {
    Structure made;
    made.rows = select.rows;
    made.paths = select.paths;
    WantedSet focus = outer;
    if (select.rows != SelectDefinition::Rows::one) {
      focus.clear();
      for (std::size_t i = 0; i < select.paths.size(); ++i) {
        CompiledPath compiled = path(select.paths[i], outer, rows_place(select, i));
        focus.insert(focus.end(), compiled.results.begin(), compiled.results.end());
        made.foci.push_back(std::move(compiled.expression));
      }
    }
    std::size_t next = 0;
    for (const ColumnDefinition& column : select.columns) made.columns.push_back(plan(column, focus, names[next++]));
    for (const SelectDefinition& inner : select.selects) {
      const std::size_t count = names_of(inner).size();
      const auto begin = names.begin() + static_cast<std::ptrdiff_t>(next);
      made.selects.push_back(structure(inner, focus, {begin, begin + static_cast<std::ptrdiff_t>(count)}));
      next += count;
    }
    for (const SelectDefinition& branch : select.unions) {
      const std::vector<std::string> wanted(names.begin() + static_cast<std::ptrdiff_t>(next), names.end()),
          given = names_of(branch);
      if (given != wanted)
        refuse_view(branch.place, "the branches of a unionAll need the same columns in the same order: " +
                                      join(wanted, ", ") + "; this one has " + join(given, ", "));
      made.unions.push_back(structure(branch, focus, wanted));
    }
    return made;
  }

  static std::string rows_place(const SelectDefinition& select, std::size_t index) {
    switch (select.rows) {
      case SelectDefinition::Rows::for_each:
        return select.place + ".forEach";
      case SelectDefinition::Rows::for_each_or_null:
        return select.place + ".forEachOrNull";
      default:
        return select.place + ".repeat[" + std::to_string(index) + "]";
    }
  }

  ColumnPlan plan(const ColumnDefinition& definition, const WantedSet& focus, const std::string& name) {
    ColumnPlan made;
    check_type(definition, name);
    const std::string place = definition.place + " (column " + definition.name + ")";
    const auto found = places_.find(name);
    if (found == places_.end()) {  // compiled only for its errors
      Projection unread;
      PathContext aside{unread, context_.resource, context_.constants, context_.literals};
      path(definition.path, {&unread.root()}, place, aside);
      return made;
    }
    made.cell = found->second;
    made.column = &view_.columns_[found->second];
    made.expression = path(definition.path, focus, place).expression;
    made.path = definition.path;
    made.is_row_index = is_row_index(*made.expression);
    return made;
  }

  // All branches of a union give a column the same type.
  void check_type(const ColumnDefinition& definition, const std::string& name) {
    const ColumnType type = column_type(definition, options_.values);
    const auto column = std::find_if(all_.begin(), all_.end(), [&](const Column& each) { return each.name == name; });
    const ColumnType& first = column->type;
    if (type.kind != first.kind || type.is_list != first.is_list || type.scale != first.scale)
      refuse_view(definition.place,
                  "the column " + quote(name) + " has another type than in the first branch of the unionAll");
  }

  View& view_;
  const ViewOptions& options_;
  PathContext context_;
  std::vector<Column> all_;
  std::map<std::string, std::size_t> places_;  // of the wanted columns, in the row
};

// ---- Rows ------------------------------------------------------------------------------------------------------------

// The rows of one record. A select emits its rows by filling its cells and calling `next` for each.
class View::Rows {
 public:
  using Next = FunctionRef<void()>;

  Rows(View& view, Emit emit) : view_(view), emit_(emit) {}

  void run(const Node& record) {
    const Scope scope{view_.frame_, &record};
    select(*view_.structure_, scope, [&] { emit_(view_.cells_); });
  }

 private:
  void select(const Structure& structure, const Scope& scope, Next next) {
    using Kind = SelectDefinition::Rows;
    switch (structure.rows) {
      case Kind::one:
        return row(structure, scope, next);
      case Kind::for_each:
        return void(each_focus(structure, scope, next));
      case Kind::for_each_or_null:
        if (each_focus(structure, scope, next) == 0) {
          clear(structure);
          next();
        }
        return;
      case Kind::repeat: {
        std::int64_t index = 0;
        return descend(structure, scope, index, 0, next);
      }
    }
  }

  std::int64_t each_focus(const Structure& structure, const Scope& scope, Next next) {
    std::int64_t count = 0;
    evaluate(structure.paths[0], [&] {
      structure.foci[0]->each(scope, [&](const Node& node) {
        row(structure, {scope.frame, &node, 0, count++}, next);
        return true;
      });
    });
    return count;
  }

  void descend(const Structure& structure, const Scope& scope, std::int64_t& index, int depth, Next next) {
    if (depth == kMostRepeats) throw RowError{"repeats deeper than 1000 levels"};
    for (std::size_t i = 0; i < structure.foci.size(); ++i)
      evaluate(structure.paths[i], [&] {
        structure.foci[i]->each(scope, [&](const Node& node) {
          if (node.kind != NodeKind::object) return true;
          row(structure, {scope.frame, &node, 0, index++}, next);
          descend(structure, {scope.frame, &node, 0, scope.row_index}, index, depth + 1, next);
          return true;
        });
      });
  }

  // The rows of one focus: the cross product of the columns, the selects and the union.
  void row(const Structure& structure, const Scope& scope, Next next) {
    if (++rows_ > kMostRows) throw RowError{"makes more than 10 million rows"};
    const NodeMemory::Mark mark = scope.frame.memory.mark();
    for (const ColumnPlan& column : structure.columns)
      if (column.expression) fill(column, scope);
    part(structure, 0, scope, next);
    scope.frame.memory.rewind(mark);  // all rows with these values were emitted
  }

  void part(const Structure& structure, std::size_t number, const Scope& scope, Next next) {
    if (number < structure.selects.size())
      return select(structure.selects[number], scope, [&] { part(structure, number + 1, scope, next); });
    if (structure.unions.empty()) return next();
    for (const Structure& branch : structure.unions) select(branch, scope, next);
  }

  void fill(const ColumnPlan& plan, const Scope& scope) {
    Cell& cell = view_.cells_[plan.cell];
    try {
      if (plan.column->type.is_list)
        fill_list(cell, plan, scope);
      else
        fill_scalar(cell, plan, scope);
    } catch (const EvaluationError& error) {
      if (!view_.errors_are_null_)
        throw RowError{"does not fit the column " + plan.column->name + ": " + error.what() + " (path " +
                       quote(plan.path) + ")"};
      ++view_.nulled_;
      cell.is_null = true;
    }
  }

  void fill_scalar(Cell& cell, const ColumnPlan& plan, const Scope& scope) {
    const Node* found = nullptr;
    plan.expression->each(scope, [&](const Node& node) {
      if (found) throw EvaluationError{"there are several values, and it is no collection"};
      found = &node;
      return true;
    });
    if (!found && plan.column->type.is_required) throw EvaluationError{"it has no value"};
    cell.is_null = !found;
    if (found) cell.scalar = convert(*found, plan.column->type, view_.frame_.memory);
  }

  void fill_list(Cell& cell, const ColumnPlan& plan, const Scope& scope) {
    cell.items.clear();
    cell.is_null = false;
    plan.expression->each(scope, [&](const Node& node) {
      cell.items.push_back(convert(node, plan.column->type, view_.frame_.memory));
      return true;
    });
  }

  // The row of a forEachOrNull without a focus.
  void clear(const Structure& structure) {
    for (const ColumnPlan& column : structure.columns) {
      if (!column.expression) continue;
      view_.cells_[column.cell].is_null = true;
      if (column.is_row_index) fill(column, {view_.frame_, nullptr});
    }
    for (const Structure& inner : structure.selects) clear(inner);
    if (!structure.unions.empty()) clear(structure.unions[0]);
  }

  template <class F>
  static void evaluate(const std::string& path, F&& f) {
    try {
      f();
    } catch (const EvaluationError& error) {
      throw RowError{"cannot be read by the path " + quote(path) + ": " + error.what()};
    }
  }

  View& view_;
  Emit emit_;
  std::int64_t rows_ = 0;
};

View::View(const ViewDefinition& definition, const ViewOptions& options, Projection& projection)
    : name_(definition.name), resource_(definition.resource), errors_are_null_(options.errors_are_null) {
  resource_type_ = projection.names().add("resourceType");
  projection.want(projection.root(), resource_type_.id);
  Compiler(*this, options, projection).compile(definition);
}

View::~View() = default;

bool View::rows(const Node& record, Emit emit) {
  const Node* type = record.first;
  while (type && type->name != resource_type_.id) type = type->next;
  if (!type || type->kind != NodeKind::string) throw RowError{"has no resourceType"};
  if (type->view() != resource_) return false;
  frame_.begin(record);
  for (const Condition& condition : where_) {
    const Node* value = nullptr;
    try {
      value = single(*condition.expression, {frame_, &record}, "a condition");
    } catch (const EvaluationError& error) {
      throw RowError{"cannot be checked by the condition " + quote(condition.path) + ": " + error.what()};
    }
    if (!value) return false;
    if (value->kind != NodeKind::boolean)
      throw RowError{"gives the condition " + quote(condition.path) + " a value that is not true or false"};
    if (!value->is_true()) return false;
  }
  Rows(*this, emit).run(record);
  return true;
}

}  // namespace libbcda::tables
