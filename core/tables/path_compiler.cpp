#include "tables/path_compiler.hpp"

#include <algorithm>
#include <limits>

#include "base/nearest.hpp"
#include "base/quote.hpp"
#include "tables/decimal.hpp"
#include "tables/operators.hpp"
#include "tables/steps.hpp"
#include "tables/text_functions.hpp"

namespace libbcda::tables {
namespace {

using Kind = Syntax::Kind;

constexpr std::int64_t kAll = std::numeric_limits<std::int64_t>::max();

struct Variable {
  std::size_t number;
  WantedSet wanted;
};

WantedSet together(WantedSet a, const WantedSet& b) {
  for (Wanted* wanted : b)
    if (std::find(a.begin(), a.end(), wanted) == a.end()) a.push_back(wanted);
  return a;
}

class Compiler {
 public:
  explicit Compiler(PathContext& context) : context_(context) {}

  CompiledPath compile(const Syntax& syntax, const WantedSet& focus);

 private:
  struct Function {
    std::string_view name;
    std::size_t least_arguments, most_arguments;
    CompiledPath (Compiler::*compile)(const Syntax&, const WantedSet&);
  };
  static const Function kFunctions[];

  CompiledPath input_of(const Syntax& syntax, const WantedSet& focus);
  CompiledPath argument(const Syntax& syntax, std::size_t number, const WantedSet& focus) {
    return operand(*syntax.operands[number], focus);
  }
  // A variable that an operand or an argument defines is not known outside of it. So a definition always runs before
  // its use.
  CompiledPath operand(const Syntax& syntax, const WantedSet& focus) {
    const auto known = variables_;
    CompiledPath compiled = compile(syntax, focus);
    variables_ = known;
    return compiled;
  }
  CompiledPath member_of(CompiledPath input, std::string_view name);
  FhirType type_of(const Syntax& specifier) const;
  static std::string type_text(const Syntax& specifier);

  CompiledPath member(const Syntax& syntax, const WantedSet& focus);
  CompiledPath index(const Syntax& syntax, const WantedSet& focus);
  CompiledPath variable(const Syntax& syntax);
  CompiledPath unary(const Syntax& syntax, const WantedSet& focus);
  CompiledPath binary(const Syntax& syntax, const WantedSet& focus);
  ExpressionPtr equal(CompiledPath left, CompiledPath right);
  CompiledPath type_test(const Syntax& syntax, const WantedSet& focus);
  CompiledPath function(const Syntax& syntax, const WantedSet& focus);
  CompiledPath text_function(const TextFunction& function, const Syntax& syntax, const WantedSet& focus);

  CompiledPath where(const Syntax&, const WantedSet&);
  CompiledPath exists(const Syntax&, const WantedSet&);
  CompiledPath all(const Syntax&, const WantedSet&);
  CompiledPath select(const Syntax&, const WantedSet&);
  CompiledPath empty(const Syntax&, const WantedSet&);
  CompiledPath negation(const Syntax&, const WantedSet&);
  CompiledPath first(const Syntax&, const WantedSet&);
  CompiledPath last(const Syntax&, const WantedSet&);
  CompiledPath tail(const Syntax&, const WantedSet&);
  CompiledPath skip(const Syntax&, const WantedSet&);
  CompiledPath take(const Syntax&, const WantedSet&);
  CompiledPath count(const Syntax&, const WantedSet&);
  CompiledPath distinct(const Syntax&, const WantedSet&);
  CompiledPath union_of(const Syntax&, const WantedSet&);
  CompiledPath extension(const Syntax&, const WantedSet&);
  CompiledPath of_type(const Syntax&, const WantedSet&);
  CompiledPath is_type(const Syntax&, const WantedSet&);
  CompiledPath resource_key(const Syntax&, const WantedSet&);
  CompiledPath reference_key(const Syntax&, const WantedSet&);
  CompiledPath join(const Syntax&, const WantedSet&);
  CompiledPath iif(const Syntax&, const WantedSet&);
  CompiledPath define_variable(const Syntax&, const WantedSet&);

  PathContext& context_;
  std::map<std::string, Variable> variables_;
};

const Compiler::Function Compiler::kFunctions[] = {
    {"all", 1, 1, &Compiler::all},
    {"as", 1, 1, &Compiler::of_type},
    {"count", 0, 0, &Compiler::count},
    {"defineVariable", 1, 2, &Compiler::define_variable},
    {"distinct", 0, 0, &Compiler::distinct},
    {"empty", 0, 0, &Compiler::empty},
    {"exists", 0, 1, &Compiler::exists},
    {"extension", 1, 1, &Compiler::extension},
    {"first", 0, 0, &Compiler::first},
    {"getReferenceKey", 0, 1, &Compiler::reference_key},
    {"getResourceKey", 0, 0, &Compiler::resource_key},
    {"iif", 2, 3, &Compiler::iif},
    {"is", 1, 1, &Compiler::is_type},
    {"join", 0, 1, &Compiler::join},
    {"last", 0, 0, &Compiler::last},
    {"not", 0, 0, &Compiler::negation},
    {"ofType", 1, 1, &Compiler::of_type},
    {"select", 1, 1, &Compiler::select},
    {"skip", 1, 1, &Compiler::skip},
    {"tail", 0, 0, &Compiler::tail},
    {"take", 1, 1, &Compiler::take},
    {"union", 1, 1, &Compiler::union_of},
    {"where", 1, 1, &Compiler::where},
};

CompiledPath Compiler::compile(const Syntax& syntax, const WantedSet& focus) {
  const auto literal = [](const Node& node) { return CompiledPath{make_literal(node), {}}; };
  switch (syntax.kind) {
    case Kind::empty:
      return {make_empty(), {}};
    case Kind::string:
      return literal(context_.literals.string(syntax.text, FhirType::unknown));
    case Kind::number:
      return literal(context_.literals.number(syntax.text, FhirType::unknown));
    case Kind::boolean:
      return literal(NodeMemory::boolean(syntax.text == "true"));
    case Kind::time: {
      const bool is_time_of_day = syntax.text.starts_with('T');
      return literal(context_.literals.string(syntax.text.substr(is_time_of_day), FhirType::unknown));
    }
    case Kind::this_item:
      return {make_focus(), focus};
    case Kind::this_index:
      return {make_position(), {}};
    case Kind::member:
      return member(syntax, focus);
    case Kind::index:
      return index(syntax, focus);
    case Kind::variable:
      return variable(syntax);
    case Kind::unary:
      return unary(syntax, focus);
    case Kind::binary:
      return binary(syntax, focus);
    case Kind::type_test:
      return type_test(syntax, focus);
    case Kind::function:
      return function(syntax, focus);
  }
  throw PathError(syntax.position, "the expression is not known");
}

CompiledPath Compiler::input_of(const Syntax& syntax, const WantedSet& focus) {
  if (syntax.operands.empty() || !syntax.operands[0]) return {make_focus(), focus};
  return compile(*syntax.operands[0], focus);
}

CompiledPath Compiler::member_of(CompiledPath input, std::string_view text) {
  const MemberName name = context_.projection.names().add(text);
  WantedSet results;
  for (Wanted* object : input.results)
    results = together(results, {&context_.projection.want(*object, name.id, context_.resource)});
  return {make_member(std::move(input.expression), name), results};
}

CompiledPath Compiler::member(const Syntax& syntax, const WantedSet& focus) {
  if (syntax.operands.empty() && syntax.text == context_.resource)
    return {make_resource(), {&context_.projection.root()}};
  return member_of(input_of(syntax, focus), syntax.text);
}

CompiledPath Compiler::index(const Syntax& syntax, const WantedSet& focus) {
  CompiledPath input = input_of(syntax, focus);
  const Syntax& position = *syntax.operands[1];
  if (position.kind == Kind::number && position.text.size() < 10 && is_integer_text(position.text))
    return {make_slice(std::move(input.expression), std::stoll(position.text), 1), std::move(input.results)};
  return {make_cut(std::move(input.expression), Cut::at, argument(syntax, 1, focus).expression),
          std::move(input.results)};
}

CompiledPath Compiler::variable(const Syntax& syntax) {
  const std::string& name = syntax.text;
  if (const auto defined = variables_.find(name); defined != variables_.end())
    return {make_variable(defined->second.number), defined->second.wanted};
  if (const auto constant = context_.constants.find(name); constant != context_.constants.end())
    return {make_literal(*constant->second), {}};
  if (name == "resource" || name == "context" || name == "root" || name == "rootResource")
    return {make_resource(), {&context_.projection.root()}};
  if (name == "rowIndex") return {make_row_index(), {}};
  throw PathError(syntax.position, "the variable " + quote(name) + " is not defined");
}

CompiledPath Compiler::unary(const Syntax& syntax, const WantedSet& focus) {
  ExpressionPtr input = input_of(syntax, focus).expression;
  return {syntax.text == "-" ? make_negative(std::move(input)) : make_positive(std::move(input)), {}};
}

CompiledPath Compiler::binary(const Syntax& syntax, const WantedSet& focus) {
  CompiledPath left = argument(syntax, 0, focus), right = argument(syntax, 1, focus);
  if (syntax.text == "|")
    return {make_union(std::move(left.expression), std::move(right.expression)), together(left.results, right.results)};
  if (syntax.text == "=") return {equal(std::move(left), std::move(right)), {}};
  return {make_operator(syntax.text, std::move(left.expression), std::move(right.expression)), {}};
}

ExpressionPtr Compiler::equal(CompiledPath left, CompiledPath right) {
  const Node* literal = literal_of(*right.expression);
  if (!literal || literal->kind != NodeKind::string || !left.expression->is_within())
    return make_operator("=", std::move(left.expression), std::move(right.expression));
  for (Wanted* compared : left.results) compared->compare();
  return make_equal_to_literal(std::move(left.expression), std::move(right.expression),
                               context_.projection.literals().add(literal->view()));
}

std::string Compiler::type_text(const Syntax& specifier) {
  const bool qualified = !specifier.operands.empty() && specifier.operands[0];
  const bool is_name = specifier.kind == Kind::member || (specifier.kind == Kind::string && !qualified);
  const std::string space = qualified ? specifier.operands[0]->text : "FHIR";
  if (!is_name || (space != "FHIR" && space != "System"))
    throw PathError(specifier.position, "the name of a type is needed here, such as Quantity");
  std::string name = specifier.text;
  if (space == "System" && !name.empty()) name[0] = static_cast<char>(name[0] | 0x20);
  return name;
}

FhirType Compiler::type_of(const Syntax& specifier) const {
  const std::string name = type_text(specifier);
  if (const auto type = find_type(name)) return *type;
  const bool may_be_resource = !name.empty() && name[0] >= 'A' && name[0] <= 'Z';
  throw PathError(specifier.position,
                  quote(name) + " is no data type of FHIR" +
                      (may_be_resource ? "; a resource is chosen by where(resourceType = 'Patient')" : ""));
}

CompiledPath Compiler::type_test(const Syntax& syntax, const WantedSet& focus) {
  return syntax.text == "as" ? of_type(syntax, focus) : is_type(syntax, focus);
}

CompiledPath Compiler::function(const Syntax& syntax, const WantedSet& focus) {
  const auto check = [&](std::size_t least, std::size_t most) {
    const std::size_t given = syntax.operands.size() - 1;
    if (given >= least && given <= most) return;
    const std::string range =
        least == most ? std::to_string(least) : std::to_string(least) + " to " + std::to_string(most);
    throw PathError(syntax.position,
                    syntax.text + "() takes " + range + " arguments, but has " + std::to_string(given));
  };
  for (const Function& function : kFunctions)
    if (function.name == syntax.text) {
      check(function.least_arguments, function.most_arguments);
      return (this->*function.compile)(syntax, focus);
    }
  if (const TextFunction* function = find_text_function(syntax.text)) {
    check(function->least_arguments, function->most_arguments);
    return text_function(*function, syntax, focus);
  }
  std::vector<std::string> names = text_function_names();
  for (const Function& function : kFunctions) names.emplace_back(function.name);
  const std::string* similar = nearest(syntax.text, names);
  throw PathError(syntax.position, "there is no function " + quote(syntax.text) +
                                       (similar ? "; did you mean " + *similar + "()?" : std::string()));
}

CompiledPath Compiler::text_function(const TextFunction& function, const Syntax& syntax, const WantedSet& focus) {
  ExpressionPtr input = input_of(syntax, focus).expression;
  std::vector<ExpressionPtr> arguments;
  for (std::size_t i = 1; i < syntax.operands.size(); ++i) arguments.push_back(argument(syntax, i, focus).expression);
  return {make_text_function(function, std::move(input), std::move(arguments)), {}};
}

// ---- Functions -------------------------------------------------------------------------------------------------------

CompiledPath Compiler::where(const Syntax& syntax, const WantedSet& focus) {
  CompiledPath input = input_of(syntax, focus);
  ExpressionPtr criterion = argument(syntax, 1, input.results).expression;
  return {make_where(std::move(input.expression), std::move(criterion)), std::move(input.results)};
}

CompiledPath Compiler::exists(const Syntax& syntax, const WantedSet& focus) {
  CompiledPath input = syntax.operands.size() > 1 ? where(syntax, focus) : input_of(syntax, focus);
  return {make_exists(std::move(input.expression)), {}};
}

CompiledPath Compiler::all(const Syntax& syntax, const WantedSet& focus) {
  CompiledPath input = input_of(syntax, focus);
  ExpressionPtr criterion = argument(syntax, 1, input.results).expression;
  return {make_all(std::move(input.expression), std::move(criterion)), {}};
}

CompiledPath Compiler::select(const Syntax& syntax, const WantedSet& focus) {
  CompiledPath input = input_of(syntax, focus);
  CompiledPath projection = argument(syntax, 1, input.results);
  return {make_select(std::move(input.expression), std::move(projection.expression)), std::move(projection.results)};
}

CompiledPath Compiler::empty(const Syntax& syntax, const WantedSet& focus) {
  return {make_not(make_exists(input_of(syntax, focus).expression)), {}};
}

CompiledPath Compiler::negation(const Syntax& syntax, const WantedSet& focus) {
  return {make_not(input_of(syntax, focus).expression), {}};
}

CompiledPath Compiler::first(const Syntax& syntax, const WantedSet& focus) {
  CompiledPath input = input_of(syntax, focus);
  return {make_slice(std::move(input.expression), 0, 1), std::move(input.results)};
}

CompiledPath Compiler::last(const Syntax& syntax, const WantedSet& focus) {
  CompiledPath input = input_of(syntax, focus);
  return {make_last(std::move(input.expression)), std::move(input.results)};
}

CompiledPath Compiler::tail(const Syntax& syntax, const WantedSet& focus) {
  CompiledPath input = input_of(syntax, focus);
  return {make_slice(std::move(input.expression), 1, kAll), std::move(input.results)};
}

CompiledPath Compiler::skip(const Syntax& syntax, const WantedSet& focus) {
  CompiledPath input = input_of(syntax, focus);
  return {make_cut(std::move(input.expression), Cut::skip, argument(syntax, 1, focus).expression),
          std::move(input.results)};
}

CompiledPath Compiler::take(const Syntax& syntax, const WantedSet& focus) {
  CompiledPath input = input_of(syntax, focus);
  return {make_cut(std::move(input.expression), Cut::take, argument(syntax, 1, focus).expression),
          std::move(input.results)};
}

CompiledPath Compiler::count(const Syntax& syntax, const WantedSet& focus) {
  return {make_count(input_of(syntax, focus).expression), {}};
}

CompiledPath Compiler::distinct(const Syntax& syntax, const WantedSet& focus) {
  CompiledPath input = input_of(syntax, focus);
  return {make_distinct(std::move(input.expression)), std::move(input.results)};
}

CompiledPath Compiler::union_of(const Syntax& syntax, const WantedSet& focus) {
  CompiledPath input = input_of(syntax, focus), other = argument(syntax, 1, focus);
  return {make_union(std::move(input.expression), std::move(other.expression)), together(input.results, other.results)};
}

// extension(url): extension.where(url = …)
CompiledPath Compiler::extension(const Syntax& syntax, const WantedSet& focus) {
  CompiledPath extensions = member_of(input_of(syntax, focus), "extension");
  CompiledPath url = argument(syntax, 1, extensions.results);
  CompiledPath own_url = member_of({make_focus(), extensions.results}, "url");
  return {make_where(std::move(extensions.expression), equal(std::move(own_url), std::move(url))),
          std::move(extensions.results)};
}

CompiledPath Compiler::of_type(const Syntax& syntax, const WantedSet& focus) {
  CompiledPath input = input_of(syntax, focus);
  return {make_of_type(std::move(input.expression), type_of(*syntax.operands[1])), std::move(input.results)};
}

CompiledPath Compiler::is_type(const Syntax& syntax, const WantedSet& focus) {
  return {make_is_type(input_of(syntax, focus).expression, type_of(*syntax.operands[1])), {}};
}

CompiledPath Compiler::resource_key(const Syntax& syntax, const WantedSet& focus) {
  return member_of(input_of(syntax, focus), "id");
}

CompiledPath Compiler::reference_key(const Syntax& syntax, const WantedSet& focus) {
  CompiledPath references = member_of(input_of(syntax, focus), "reference");
  std::string type = syntax.operands.size() > 1 ? type_text(*syntax.operands[1]) : "";
  return {make_reference_key(std::move(references.expression), std::move(type)), {}};
}

CompiledPath Compiler::join(const Syntax& syntax, const WantedSet& focus) {
  ExpressionPtr input = input_of(syntax, focus).expression;
  ExpressionPtr separator = syntax.operands.size() > 1 ? argument(syntax, 1, focus).expression : nullptr;
  return {make_join(std::move(input), std::move(separator)), {}};
}

// iif(condition, a, b), or input.iif(condition, a, b), which evaluates them with the input as $this.
CompiledPath Compiler::iif(const Syntax& syntax, const WantedSet& focus) {
  CompiledPath input = input_of(syntax, focus);
  CompiledPath condition = argument(syntax, 1, input.results), then = argument(syntax, 2, input.results);
  CompiledPath otherwise =
      syntax.operands.size() > 3 ? argument(syntax, 3, input.results) : CompiledPath{make_empty(), {}};
  WantedSet results = together(then.results, otherwise.results);
  ExpressionPtr choice =
      make_if(std::move(condition.expression), std::move(then.expression), std::move(otherwise.expression));
  if (syntax.operands[0]) choice = make_select(std::move(input.expression), std::move(choice));
  return {std::move(choice), std::move(results)};
}

CompiledPath Compiler::define_variable(const Syntax& syntax, const WantedSet& focus) {
  const Syntax& name = *syntax.operands[1];
  if (name.kind != Kind::string) throw PathError(name.position, "the name of the variable must be a text, such as 'x'");
  CompiledPath input = input_of(syntax, focus);
  CompiledPath value =
      syntax.operands.size() > 2 ? argument(syntax, 2, input.results) : CompiledPath{make_focus(), input.results};
  const std::size_t number = context_.variables++;
  variables_[name.text] = {number, std::move(value.results)};
  return {make_definition(std::move(input.expression), number, std::move(value.expression)), std::move(input.results)};
}

}  // namespace

CompiledPath compile_path(std::string_view text, const WantedSet& focus, PathContext& context) {
  return Compiler(context).compile(*parse_path(text), focus);
}

}  // namespace libbcda::tables
