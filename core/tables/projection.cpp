#include "tables/projection.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace libbcda::tables {
namespace {

// Whether a member of this name has a resource of any type.
bool has_resource(std::string_view name) { return name == "contained" || name == "resource"; }

bool has_capital(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

}  // namespace

NameId Names::number(std::string_view text) {
  if (const MemberName* name = names_.find(text); name && name->type == FhirType::unknown) return name->id;
  if (texts_.size() == UINT16_MAX) throw Error(Status::LIMIT, "the views use more than 65,534 different names");
  texts_.push_back(std::make_unique<const std::string>(text));
  const auto id = static_cast<NameId>(texts_.size());
  names_.insert(*texts_.back(), {id});
  return id;
}

MemberName Names::add(std::string_view text) {
  if (const MemberName* name = names_.find(text)) return *name;
  const auto choice = split_choice(text);
  if (!choice) return {number(text)};
  const MemberName name{number(choice->base), choice->type};
  aliases_.push_back(std::make_unique<const std::string>(text));
  names_.insert(*aliases_.back(), name);
  return name;
}

MemberName Names::find(std::string_view text) const {
  if (const MemberName* name = names_.find(text)) return *name;
  if (!has_capital(text)) return {};
  const auto choice = split_choice(text);
  const MemberName* base = choice ? names_.find(choice->base) : nullptr;
  if (!base || base->type != FhirType::unknown) return {};
  return {base->id, choice->type};
}

std::uint64_t Literals::add(std::string_view text) {
  if (const std::uint64_t* mark = marks_.find(text)) return *mark;
  const std::uint64_t mark = std::uint64_t(1) << (texts_.size() % 64);
  texts_.push_back(std::make_unique<const std::string>(text));
  marks_.insert(*texts_.back(), mark);
  return mark;
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
