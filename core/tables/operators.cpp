#include "tables/operators.hpp"

#include <array>

#include "tables/compare.hpp"

namespace libbcda::tables {
namespace {

struct Binary {
  ExpressionPtr left, right;
};

// ---- and, or, xor, implies: three-valued logic (FHIRPath section 6.5) --------------------------------------------------

struct And : Criterion, Binary {
  And(ExpressionPtr a, ExpressionPtr b) : Binary{std::move(a), std::move(b)} {}
  std::uint64_t needs() const override { return right->needs() ? left->needs() : 0; }  // the right one may throw
  Truth truth(const Scope& scope) const override {
    const Truth a = left->truth(scope);
    if (a == Truth::no) return Truth::no;
    const Truth b = right->truth(scope);
    return b == Truth::no ? Truth::no : a == Truth::empty ? Truth::empty : b;
  }
};

struct Or : Criterion, Binary {
  Or(ExpressionPtr a, ExpressionPtr b) : Binary{std::move(a), std::move(b)} {}
  std::uint64_t needs() const override {
    const std::uint64_t a = left->needs(), b = right->needs();
    return a && b ? a | b : 0;
  }
  Truth truth(const Scope& scope) const override {
    const Truth a = left->truth(scope);
    if (a == Truth::yes) return Truth::yes;
    const Truth b = right->truth(scope);
    return b == Truth::yes ? Truth::yes : a == Truth::empty ? Truth::empty : b;
  }
};

struct Xor : Criterion, Binary {
  Xor(ExpressionPtr a, ExpressionPtr b) : Binary{std::move(a), std::move(b)} {}
  Truth truth(const Scope& scope) const override {
    const Truth a = left->truth(scope), b = right->truth(scope);
    return a == Truth::empty || b == Truth::empty ? Truth::empty : truth_of(a != b);
  }
};

struct Implies : Criterion, Binary {
  Implies(ExpressionPtr a, ExpressionPtr b) : Binary{std::move(a), std::move(b)} {}
  Truth truth(const Scope& scope) const override {
    const Truth a = left->truth(scope);
    if (a == Truth::no) return Truth::yes;
    const Truth b = right->truth(scope);
    return b == Truth::yes || a == Truth::yes ? b : Truth::empty;
  }
};

struct Not : Criterion {
  explicit Not(ExpressionPtr of) : input(std::move(of)) {}
  Truth truth(const Scope& scope) const override {
    const Truth value = input->truth(scope);
    return value == Truth::empty ? value : truth_of(value == Truth::no);
  }
  ExpressionPtr input;
};

// ---- Comparisons -----------------------------------------------------------------------------------------------------

struct Equal : Criterion, Binary {
  Equal(ExpressionPtr a, ExpressionPtr b) : Binary{std::move(a), std::move(b)} {}
  Truth truth(const Scope& scope) const override {
    const Nodes a = collect(*left, scope);
    return a.empty() ? Truth::empty : equal(a, collect(*right, scope));
  }
};

// Nearly every condition of a view has one value on the right. Then no collections are needed.
struct EqualToOne : Criterion, Binary {
  EqualToOne(ExpressionPtr a, ExpressionPtr b, std::uint64_t mark_of_value = 0)
      : Binary{std::move(a), std::move(b)}, value(static_cast<const Value&>(*right)), mark(mark_of_value) {}
  std::uint64_t needs() const override { return mark; }
  Truth truth(const Scope& scope) const override {
    std::size_t count = 0;
    const Node* found = nullptr;
    left->each(scope, [&](const Node& node) {
      found = &node;
      return ++count == 1;  // of more, it does not matter how many
    });
    const Node* wanted = found ? value.value(scope) : nullptr;
    return wanted ? truth_of(count == 1 && equal(*found, *wanted)) : Truth::empty;
  }
  const Value& value;
  const std::uint64_t mark;  // of a literal, that members within $this are compared with
};

struct Equivalent : Criterion, Binary {
  Equivalent(ExpressionPtr a, ExpressionPtr b) : Binary{std::move(a), std::move(b)} {}
  Truth truth(const Scope& scope) const override {
    return truth_of(equivalent(collect(*left, scope), collect(*right, scope)));
  }
};

using Accepts = bool (*)(std::strong_ordering);

struct Compare : Criterion, Binary {
  Compare(ExpressionPtr a, ExpressionPtr b, Accepts which) : Binary{std::move(a), std::move(b)}, accepts(which) {}
  Truth truth(const Scope& scope) const override {
    const Node* a = single(*left, scope, "a comparison");
    const Node* b = single(*right, scope, "a comparison");
    if (!a || !b) return Truth::empty;
    const auto found = order(*a, *b);
    return found ? truth_of(accepts(*found)) : Truth::empty;
  }
  Accepts accepts;
};

struct In : Criterion, Binary {
  In(ExpressionPtr item, ExpressionPtr list) : Binary{std::move(item), std::move(list)} {}
  Truth truth(const Scope& scope) const override {
    const Node* item = single(*left, scope, "the left side of `in`, or the right one of `contains`,");
    if (!item) return Truth::empty;
    return truth_of(!right->each(scope, [&](const Node& node) { return !equal(node, *item); }));
  }
};

struct Exists : Criterion {
  explicit Exists(ExpressionPtr of) : input(std::move(of)) {}
  std::uint64_t needs() const override { return input->needs(); }
  Truth truth(const Scope& scope) const override {
    return truth_of(!input->each(scope, [](const Node&) { return false; }));
  }
  ExpressionPtr input;
};

struct All : Criterion {
  All(ExpressionPtr of, ExpressionPtr condition) : input(std::move(of)), criterion(std::move(condition)) {}
  Truth truth(const Scope& scope) const override {
    std::int64_t index = 0;
    return truth_of(input->each(scope, [&](const Node& node) {
      return criterion->truth({scope.frame, &node, index++, scope.row_index}) == Truth::yes;
    }));
  }
  ExpressionPtr input, criterion;
};

struct Count : Value {
  explicit Count(ExpressionPtr of) : input(std::move(of)) {}
  const Node* value(const Scope& scope) const override {
    std::int64_t count = 0;
    input->each(scope, [&](const Node&) { return ++count, true; });
    return &scope.frame.memory.integer(count);
  }
  ExpressionPtr input;
};

// ---- Arithmetic ------------------------------------------------------------------------------------------------------

bool is_integer(const Node& node) { return is_integer_text(node.view()); }

const Node* number(const Scope& scope, const std::optional<Decimal>& value, bool integer) {
  if (!value) throw EvaluationError{"a result has more than 38 digits"};
  return &scope.frame.memory.number(value->to_text(), integer ? FhirType::integer : FhirType::decimal);
}

const Node* divide(const Scope& scope, const Node& a, const Node& b, char how) {
  const Decimal x = number_of(a), y = number_of(b);
  if (y.digits() == 0) return nullptr;
  if (how == '/') return number(scope, x.divided(y), false);
  const auto rest = x.remainder(y);
  if (how == 'm' || !rest) return number(scope, rest, is_integer(a) && is_integer(b));
  const auto whole = x.minus(*rest);
  const auto quotient = whole ? whole->divided(y) : std::nullopt;
  return number(scope, quotient ? std::optional(quotient->truncated()) : std::nullopt, true);
}

using Operation = const Node* (*)(const Scope&, const Node&, const Node&);

const Node* add(const Scope& scope, const Node& a, const Node& b) {
  if (a.kind == NodeKind::string && b.kind == NodeKind::string)
    return &scope.frame.memory.string(std::string(a.view()) + std::string(b.view()));
  return number(scope, number_of(a).plus(number_of(b)), is_integer(a) && is_integer(b));
}
const Node* subtract(const Scope& scope, const Node& a, const Node& b) {
  return number(scope, number_of(a).minus(number_of(b)), is_integer(a) && is_integer(b));
}
const Node* multiply(const Scope& scope, const Node& a, const Node& b) {
  return number(scope, number_of(a).times(number_of(b)), is_integer(a) && is_integer(b));
}

struct Arithmetic : Value, Binary {
  Arithmetic(ExpressionPtr a, ExpressionPtr b, Operation what) : Binary{std::move(a), std::move(b)}, operation(what) {}
  const Node* value(const Scope& scope) const override {
    const Node* a = single(*left, scope, "an operator");
    const Node* b = single(*right, scope, "an operator");
    return a && b ? operation(scope, *a, *b) : nullptr;
  }
  Operation operation;
};

// a & b: a text; what is empty counts as ''.
struct Concatenation : Value, Binary {
  Concatenation(ExpressionPtr a, ExpressionPtr b) : Binary{std::move(a), std::move(b)} {}
  const Node* value(const Scope& scope) const override {
    const Node* a = single(*left, scope, "the operator &");
    const Node* b = single(*right, scope, "the operator &");
    return &scope.frame.memory.string((a ? std::string(a->view()) : "") + (b ? std::string(b->view()) : ""));
  }
};

struct Negative : Value {
  explicit Negative(ExpressionPtr of) : input(std::move(of)) {}
  const Node* value(const Scope& scope) const override {
    const Node* node = single(*input, scope, "the sign -");
    return node ? number(scope, number_of(*node).negated(), is_integer(*node)) : nullptr;
  }
  ExpressionPtr input;
};

struct Positive : Value {
  explicit Positive(ExpressionPtr of) : input(std::move(of)) {}
  const Node* value(const Scope& scope) const override {
    const Node* node = single(*input, scope, "the sign +");
    if (node) number_of(*node);
    return node;
  }
  ExpressionPtr input;
};

template <class T>
ExpressionPtr make(ExpressionPtr a, ExpressionPtr b) {
  return std::make_unique<T>(std::move(a), std::move(b));
}
ExpressionPtr make_equal(ExpressionPtr a, ExpressionPtr b) {
  const bool is_one = dynamic_cast<const Value*>(b.get()) != nullptr;
  return is_one ? make<EqualToOne>(std::move(a), std::move(b)) : make<Equal>(std::move(a), std::move(b));
}
template <auto make_other>
ExpressionPtr make_negated(ExpressionPtr a, ExpressionPtr b) {
  return std::make_unique<Not>(make_other(std::move(a), std::move(b)));
}
ExpressionPtr make_contains(ExpressionPtr list, ExpressionPtr item) {
  return make<In>(std::move(item), std::move(list));
}

template <auto accepts>
ExpressionPtr make_compare(ExpressionPtr a, ExpressionPtr b) {
  return std::make_unique<Compare>(std::move(a), std::move(b),
                                   [](std::strong_ordering found) { return accepts(found); });
}
template <auto operation>
ExpressionPtr make_arithmetic(ExpressionPtr a, ExpressionPtr b) {
  return std::make_unique<Arithmetic>(std::move(a), std::move(b), [](const Scope& scope, const Node& x, const Node& y) {
    return operation(scope, x, y);
  });
}
template <char how>
const Node* divide(const Scope& scope, const Node& a, const Node& b) {
  return divide(scope, a, b, how);
}

struct Named {
  std::string_view symbol;
  ExpressionPtr (*make)(ExpressionPtr, ExpressionPtr);
};
constexpr std::array kOperators = {
    Named{"and", make<And>},
    Named{"or", make<Or>},
    Named{"xor", make<Xor>},
    Named{"implies", make<Implies>},
    Named{"=", make_equal},
    Named{"!=", make_negated<make_equal>},
    Named{"~", make<Equivalent>},
    Named{"!~", make_negated<make<Equivalent>>},
    Named{"<", make_compare<[](auto found) { return found < 0; }>},
    Named{"<=", make_compare<[](auto found) { return found <= 0; }>},
    Named{">", make_compare<[](auto found) { return (found > 0); }>},
    Named{">=", make_compare<[](auto found) { return (found >= 0); }>},
    Named{"in", make<In>},
    Named{"contains", make_contains},
    Named{"+", make_arithmetic<add>},
    Named{"-", make_arithmetic<subtract>},
    Named{"*", make_arithmetic<multiply>},
    Named{"/", make_arithmetic<divide<'/'>>},
    Named{"div", make_arithmetic<divide<'d'>>},
    Named{"mod", make_arithmetic<divide<'m'>>},
    Named{"&", make<Concatenation>},
};

}  // namespace

ExpressionPtr make_operator(std::string_view symbol, ExpressionPtr left, ExpressionPtr right) {
  for (const Named& named : kOperators)
    if (named.symbol == symbol) return named.make(std::move(left), std::move(right));
  return nullptr;
}
ExpressionPtr make_equal_to_literal(ExpressionPtr members, ExpressionPtr literal, std::uint64_t mark) {
  return std::make_unique<EqualToOne>(std::move(members), std::move(literal), mark);
}
ExpressionPtr make_negative(ExpressionPtr input) { return std::make_unique<Negative>(std::move(input)); }
ExpressionPtr make_positive(ExpressionPtr input) { return std::make_unique<Positive>(std::move(input)); }
ExpressionPtr make_not(ExpressionPtr input) { return std::make_unique<Not>(std::move(input)); }
ExpressionPtr make_exists(ExpressionPtr input) { return std::make_unique<Exists>(std::move(input)); }
ExpressionPtr make_all(ExpressionPtr input, ExpressionPtr criterion) {
  return std::make_unique<All>(std::move(input), std::move(criterion));
}
ExpressionPtr make_count(ExpressionPtr input) { return std::make_unique<Count>(std::move(input)); }

}  // namespace libbcda::tables
