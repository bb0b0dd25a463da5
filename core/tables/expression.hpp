// A compiled FHIRPath expression, and what it is evaluated in.
#pragma once
#include <boost/container/small_vector.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "tables/evaluation_error.hpp"
#include "tables/node.hpp"

namespace libbcda::tables {

// A non-owning reference to a callable, which must outlive it.
template <class Signature>
class FunctionRef;
template <class Result, class... Arguments>
class FunctionRef<Result(Arguments...)> {
 public:
  template <class F, class = std::enable_if_t<!std::is_same_v<std::decay_t<F>, FunctionRef>>>
  FunctionRef(F&& f)  // NOLINT: implicit on purpose
      : object_(const_cast<void*>(static_cast<const void*>(&f))),
        call_([](void* object, Arguments... arguments) -> Result {
          return (*static_cast<std::remove_reference_t<F>*>(object))(arguments...);
        }) {}

  Result operator()(Arguments... arguments) const { return call_(object_, arguments...); }

 private:
  void* object_;
  Result (*call_)(void*, Arguments...);
};

using Nodes = boost::container::small_vector<const Node*, 8>;
using Visit = FunctionRef<bool(const Node&)>;  // false: it wants no more nodes

// The state of an evaluation, for one record at a time.
struct Frame {
  NodeMemory memory;               // of computed nodes
  const Node* resource = nullptr;  // %resource
  std::vector<Nodes> variables;    // of defineVariable, by number
  std::int64_t work = 0;           // the members that were looked at

  // Paths can multiply the members of a record. Throws EvaluationError.
  void spend(std::int64_t members) {
    if ((work += members) > kMostWork)
      throw EvaluationError{"it takes too much work: the record has too many elements"};
  }
  static constexpr std::int64_t kMostWork = 100'000'000;

  void begin(const Node& record) {
    memory.clear();
    work = 0;
    for (Nodes& variable : variables) variable.clear();  // they are of the record before
    resource = &record;
  }
};

struct Scope {
  Frame& frame;
  const Node* focus;           // $this
  std::int64_t index = 0;      // $index
  std::int64_t row_index = 0;  // %rowIndex
};

enum class Truth : std::uint8_t { no, yes, empty };
constexpr Truth truth_of(bool value) { return value ? Truth::yes : Truth::no; }

class Expression {
 public:
  virtual ~Expression() = default;

  // Calls `visit` with each node of the result, in order, until it returns false. Returns false in that case. Throws
  // EvaluationError.
  virtual bool each(const Scope& scope, Visit visit) const = 0;

  // The result as a criterion (FHIRPath section 4.5): one value that is no boolean counts as true. Throws
  // EvaluationError if there are several values.
  virtual Truth truth(const Scope& scope) const;

  // Whether the result is nodes within $this, as they stand in the record. Then nothing can throw.
  virtual bool is_within() const { return false; }

  // Marks, see Literals. If $this has none of them, the result is empty, and it is not Truth::yes as a criterion; then
  // the expression need not be evaluated, because it cannot throw either. 0: it must always be evaluated.
  virtual std::uint64_t needs() const { return 0; }
};
using ExpressionPtr = std::unique_ptr<const Expression>;

// An expression with one boolean, or none.
class Criterion : public Expression {
 public:
  bool each(const Scope& scope, Visit visit) const final;
  Truth truth(const Scope& scope) const override = 0;
};

// An expression with one value, or none.
class Value : public Expression {
 public:
  bool each(const Scope& scope, Visit visit) const final {
    const Node* node = value(scope);
    return !node || visit(*node);
  }
  virtual const Node* value(const Scope& scope) const = 0;  // nullptr: none
};

Nodes collect(const Expression& expression, const Scope& scope);

// The only value of an expression, or nullptr. Throws EvaluationError if there are several; `what` needs the value.
const Node* single(const Expression& expression, const Scope& scope, const char* what);

}  // namespace libbcda::tables
