// Equality and order of nodes (FHIRPath section 6.1 and 6.2).
#pragma once
#include <optional>
#include <string>

#include "tables/decimal.hpp"
#include "tables/expression.hpp"

namespace libbcda::tables {

// A text that equal nodes have in common, and no others.
std::string canonical(const Node& node);

// Numbers are equal by value, texts by their characters, objects by their members. Values of different kinds differ.
bool equal(const Node& a, const Node& b);

// Two collections: empty if one of them is empty; no if their sizes differ.
Truth equal(const Nodes& a, const Nodes& b);

// Ignores case, blanks at the ends and, in collections, the order (the operator ~).
bool equivalent(const Nodes& a, const Nodes& b);

// nullopt: which is greater is not known, as with "2018" and "2018-05". Throws EvaluationError if the kinds differ.
std::optional<std::strong_ordering> order(const Node& a, const Node& b);

// Throws EvaluationError if the node is no number, or one of more than 38 digits.
Decimal number_of(const Node& node);

// Throws EvaluationError{reason} if the number is not whole or has more than 18 digits.
std::int64_t integer_of(const Node& node, const char* reason);

}  // namespace libbcda::tables
