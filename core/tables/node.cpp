#include "tables/node.hpp"

#include <cstring>
#include <string>

#include "tables/evaluation_error.hpp"

namespace libbcda::tables {

void NodeMemory::next_block() {
  ++block_;
  if (block_ == blocks_.size()) blocks_.push_back(std::make_unique<Node[]>(kBlock));
  used_ = 0;
}

char* NodeMemory::text(std::size_t size) {
  if (size > kLongestText) throw EvaluationError{"a text is longer than 1 GiB"};
  if (size > kTextBlock / 4) {
    long_texts_.push_back(std::make_unique<char[]>(size));
    return long_texts_.back().get();
  }
  if (kTextBlock - text_used_ < size) {
    ++text_block_;
    if (text_block_ == texts_.size()) texts_.push_back(std::make_unique<char[]>(kTextBlock));
    text_used_ = 0;
  }
  char* room = texts_[text_block_].get() + text_used_;
  text_used_ += size;
  return room;
}

std::string_view NodeMemory::keep(std::string_view text) {
  if (text.empty()) return "";
  char* room = this->text(text.size());
  std::memcpy(room, text.data(), text.size());
  return {room, text.size()};
}

const Node& NodeMemory::value(NodeKind kind, std::string_view text, FhirType type) {
  Node& node = make();
  node.set_text(keep(text));
  node.kind = kind;
  node.type = type;
  return node;
}

const Node& NodeMemory::integer(std::int64_t number) { return this->number(std::to_string(number), FhirType::integer); }

const Node& NodeMemory::boolean(bool value) {
  static const Node yes{.text = "true", .size = 4, .kind = NodeKind::boolean, .type = FhirType::boolean};
  static const Node no{.text = "false", .size = 5, .kind = NodeKind::boolean, .type = FhirType::boolean};
  return value ? yes : no;
}

void NodeMemory::rewind(const Mark& mark) {
  block_ = mark.block;
  used_ = mark.used;
  text_block_ = mark.text_block;
  text_used_ = mark.text_used;
  long_texts_.resize(mark.long_texts);
}

void NodeMemory::clear() {
  if (blocks_.size() > kMostKept) blocks_.resize(kMostKept);
  if (texts_.size() > kMostKept) texts_.resize(kMostKept);
  block_ = text_block_ = static_cast<std::size_t>(-1);
  used_ = kBlock;
  text_used_ = kTextBlock;
  long_texts_.clear();
}

}  // namespace libbcda::tables
