#include "tables/expression.hpp"

namespace libbcda::tables {

Truth Expression::truth(const Scope& scope) const {
  const Node* node = single(*this, scope, "a condition");
  if (!node) return Truth::empty;
  return truth_of(node->kind != NodeKind::boolean || node->is_true());
}

bool Criterion::each(const Scope& scope, Visit visit) const {
  const Truth value = truth(scope);
  return value == Truth::empty || visit(NodeMemory::boolean(value == Truth::yes));
}

Nodes collect(const Expression& expression, const Scope& scope) {
  Nodes nodes;
  expression.each(scope, [&](const Node& node) {
    nodes.push_back(&node);
    return true;
  });
  return nodes;
}

const Node* single(const Expression& expression, const Scope& scope, const char* what) {
  const Node* found = nullptr;
  expression.each(scope, [&](const Node& node) {
    if (found) throw EvaluationError{std::string(what) + " needs one value, but there are several"};
    found = &node;
    return true;
  });
  return found;
}

}  // namespace libbcda::tables
