#include "tables/text_functions.hpp"

#include <array>

#include "base/words.hpp"
#include "tables/compare.hpp"
#include "tables/date_time.hpp"

namespace libbcda::tables {
namespace {

using Arguments = std::span<const Node* const>;

// ---- Texts. FHIRPath counts characters, not bytes --------------------------------------------------------------------

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// The byte offset of the character at `position`; npos: there are fewer.
std::size_t offset_of(std::string_view text, std::int64_t position) {
  for (std::size_t i = 0; i < text.size(); ++i)
    if (!continues_character(text[i]) && position-- == 0) return i;
  return position == 0 ? text.size() : std::string_view::npos;
}

std::int64_t characters_in(std::string_view text) {
  std::int64_t count = 0;
  for (const char c : text) count += !continues_character(c);
  return count;
}

std::string_view text_of(const Node& node) {
  if (node.kind != NodeKind::string) throw EvaluationError{"a text is needed"};
  return node.view();
}

std::int64_t integer_of(const Node& node) { return tables::integer_of(node, "a whole number is needed"); }

const Node* substring(NodeMemory& memory, const Node& input, Arguments arguments) {
  const std::string_view text = text_of(input);
  const std::int64_t start = integer_of(*arguments[0]);
  const std::size_t begin = start < 0 ? std::string_view::npos : offset_of(text, start);
  if (begin >= text.size()) return nullptr;
  const std::string_view rest = text.substr(begin);
  if (arguments.size() < 2) return &memory.string(rest);
  const std::int64_t length = integer_of(*arguments[1]);
  return &memory.string(length <= 0 ? "" : rest.substr(0, offset_of(rest, length)));
}

const Node* replace(NodeMemory& memory, const Node& input, Arguments arguments) {
  const std::string_view text = text_of(input), pattern = text_of(*arguments[0]), substitution = text_of(*arguments[1]);
  if (pattern.empty()) {  // FHIRPath: between all characters
    std::string made(substitution);
    for (std::size_t i = 0; i < text.size(); ++i) {
      made += text[i];
      if (i + 1 == text.size() || !continues_character(text[i + 1])) made += substitution;
    }
    return &memory.string(made);
  }
  std::string made;
  std::size_t at = 0;
  for (std::size_t found; (found = text.find(pattern, at)) != std::string_view::npos; at = found + pattern.size())
    made.append(text.substr(at, found - at)).append(substitution);
  return &memory.string(made.append(text.substr(at)));
}

const Node* contains(NodeMemory&, const Node& input, Arguments arguments) {
  return &NodeMemory::boolean(text_of(input).find(text_of(*arguments[0])) != std::string_view::npos);
}
const Node* starts_with(NodeMemory&, const Node& input, Arguments arguments) {
  return &NodeMemory::boolean(text_of(input).starts_with(text_of(*arguments[0])));
}
const Node* ends_with(NodeMemory&, const Node& input, Arguments arguments) {
  return &NodeMemory::boolean(text_of(input).ends_with(text_of(*arguments[0])));
}
const Node* index_of(NodeMemory& memory, const Node& input, Arguments arguments) {
  const std::size_t found = text_of(input).find(text_of(*arguments[0]));
  return &memory.integer(found == std::string_view::npos ? -1 : characters_in(text_of(input).substr(0, found)));
}
const Node* length(NodeMemory& memory, const Node& input, Arguments) {
  return &memory.integer(characters_in(text_of(input)));
}
const Node* upper_case(NodeMemory& memory, const Node& input, Arguments) {
  std::string made(text_of(input));
  for (char& c : made) c = upper(c);
  return &memory.string(made);
}
const Node* lower_case(NodeMemory& memory, const Node& input, Arguments) {
  return &memory.string(lower(text_of(input)));
}
const Node* trim(NodeMemory& memory, const Node& input, Arguments) {
  const std::string_view text = text_of(input);
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return &memory.string("");
  return &memory.string(text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1));
}

// ---- Conversions (FHIRPath section 5.5): what cannot be converted is empty ---------------------------------------------

const Node* to_string(NodeMemory& memory, const Node& input, Arguments) {
  return input.kind == NodeKind::object ? nullptr : &memory.string(input.view());
}

// A number as JSON writes it, of a text that may have a plus sign and zeros before it, as codes have: "0001".
std::string number_text(const Node& input) {
  std::string text(input.view());
  if (input.kind != NodeKind::string) return text;
  if (text.starts_with('+')) text.erase(0, 1);
  const std::size_t begin = text.starts_with('-');
  std::size_t zeros = 0;
  while (begin + zeros + 1 < text.size() && text[begin + zeros] == '0' && is_digit(text[begin + zeros + 1])) ++zeros;
  return text.erase(begin, zeros);
}

const Node* to_integer(NodeMemory& memory, const Node& input, Arguments) {
  if (input.kind == NodeKind::boolean) return &memory.integer(input.is_true());
  const std::string text = number_text(input);
  if (!Decimal::parse(text) || !is_integer_text(text)) return nullptr;
  return &memory.number(text, FhirType::integer);
}

const Node* to_decimal(NodeMemory& memory, const Node& input, Arguments) {
  if (input.kind == NodeKind::boolean) return &memory.number(input.is_true() ? "1.0" : "0.0", FhirType::decimal);
  const std::string text = number_text(input);
  return Decimal::parse(text) ? &memory.number(text, FhirType::decimal) : nullptr;
}

const Node* to_boolean(NodeMemory&, const Node& input, Arguments) {
  const std::string text = lower(input.view());
  for (const std::string_view yes : {"true", "t", "yes", "y", "1", "1.0"})
    if (text == yes) return &NodeMemory::boolean(true);
  for (const std::string_view no : {"false", "f", "no", "n", "0", "0.0"})
    if (text == no) return &NodeMemory::boolean(false);
  return nullptr;
}

// ---- Boundaries ------------------------------------------------------------------------------------------------------

// Half a unit of the last digit lower or higher.
const Node* decimal_boundary(NodeMemory& memory, const Node& input, Boundary boundary) {
  const Decimal value = number_of(input);
  const auto made = value.plus({boundary == Boundary::low ? -5 : 5, value.scale() + 1});
  if (!made) throw EvaluationError{"a boundary has more than 38 digits"};
  return &memory.number(made->to_text(), FhirType::decimal);
}

const Node* boundary(NodeMemory& memory, const Node& input, Boundary which) {
  if (input.kind == NodeKind::number) return decimal_boundary(memory, input, which);
  if (input.kind != NodeKind::string) throw EvaluationError{"only numbers, dates and times have a boundary"};
  const std::string_view text = input.view();
  if (const auto time = parse_time_of_day(text); time && text.size() > 4)
    return &memory.string(time_boundary(*time, which), FhirType::time);
  const auto value = parse_date_time(text);
  if (!value) throw EvaluationError{"only numbers, dates and times have a boundary"};
  const bool is_date = !value->hour && input.type != FhirType::dateTime && input.type != FhirType::instant;
  if (is_date) return &memory.string(date_boundary(*value, which), FhirType::date);
  return &memory.string(date_time_boundary(*value, which), FhirType::dateTime);
}

const Node* low_boundary(NodeMemory& memory, const Node& input, Arguments) {
  return boundary(memory, input, Boundary::low);
}
const Node* high_boundary(NodeMemory& memory, const Node& input, Arguments) {
  return boundary(memory, input, Boundary::high);
}

constexpr std::array kFunctions = {
    TextFunction{"contains", 1, 1, contains},
    TextFunction{"endsWith", 1, 1, ends_with},
    TextFunction{"highBoundary", 0, 0, high_boundary},
    TextFunction{"indexOf", 1, 1, index_of},
    TextFunction{"length", 0, 0, length},
    TextFunction{"lowBoundary", 0, 0, low_boundary},
    TextFunction{"lower", 0, 0, lower_case},
    TextFunction{"replace", 2, 2, replace},
    TextFunction{"startsWith", 1, 1, starts_with},
    TextFunction{"substring", 1, 2, substring},
    TextFunction{"toBoolean", 0, 0, to_boolean},
    TextFunction{"toDecimal", 0, 0, to_decimal},
    TextFunction{"toInteger", 0, 0, to_integer},
    TextFunction{"toString", 0, 0, to_string},
    TextFunction{"trim", 0, 0, trim},
    TextFunction{"upper", 0, 0, upper_case},
};

struct Call : Value {
  const Node* value(const Scope& scope) const override {
    const Node* node = single(*input, scope, "the function");
    if (!node) return nullptr;
    boost::container::small_vector<const Node*, 2> values;
    for (const ExpressionPtr& argument : arguments) {
      const Node* given = single(*argument, scope, "an argument");
      if (!given) return nullptr;
      values.push_back(given);
    }
    return function->apply(scope.frame.memory, *node, {values.data(), values.size()});
  }
  const TextFunction* function = nullptr;
  ExpressionPtr input;
  std::vector<ExpressionPtr> arguments;
};

struct Join : Value {
  const Node* value(const Scope& scope) const override {
    const Node* given = separator ? single(*separator, scope, "an argument") : nullptr;
    std::string made;
    bool first = true;
    input->each(scope, [&](const Node& node) {
      if (!first && given) made += given->view();
      first = false;
      made += text_of(node);
      return true;
    });
    return &scope.frame.memory.string(made);
  }
  ExpressionPtr input, separator;
};

struct ReferenceKey : Expression {
  bool each(const Scope& scope, Visit visit) const override {
    return references->each(scope, [&](const Node& reference) {
      if (reference.kind != NodeKind::string) return true;
      const std::string_view key = reference_key(reference.view(), type);
      return key.empty() || visit(scope.frame.memory.string(key));
    });
  }
  ExpressionPtr references;
  std::string type;
};

}  // namespace

const TextFunction* find_text_function(std::string_view name) {
  for (const TextFunction& function : kFunctions)
    if (function.name == name) return &function;
  return nullptr;
}

std::vector<std::string> text_function_names() {
  std::vector<std::string> names;
  for (const TextFunction& function : kFunctions) names.emplace_back(function.name);
  return names;
}

ExpressionPtr make_text_function(const TextFunction& function, ExpressionPtr input,
                                 std::vector<ExpressionPtr> arguments) {
  auto call = std::make_unique<Call>();
  call->function = &function;
  call->input = std::move(input);
  call->arguments = std::move(arguments);
  return call;
}

ExpressionPtr make_join(ExpressionPtr input, ExpressionPtr separator) {
  auto join = std::make_unique<Join>();
  join->input = std::move(input);
  join->separator = std::move(separator);
  return join;
}

std::string_view reference_key(std::string_view reference, std::string_view type) {
  reference = reference.substr(0, reference.find("/_history/"));
  const std::size_t slash = reference.rfind('/');
  if (slash == std::string_view::npos || reference.starts_with('#') || reference.starts_with("urn:")) return {};
  std::string_view before = reference.substr(0, slash);
  if (const std::size_t other = before.rfind('/'); other != std::string_view::npos) before = before.substr(other + 1);
  if (before.empty() || (!type.empty() && before != type)) return {};
  return reference.substr(slash + 1);
}

ExpressionPtr make_reference_key(ExpressionPtr references, std::string type) {
  auto key = std::make_unique<ReferenceKey>();
  key->references = std::move(references);
  key->type = std::move(type);
  return key;
}

}  // namespace libbcda::tables
