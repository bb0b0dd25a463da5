#include "tables/projection.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace libbcda::tables {
namespace {

std::size_t hash(std::string_view text) {
  std::uint64_t value = 0xcbf29ce484222325u ^ text.size();  // FNV-1a
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return value ^ (value >> 32);
}

bool has_capital(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

}  // namespace

Names::Names() : slots_(64) {}

const Names::Slot* Names::look_up(std::string_view text) const {
  for (std::size_t i = hash(text);; ++i) {
    const Slot& slot = slots_[i & (slots_.size() - 1)];
    if (slot.name.id == kNoName) return nullptr;
    if (slot.text == text) return &slot;
  }
}

void Names::insert(std::string_view text, MemberName name) {
  if (++used_ * 2 > slots_.size()) grow();
  std::size_t i = hash(text);
  while (slots_[i & (slots_.size() - 1)].name.id != kNoName) ++i;
  slots_[i & (slots_.size() - 1)] = {text, name};
}

void Names::grow() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  for (const Slot& slot : old)
    if (slot.name.id != kNoName) {
      std::size_t i = hash(slot.text);
      while (slots_[i & (slots_.size() - 1)].name.id != kNoName) ++i;
      slots_[i & (slots_.size() - 1)] = slot;
    }
}

NameId Names::number(std::string_view text) {
  if (const Slot* slot = look_up(text); slot && slot->name.type == FhirType::unknown) return slot->name.id;
  if (texts_.size() == UINT16_MAX) throw Error(Status::LIMIT, "the views use more than 65,534 different names");
  texts_.push_back(std::make_unique<const std::string>(text));
  const auto id = static_cast<NameId>(texts_.size());
  insert(*texts_.back(), {id});
  return id;
}

MemberName Names::add(std::string_view text) {
  if (const Slot* slot = look_up(text)) return slot->name;
  const auto choice = split_choice(text);
  if (!choice) return {number(text)};
  const MemberName name{number(choice->base), choice->type};
  aliases_.push_back(std::make_unique<const std::string>(text));
  insert(*aliases_.back(), name);
  return name;
}

MemberName Names::find(std::string_view text) const {
  if (const Slot* slot = look_up(text)) return slot->name;
  if (!has_capital(text)) return {};
  const auto choice = split_choice(text);
  const Slot* base = choice ? look_up(choice->base) : nullptr;
  if (!base || base->name.type != FhirType::unknown) return {};
  return {base->name.id, choice->type};
}

Wanted& Projection::want(Wanted& object, NameId member) {
  if (object.everything_) return object;
  if (object.members_.size() <= member) object.members_.resize(member + std::size_t(1));
  if (!object.members_[member]) object.members_[member] = make();
  return *object.members_[member];
}

}  // namespace libbcda::tables
