// Which members of a record the views read. The parser skips all others.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tables/node.hpp"
#include "tables/text_map.hpp"

namespace libbcda::tables {

// A member's name as the record has it. "valueQuantity" is the name of value[x] with the type Quantity.
struct MemberName {
  NameId id = kNoName;
  FhirType type = FhirType::unknown;
};

// The names that the views use, and their numbers from 1.
class Names {
 public:
  MemberName add(std::string_view text);
  MemberName find(std::string_view text) const;  // id kNoName: no view uses it
  std::size_t size() const { return texts_.size(); }
  const std::string& text(NameId id) const { return *texts_[id - std::size_t(1)]; }

 private:
  NameId number(std::string_view text);

  std::vector<std::unique_ptr<const std::string>> texts_, aliases_;
  TextMap<MemberName> names_;
};

// The texts that conditions of the views compare with members: 'npi' in where(code = 'npi'). Each has a mark, one bit.
// An object has the marks of the texts within it, so a condition whose mark it lacks need not be evaluated. There are 64
// bits, so further texts share them; then a condition is evaluated more often than needed.
class Literals {
 public:
  std::uint64_t add(std::string_view text);
  std::uint64_t find(std::string_view text) const {
    const std::uint64_t* mark = marks_.find(text);
    return mark ? *mark : 0;
  }

 private:
  std::vector<std::unique_ptr<const std::string>> texts_;
  TextMap<std::uint64_t> marks_;
};

// What is read of an object: a member is read if there is a Wanted for its name.
class Wanted {
 public:
  const Wanted* member(NameId name) const {
    return everything_ ? this : name < members_.size() ? members_[name] : nullptr;
  }
  bool leaf() const { return members_.empty() && !everything_; }
  // What it must be: an object if views read members of it, a text if they only compare it with texts. Not known if it
  // may be a member of resources of several types, because these have members of the same name.
  enum class Need { anything, object, text };
  Need need() const {
    if (everything_ || is_of_several_types_) return Need::anything;
    if (!members_.empty()) return Need::object;
    return is_compared_ ? Need::text : Need::anything;
  }
  // Whether a condition compares it with a literal.
  bool is_compared() const { return is_compared_ || everything_; }
  void compare() { is_compared_ = true; }

 private:
  friend class Projection;
  std::vector<Wanted*> members_;  // by NameId
  std::string resource_;          // the type of resource that has it
  bool everything_ = false, is_of_several_types_ = false, is_compared_ = false;
};

// The names and members that the compiled paths have asked for.
class Projection {
 public:
  Projection() : root_(make()) {}

  Names& names() { return names_; }
  const Names& names() const { return names_; }
  Literals& literals() { return literals_; }
  const Literals& literals() const { return literals_; }
  Wanted& root() { return *root_; }
  const Wanted& root() const { return *root_; }

  // `resource`: the type of the records of the view that asks; "": no view asks.
  Wanted& want(Wanted& object, NameId member, const std::string& resource = "");

  // All members with a name that some view uses, at any depth: for `repeat`, whose depth only the record knows.
  void want_everything() { root_->everything_ = true; }

 private:
  Wanted* make() {
    made_.push_back(std::make_unique<Wanted>());
    return made_.back().get();
  }

  Names names_;
  Literals literals_;
  std::vector<std::unique_ptr<Wanted>> made_;
  Wanted* root_;
};

}  // namespace libbcda::tables
