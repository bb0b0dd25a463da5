#include "tables/steps.hpp"

#include <limits>
#include <string>
#include <unordered_set>

#include "tables/compare.hpp"

namespace libbcda::tables {
namespace {

struct Empty : Expression {
  bool each(const Scope&, Visit) const override { return true; }
};

struct Literal : Value {
  explicit Literal(const Node& value) : node(value) {}
  const Node* value(const Scope&) const override { return &node; }
  const Node& node;
};

struct Focus : Value {
  const Node* value(const Scope& scope) const override { return scope.focus; }
};

struct Resource : Value {
  const Node* value(const Scope& scope) const override { return scope.frame.resource; }
};

struct Position : Value {
  const Node* value(const Scope& scope) const override { return &scope.frame.memory.integer(scope.index); }
};

struct RowIndex : Value {
  const Node* value(const Scope& scope) const override { return &scope.frame.memory.integer(scope.row_index); }
};

struct Variable : Expression {
  explicit Variable(std::size_t place) : number(place) {}
  bool each(const Scope& scope, Visit visit) const override {
    const Nodes nodes = scope.frame.variables[number];  // a copy, because the visitor may define it again
    for (const Node* node : nodes)
      if (!visit(*node)) return false;
    return true;
  }
  std::size_t number;
};

// The members of one name. For a choice element without a type: the member of exactly that name, else those with a type.
bool each_member(const Node& object, MemberName name, Visit visit) {
  if (!object.may_have(name.id)) return true;
  bool exact = false, typed = false;
  for (const Node* member = object.first; member; member = member->next) {
    if (member->name != name.id) continue;
    if (member->type != name.type) {
      typed = true;
      continue;
    }
    exact = true;
    if (!visit(*member)) return false;
  }
  if (exact || !typed || name.type != FhirType::unknown) return true;
  for (const Node* member = object.first; member; member = member->next)
    if (member->name == name.id && !visit(*member)) return false;
  return true;
}

// Members of $this, member by member: a.b.c without an expression in between.
struct Members : Expression {
  bool is_within() const override { return true; }
  bool each(const Scope& scope, Visit visit) const override { return !scope.focus || descend(*scope.focus, 0, visit); }

  bool descend(const Node& node, std::size_t depth, Visit visit) const {
    if (depth + 1 == names.size()) return each_member(node, names[depth], visit);
    return each_member(node, names[depth], [&](const Node& member) { return descend(member, depth + 1, visit); });
  }
  std::vector<MemberName> names;
};

struct Member : Expression {
  Member(ExpressionPtr of, MemberName called) : input(std::move(of)), name(called) {}
  bool each(const Scope& scope, Visit visit) const override {
    return input->each(scope, [&](const Node& node) { return each_member(node, name, visit); });
  }
  bool is_within() const override { return input->is_within(); }
  std::uint64_t needs() const override { return input->needs(); }
  ExpressionPtr input;
  MemberName name;
};

struct Where : Expression {
  Where(ExpressionPtr of, ExpressionPtr condition)
      : input(std::move(of)), criterion(std::move(condition)), node_needs(criterion->needs()), focus_needs(needs()) {}
  bool each(const Scope& scope, Visit visit) const override {
    if (lacks(scope.focus, focus_needs)) return true;
    std::int64_t index = 0;
    return input->each(scope, [&](const Node& node) {
      const std::int64_t position = index++;
      if (lacks(&node, node_needs)) return true;
      return criterion->truth({scope.frame, &node, position, scope.row_index}) != Truth::yes || visit(node);
    });
  }
  bool is_within() const override { return node_needs && input->is_within(); }
  std::uint64_t needs() const override { return is_within() ? node_needs : 0; }

  static bool lacks(const Node* node, std::uint64_t marks) { return marks && node && !(node->marks & marks); }
  ExpressionPtr input, criterion;
  std::uint64_t node_needs, focus_needs;
};

struct Select : Expression {
  Select(ExpressionPtr of, ExpressionPtr what) : input(std::move(of)), projection(std::move(what)) {}
  bool each(const Scope& scope, Visit visit) const override {
    std::int64_t index = 0;
    return input->each(scope, [&](const Node& node) {
      return projection->each({scope.frame, &node, index++, scope.row_index}, visit);
    });
  }
  ExpressionPtr input, projection;
};

bool has_type(const Node& node, FhirType type) {
  if (node.type != FhirType::unknown) return is_a(node.type, type);
  switch (node.kind) {
    case NodeKind::boolean:
      return type == FhirType::boolean;
    case NodeKind::number:
      return type == FhirType::decimal || (is_number(type) && is_integer_text(node.view()));
    case NodeKind::string:
      return is_text(type);
    case NodeKind::object:
      return is_complex(type);
  }
  return false;
}

constexpr bool is_time(FhirType type) {
  return type == FhirType::date || type == FhirType::dateTime || type == FhirType::instant || type == FhirType::time;
}

struct OfType : Expression {
  OfType(ExpressionPtr of, FhirType wanted) : input(std::move(of)), type(wanted) {}
  bool is_within() const override { return !is_time(type) && input->is_within(); }
  std::uint64_t needs() const override { return input->needs(); }
  bool each(const Scope& scope, Visit visit) const override {
    return input->each(scope, [&](const Node& node) {
      if (!has_type(node, type)) return true;
      if (node.type != FhirType::unknown || !is_time(type)) return visit(node);
      Node& typed = scope.frame.memory.make();  // the boundaries of a time depend on its type
      typed = node;
      typed.type = type;
      return visit(typed);
    });
  }
  ExpressionPtr input;
  FhirType type;
};

struct IsType : Criterion {
  IsType(ExpressionPtr of, FhirType wanted) : input(std::move(of)), type(wanted) {}
  Truth truth(const Scope& scope) const override {
    const Node* node = single(*input, scope, "the operator is");
    return node ? truth_of(has_type(*node, type)) : Truth::empty;
  }
  ExpressionPtr input;
  FhirType type;
};

// Visits nodes that are not equal to an earlier one.
class Distinct {
 public:
  explicit Distinct(Visit visit) : visit_(visit) {}
  bool operator()(const Node& node) { return !seen_.insert(canonical(node)).second || visit_(node); }

 private:
  Visit visit_;
  std::unordered_set<std::string> seen_;
};

struct DistinctOf : Expression {
  explicit DistinctOf(ExpressionPtr of) : input(std::move(of)) {}
  bool each(const Scope& scope, Visit visit) const override {
    Distinct distinct(visit);
    return input->each(scope, distinct);
  }
  ExpressionPtr input;
};

struct Union : Expression {
  Union(ExpressionPtr left, ExpressionPtr right) : a(std::move(left)), b(std::move(right)) {}
  bool each(const Scope& scope, Visit visit) const override {
    Distinct distinct(visit);
    return a->each(scope, distinct) && b->each(scope, distinct);
  }
  ExpressionPtr a, b;
};

constexpr std::int64_t kAll = std::numeric_limits<std::int64_t>::max();

bool slice(const Expression& input, const Scope& scope, std::int64_t skipped, std::int64_t count, Visit visit) {
  bool wants_more = true;
  if (count > 0)
    input.each(scope, [&](const Node& node) {
      if (skipped > 0) return --skipped, true;
      wants_more = visit(node);
      return wants_more && --count > 0;
    });
  return wants_more;
}

struct Slice : Expression {
  Slice(ExpressionPtr of, std::int64_t from, std::int64_t size) : input(std::move(of)), skipped(from), count(size) {}
  bool is_within() const override { return input->is_within(); }
  std::uint64_t needs() const override { return input->needs(); }
  bool each(const Scope& scope, Visit visit) const override { return slice(*input, scope, skipped, count, visit); }
  ExpressionPtr input;
  std::int64_t skipped, count;
};

struct CutOf : Expression {
  CutOf(ExpressionPtr of, Cut kind, ExpressionPtr at) : input(std::move(of)), cut(kind), position(std::move(at)) {}
  bool each(const Scope& scope, Visit visit) const override {
    const Node* node = single(*position, scope, "a position");
    if (!node) return true;
    const std::int64_t at = integer_of(*node, "a position must be a whole number");
    switch (cut) {
      case Cut::at:
        return at < 0 || slice(*input, scope, at, 1, visit);
      case Cut::skip:
        return slice(*input, scope, at, kAll, visit);
      case Cut::take:
        return slice(*input, scope, 0, at, visit);
    }
    return true;
  }
  ExpressionPtr input;
  Cut cut;
  ExpressionPtr position;
};

struct Last : Value {
  explicit Last(ExpressionPtr of) : input(std::move(of)) {}
  const Node* value(const Scope& scope) const override {
    const Node* last = nullptr;
    input->each(scope, [&](const Node& node) { return last = &node, true; });
    return last;
  }
  ExpressionPtr input;
};

struct If : Expression {
  If(ExpressionPtr c, ExpressionPtr a, ExpressionPtr b)
      : condition(std::move(c)), then(std::move(a)), otherwise(std::move(b)) {}
  bool each(const Scope& scope, Visit visit) const override {
    if (condition->truth(scope) == Truth::yes) return then->each(scope, visit);
    return !otherwise || otherwise->each(scope, visit);
  }
  ExpressionPtr condition, then, otherwise;
};

struct Definition : Expression {
  Definition(ExpressionPtr of, std::size_t place, ExpressionPtr what)
      : input(std::move(of)), number(place), value(std::move(what)) {}
  bool each(const Scope& scope, Visit visit) const override {
    const Nodes nodes = collect(*input, scope);
    Nodes values;
    std::int64_t index = 0;
    for (const Node* node : nodes)
      for (const Node* each : collect(*value, {scope.frame, node, index++, scope.row_index})) values.push_back(each);
    scope.frame.variables[number] = std::move(values);
    for (const Node* node : nodes)
      if (!visit(*node)) return false;
    return true;
  }
  ExpressionPtr input;
  std::size_t number;
  ExpressionPtr value;
};

}  // namespace

ExpressionPtr make_empty() { return std::make_unique<Empty>(); }
ExpressionPtr make_literal(const Node& node) { return std::make_unique<Literal>(node); }
ExpressionPtr make_focus() { return std::make_unique<Focus>(); }
ExpressionPtr make_resource() { return std::make_unique<Resource>(); }
ExpressionPtr make_position() { return std::make_unique<Position>(); }
ExpressionPtr make_row_index() { return std::make_unique<RowIndex>(); }
const Node* literal_of(const Expression& expression) {
  const auto* literal = dynamic_cast<const Literal*>(&expression);
  return literal ? &literal->node : nullptr;
}
bool is_row_index(const Expression& expression) { return dynamic_cast<const RowIndex*>(&expression) != nullptr; }
ExpressionPtr make_variable(std::size_t number) { return std::make_unique<Variable>(number); }

ExpressionPtr make_member(ExpressionPtr input, MemberName name) {
  auto members = std::make_unique<Members>();
  if (const auto* earlier = dynamic_cast<const Members*>(input.get()))
    members->names = earlier->names;
  else if (!dynamic_cast<const Focus*>(input.get()))
    return std::make_unique<Member>(std::move(input), name);
  members->names.push_back(name);
  return members;
}

ExpressionPtr make_where(ExpressionPtr input, ExpressionPtr criterion) {
  return std::make_unique<Where>(std::move(input), std::move(criterion));
}
ExpressionPtr make_select(ExpressionPtr input, ExpressionPtr projection) {
  return std::make_unique<Select>(std::move(input), std::move(projection));
}
ExpressionPtr make_of_type(ExpressionPtr input, FhirType type) {
  return std::make_unique<OfType>(std::move(input), type);
}
ExpressionPtr make_is_type(ExpressionPtr input, FhirType type) {
  return std::make_unique<IsType>(std::move(input), type);
}
ExpressionPtr make_distinct(ExpressionPtr input) { return std::make_unique<DistinctOf>(std::move(input)); }
ExpressionPtr make_union(ExpressionPtr a, ExpressionPtr b) {
  return std::make_unique<Union>(std::move(a), std::move(b));
}
ExpressionPtr make_slice(ExpressionPtr input, std::int64_t skipped, std::int64_t count) {
  return std::make_unique<Slice>(std::move(input), skipped, count);
}
ExpressionPtr make_cut(ExpressionPtr input, Cut cut, ExpressionPtr position) {
  return std::make_unique<CutOf>(std::move(input), cut, std::move(position));
}
ExpressionPtr make_last(ExpressionPtr input) { return std::make_unique<Last>(std::move(input)); }
ExpressionPtr make_if(ExpressionPtr condition, ExpressionPtr then, ExpressionPtr otherwise) {
  return std::make_unique<If>(std::move(condition), std::move(then), std::move(otherwise));
}
ExpressionPtr make_definition(ExpressionPtr input, std::size_t number, ExpressionPtr value) {
  return std::make_unique<Definition>(std::move(input), number, std::move(value));
}

}  // namespace libbcda::tables
