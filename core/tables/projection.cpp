#include "tables/projection.hpp"

#include <algorithm>
#include <cstring>

#include "base/error.hpp"

namespace libbcda::tables {
namespace {

std::uint64_t load(const char* at, std::size_t size) {
  std::uint64_t value = 0;
  std::memcpy(&value, at, size);
  return value;
}

// Of the size and of the first and last eight bytes. Names that differ only in between end up in
// neighboring slots. A record cannot add names, so it cannot make the table slow.
std::size_t hash(std::string_view text) {
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15u;
  std::uint64_t value = text.size();
  if (text.size() >= 8) {
    value ^= load(text.data(), 8) * kOdd;
    value = (value ^ (value >> 29)) + load(text.data() + text.size() - 8, 8);
  } else if (text.size() >= 4) {
    value ^= load(text.data(), 4) << 32 | load(text.data() + text.size() - 4, 4);
  } else if (!text.empty()) {
    value ^= load(text.data(), 1) << 8 | load(text.data() + text.size() / 2, 1) << 16 |
             load(text.data() + text.size() - 1, 1) << 24;
  }
  value *= kOdd;
  return value ^ (value >> 32);
}

// Whether a member of this name has a resource of any type.
bool has_resource(std::string_view name) { return name == "contained" || name == "resource"; }

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

Wanted& Projection::want(Wanted& object, NameId member, const std::string& resource) {
  if (object.everything_) return object;
  if (object.members_.size() <= member) object.members_.resize(member + std::size_t(1));
  if (!object.members_[member]) {
    object.members_[member] = make();
    object.members_[member]->resource_ = resource;
    object.members_[member]->is_of_several_types_ = object.is_of_several_types_ || has_resource(names_.text(member));
  }
  Wanted& wanted = *object.members_[member];
  if (wanted.resource_ != resource) wanted.is_of_several_types_ = true;
  return wanted;
}

}  // namespace libbcda::tables
