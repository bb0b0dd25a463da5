// Which members of a record the views read. The parser skips all others.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tables/node.hpp"

namespace libbcda::tables {

// A member's name as the record has it. "valueQuantity" is the name of value[x] with the type Quantity.
struct MemberName {
  NameId id = kNoName;
  FhirType type = FhirType::unknown;
};

// The names that the views use, and their numbers from 1.
class Names {
 public:
  Names();

  MemberName add(std::string_view text);
  MemberName find(std::string_view text) const;  // id kNoName: no view uses it
  std::size_t size() const { return texts_.size(); }
  const std::string& text(NameId id) const { return *texts_[id - std::size_t(1)]; }

 private:
  struct Slot {
    std::string_view text;  // of texts_ or aliases_
    MemberName name;
  };
  NameId number(std::string_view text);
  void insert(std::string_view text, MemberName name);
  const Slot* look_up(std::string_view text) const;
  void grow();

  std::vector<std::unique_ptr<const std::string>> texts_, aliases_;
  std::vector<Slot> slots_;  // a hash table; its size is a power of 2
  std::size_t used_ = 0;
};

// What is read of an object: a member is read if there is a Wanted for its name.
class Wanted {
 public:
  const Wanted* member(NameId name) const {
    return everything_ ? this : name < members_.size() ? members_[name] : nullptr;
  }
  bool leaf() const { return members_.empty() && !everything_; }
  // Whether the views read members of it, so that another value than an object does not fit. Not known if it may be a
  // member of resources of several types, because these have members of the same name.
  bool needs_object() const { return !members_.empty() && !everything_ && !is_of_several_types_; }

 private:
  friend class Projection;
  std::vector<Wanted*> members_;  // by NameId
  std::string resource_;          // the type of resource that has it
  bool everything_ = false, is_of_several_types_ = false;
};

// The names and members that the compiled paths have asked for.
class Projection {
 public:
  Projection() : root_(make()) {}

  Names& names() { return names_; }
  const Names& names() const { return names_; }
  Wanted& root() { return *root_; }
  const Wanted& root() const { return *root_; }

  // `resource`: the type of the records of the view that asks.
  Wanted& want(Wanted& object, NameId member, const std::string& resource = "");

  // All members with a name that some view uses, at any depth: for `repeat`, whose depth only the record knows.
  void want_everything() { root_->everything_ = true; }

 private:
  Wanted* make() {
    made_.push_back(std::make_unique<Wanted>());
    return made_.back().get();
  }

  Names names_;
  std::vector<std::unique_ptr<Wanted>> made_;
  Wanted* root_;
};

}  // namespace libbcda::tables
