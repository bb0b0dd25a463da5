// Expressions that choose nodes: members, filters, positions.
#pragma once
#include "tables/expression.hpp"
#include "tables/projection.hpp"

namespace libbcda::tables {

ExpressionPtr make_empty();                            // {}
ExpressionPtr make_literal(const Node& node);          // `node` must outlive it
const Node* literal_of(const Expression& expression);  // null: it is no literal
ExpressionPtr make_focus();                            // $this
ExpressionPtr make_resource();                         // %resource
ExpressionPtr make_position();                         // $index
ExpressionPtr make_row_index();                        // %rowIndex
bool is_row_index(const Expression& expression);       // whether it is %rowIndex and nothing else
ExpressionPtr make_variable(std::size_t number);       // of defineVariable
ExpressionPtr make_member(ExpressionPtr input, MemberName name);

ExpressionPtr make_where(ExpressionPtr input, ExpressionPtr criterion);
ExpressionPtr make_select(ExpressionPtr input, ExpressionPtr projection);
ExpressionPtr make_of_type(ExpressionPtr input, FhirType type);
ExpressionPtr make_is_type(ExpressionPtr input, FhirType type);
ExpressionPtr make_distinct(ExpressionPtr input);
ExpressionPtr make_union(ExpressionPtr a, ExpressionPtr b);

// Some of the nodes, by position: `count` after the first `skipped`.
ExpressionPtr make_slice(ExpressionPtr input, std::int64_t skipped, std::int64_t count);
// input[position], skip(position), take(position), with a position that is computed.
enum class Cut : std::uint8_t { at, skip, take };
ExpressionPtr make_cut(ExpressionPtr input, Cut cut, ExpressionPtr position);
ExpressionPtr make_last(ExpressionPtr input);

ExpressionPtr make_if(ExpressionPtr condition, ExpressionPtr then, ExpressionPtr otherwise);  // otherwise: nullable
ExpressionPtr make_definition(ExpressionPtr input, std::size_t number, ExpressionPtr value);

}  // namespace libbcda::tables
