// Functions of one value, such as substring() and toInteger(). They are a table: a function is a row.
#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "tables/expression.hpp"

namespace libbcda::tables {

struct TextFunction {
  std::string_view name;
  std::size_t least_arguments, most_arguments;
  // Each argument is a value; an argument that is empty makes the result empty. Returns nullptr for an empty result.
  const Node* (*apply)(NodeMemory& memory, const Node& input, std::span<const Node* const> arguments);
};

const TextFunction* find_text_function(std::string_view name);
std::vector<std::string> text_function_names();

ExpressionPtr make_text_function(const TextFunction& function, ExpressionPtr input,
                                 std::vector<ExpressionPtr> arguments);

// join(separator): one text of all. Empty input gives ''. `separator` is nullable.
ExpressionPtr make_join(ExpressionPtr input, ExpressionPtr separator);

// The key that getReferenceKey() makes of a reference: "Patient/1" and "https://host/Patient/1/_history/2" have the key
// "1". "" if it refers to no resource of the type `type` (any if ""), as "#1" and "urn:uuid:…" do.
std::string_view reference_key(std::string_view reference, std::string_view type);
ExpressionPtr make_reference_key(ExpressionPtr references, std::string type);

}  // namespace libbcda::tables
