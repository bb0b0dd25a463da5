// The syntax of FHIRPath expressions (hl7.org/fhirpath/N1): a text becomes a tree. What the tree means is for the
// compiler.
#pragma once
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace libbcda::tables {

// What is wrong with a path, and where.
struct PathError : std::runtime_error {
  PathError(std::size_t at, const std::string& what) : std::runtime_error(what), position(at) {}
  std::size_t position;  // in bytes, from 0
};

struct Syntax {
  enum class Kind {
    empty,       // {}
    string,      // 'text'
    number,      // 1.5
    boolean,     // true
    time,        // @2020-01-01; `text` is without the @
    member,      // operands[0].text; without an operand a member of $this, or a type at the beginning
    function,    // operands[0].text(operands[1], …); operands[0] is nullptr if nothing stands before
    index,       // operands[0][operands[1]]
    variable,    // %text
    this_item,   // $this
    this_index,  // $index
    unary,       // text operands[0]; + or -
    binary,      // operands[0] text operands[1]
    type_test,   // operands[0] text operands[1]; `is` or `as`; operands[1] is a type specifier (kind: member)
  };

  Kind kind = Kind::empty;
  std::size_t position = 0;  // of its own token
  std::string text;
  std::vector<std::unique_ptr<Syntax>> operands;
  int depth = 1;  // levels of operands below, and its own
};

// Throws PathError.
std::unique_ptr<Syntax> parse_path(std::string_view text);

}  // namespace libbcda::tables
