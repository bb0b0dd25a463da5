// Expressions of operators, and of functions that answer yes or no.
#pragma once
#include <string_view>

#include "tables/expression.hpp"

namespace libbcda::tables {

// nullptr: there is no such operator.
ExpressionPtr make_operator(std::string_view symbol, ExpressionPtr left, ExpressionPtr right);
// members = literal, for members within $this; `mark`: of the literal, see Literals.
ExpressionPtr make_equal_to_literal(ExpressionPtr members, ExpressionPtr literal, std::uint64_t mark);
ExpressionPtr make_negative(ExpressionPtr input);
ExpressionPtr make_positive(ExpressionPtr input);

ExpressionPtr make_not(ExpressionPtr input);
ExpressionPtr make_exists(ExpressionPtr input);
ExpressionPtr make_all(ExpressionPtr input, ExpressionPtr criterion);
ExpressionPtr make_count(ExpressionPtr input);

}  // namespace libbcda::tables
