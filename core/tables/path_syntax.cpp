#include "tables/path_syntax.hpp"

#include <algorithm>
#include <array>

#include "base/quote.hpp"
#include "tables/path_tokens.hpp"

namespace libbcda::tables {
namespace {

using Kind = Syntax::Kind;
using Tree = std::unique_ptr<Syntax>;

constexpr int kMostDepth = 200;      // of nested parentheses, arguments and operators, and of what stands in a row
constexpr int kMostTreeDepth = 500;  // of the tree, because what evaluates it is recursive

using Level = std::array<std::string_view, 4>;  // of operators; the rest is empty
// From the weakest to the strongest (FHIRPath section 6.8). Unary operators and what has a dot bind stronger.
constexpr std::array kLevels = {
    Level{"implies"},
    Level{"or", "xor"},
    Level{"and"},
    Level{"in", "contains"},
    Level{"=", "!=", "~", "!~"},
    Level{"<=", "<", ">", ">="},
    Level{"|"},
    Level{"is", "as"},
    Level{"+", "-", "&"},
    Level{"*", "/", "div", "mod"},
};

class Parser {
 public:
  explicit Parser(std::string_view text) : tokens_(text) {}

  Tree parse() {
    if (token().kind == PathToken::Kind::end) throw PathError(0, "the path is empty");
    Tree tree = level(0);
    if (token().kind != PathToken::Kind::end) fail("the path goes on where it could end, with " + shown());
    return tree;
  }

 private:
  const PathToken& token() const { return tokens_.current(); }
  std::string shown() const { return token().kind == PathToken::Kind::end ? "its end" : quote(token().text); }
  [[noreturn]] void fail(const std::string& what) const { throw PathError(token().position, what); }

  bool at_symbol(std::string_view symbol) const {
    return token().kind == PathToken::Kind::symbol && token().text == symbol;
  }
  bool take_symbol(std::string_view symbol) { return at_symbol(symbol) ? (tokens_.take(), true) : false; }
  void expect(std::string_view symbol) {
    if (!take_symbol(symbol)) fail("expected " + std::string(symbol) + " but found " + shown());
  }
  bool at_operator(const Level& level) const {
    if (token().quoted || (token().kind != PathToken::Kind::symbol && token().kind != PathToken::Kind::name))
      return false;
    for (const std::string_view name : level)
      if (token().text == name) return true;
    return false;
  }

  static Tree make(Kind kind, PathToken at) {
    auto tree = std::make_unique<Syntax>();
    tree->kind = kind;
    tree->position = at.position;
    tree->text = std::move(at.text);
    return tree;
  }

  static void adopt(Syntax& tree, Tree operand) {
    if (operand) tree.depth = std::max(tree.depth, operand->depth + 1);
    if (tree.depth > kMostTreeDepth) throw PathError(tree.position, "the path is deeper than 500 levels");
    tree.operands.push_back(std::move(operand));
  }

  class Deeper {
   public:
    explicit Deeper(Parser& parser) : parser_(parser) {
      if (++parser_.depth_ > kMostDepth) parser_.fail("the path is nested deeper than 200 levels");
    }
    ~Deeper() { --parser_.depth_; }

   private:
    Parser& parser_;
  };

  Tree level(std::size_t number) {
    if (number == kLevels.size()) return unary();
    Tree left = level(number + 1);
    int terms = 0;
    while (at_operator(kLevels[number])) {
      if (++terms > kMostDepth) fail("the path has more than 200 operators in a row");
      const bool is_type_test = token().text == "is" || token().text == "as";
      Tree tree = make(is_type_test ? Kind::type_test : Kind::binary, tokens_.take());
      adopt(*tree, std::move(left));
      adopt(*tree, is_type_test ? type_name() : level(number + 1));
      left = std::move(tree);
    }
    return left;
  }

  Tree unary() {
    const Deeper deeper(*this);
    if (!at_symbol("+") && !at_symbol("-")) return chain();
    Tree tree = make(Kind::unary, tokens_.take());
    adopt(*tree, unary());
    return tree;
  }

  Tree chain() {
    Tree tree = term();
    int links = 0;
    for (;;) {
      if (++links > kMostDepth) fail("the path has more than 200 steps in a row");
      if (take_symbol(".")) {
        tree = invocation(std::move(tree));
      } else if (at_symbol("[")) {
        Tree index = make(Kind::index, tokens_.take());
        adopt(*index, std::move(tree));
        adopt(*index, level(0));
        expect("]");
        tree = std::move(index);
      } else {
        return tree;
      }
    }
  }

  Tree term() {
    switch (token().kind) {
      case PathToken::Kind::string:
        return make(Kind::string, tokens_.take());
      case PathToken::Kind::number:
        return make(Kind::number, tokens_.take());
      case PathToken::Kind::time:
        return make(Kind::time, tokens_.take());
      case PathToken::Kind::variable:
        return make(Kind::variable, tokens_.take());
      case PathToken::Kind::name:
        if (!token().quoted && (token().text == "true" || token().text == "false"))
          return make(Kind::boolean, tokens_.take());
        return invocation(nullptr);
      case PathToken::Kind::symbol:
        return symbol();
      case PathToken::Kind::end:
        break;
    }
    fail("the path ends where a value is missing");
  }

  Tree symbol() {
    if (take_symbol("(")) {
      Tree tree = level(0);
      expect(")");
      return tree;
    }
    if (at_symbol("{")) {
      Tree tree = make(Kind::empty, tokens_.take());
      expect("}");
      return tree;
    }
    if (at_symbol("$")) {
      PathToken at = tokens_.take();
      const std::string name = token().text;
      if (name != "this" && name != "index") fail("after $ there can be this or index, but not " + shown());
      tokens_.take();
      return make(name == "this" ? Kind::this_item : Kind::this_index, std::move(at));
    }
    fail("expected a value but found " + shown());
  }

  Tree invocation(Tree input) {
    if (token().kind != PathToken::Kind::name) fail("expected a name but found " + shown());
    Tree tree = make(Kind::member, tokens_.take());
    if (!take_symbol("(")) {
      if (input) adopt(*tree, std::move(input));
      return tree;
    }
    tree->kind = Kind::function;
    adopt(*tree, std::move(input));
    if (take_symbol(")")) return tree;
    do adopt(*tree, level(0));
    while (take_symbol(","));
    expect(")");
    return tree;
  }

  // "Quantity" or "FHIR.Quantity".
  Tree type_name() {
    Tree tree = invocation(nullptr);
    while (take_symbol(".")) tree = invocation(std::move(tree));
    return tree;
  }

  PathTokens tokens_;
  int depth_ = 0;
};

}  // namespace

std::unique_ptr<Syntax> parse_path(std::string_view text) { return Parser(text).parse(); }

}  // namespace libbcda::tables
