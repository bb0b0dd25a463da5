// A record as a tree of the members that a view names, and the memory of such trees.
//
// Arrays are not nodes: FHIRPath treats them as collections, so each element is a member of the object that has the
// array. {"name": [{"given": ["A", "B"]}]} is an object with one member name, which has two members given.
#pragma once
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "tables/fhir_types.hpp"

namespace libbcda::tables {

enum class NodeKind : std::uint8_t { object, string, number, boolean };

// A name that a view uses, by number. The name of a choice element is that of its base.
using NameId = std::uint16_t;
constexpr NameId kNoName = 0;

struct Node {
  const Node* next = nullptr;   // the next member of the same object
  // Set in the first element of a member only: the first member after it that has another name.
  const Node* past = nullptr;
  const Node* first = nullptr;  // of an object: its first member
  std::uint64_t names = 0;      // of an object: which members it may have, see may_have()
  std::uint64_t marks = 0;      // of an object: those of the literals within it, see Literals
  const char* text = nullptr;   // a string without its quotes and escapes; everything else as in the JSON text
  std::uint32_t size = 0;       // of `text`, in bytes
  NameId name = kNoName;        // of this member
  NodeKind kind = NodeKind::object;
  FhirType type = FhirType::unknown;  // what the name of a choice element, or a function, says about it

  std::string_view view() const { return {text, size}; }
  // Never false for a member that the object has.
  bool may_have(NameId member) const { return (names & name_bit(member)) != 0; }
  static std::uint64_t name_bit(NameId member) { return std::uint64_t(1) << (member % 64); }
  void set_text(std::string_view given) {
    text = given.data();
    size = static_cast<std::uint32_t>(given.size());
  }
  bool is_true() const { return kind == NodeKind::boolean && *text == 't'; }
};

// Hands out nodes and texts that stay where they are until clear(). It keeps its memory for the next record.
class NodeMemory {
 public:
  Node& make() {
    if (used_ == kBlock) next_block();
    return blocks_[block_][used_++] = Node();
  }
  // Room for a text.
  char* text(std::size_t size);
  std::string_view keep(std::string_view text);

  // Each copies `text`.
  const Node& value(NodeKind kind, std::string_view text, FhirType type);
  const Node& string(std::string_view text, FhirType type = FhirType::string) {
    return value(NodeKind::string, text, type);
  }
  const Node& number(std::string_view text, FhirType type) { return value(NodeKind::number, text, type); }
  const Node& integer(std::int64_t number);
  static const Node& boolean(bool value);

  // What is made after a mark can be given back, and its memory is used again.
  struct Mark {
    std::size_t block, used, text_block, text_used, long_texts;
  };
  Mark mark() const { return {block_, used_, text_block_, text_used_, long_texts_.size()}; }
  void rewind(const Mark& mark);

  void clear();

 private:
  static constexpr std::size_t kBlock = 1024, kTextBlock = 64 << 10;
  static constexpr std::size_t kMostKept = 256;  // blocks
  static constexpr std::size_t kLongestText = 1u << 30;
  void next_block();

  std::vector<std::unique_ptr<Node[]>> blocks_;
  std::size_t block_ = static_cast<std::size_t>(-1), used_ = kBlock;
  std::vector<std::unique_ptr<char[]>> texts_;
  std::size_t text_block_ = static_cast<std::size_t>(-1), text_used_ = kTextBlock;
  std::vector<std::unique_ptr<char[]>> long_texts_;
};

}  // namespace libbcda::tables
