// Reads records of NDJSON into trees of the wanted members.
#pragma once
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tables/json_tokens.hpp"
#include "tables/node.hpp"
#include "tables/projection.hpp"

namespace libbcda::tables {

// A line that is not one JSON object. what() follows a subject and never shows the record: "is not JSON (syntax error at
// byte 17)".
struct MalformedRecord : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Checks the whole grammar of each record (RFC 8259), of skipped members too, so that damage is never passed over. A
// member that is null counts as absent.
class RecordParser {
 public:
  static constexpr int kMostDepth = 500;
  static constexpr std::size_t kLongestRecord = 128u << 20;

  explicit RecordParser(const Projection& projection) : projection_(projection) {}

  // The tree is valid until the next call, and as long as `line` is. Throws MalformedRecord.
  const Node& parse(std::string_view line);

  // A member of the record whose members some view reads, although it is no object, or that some view compares with a
  // text, although it is none.
  struct Misfit {
    const std::string& name;
    Wanted::Need need;
  };
  std::optional<Misfit> misfit() const {
    if (misfit_ == kNoName) return std::nullopt;
    return Misfit{projection_.names().text(misfit_), misfit_need_};
  }

 private:
  struct Malformed {
    const char* reason = nullptr;  // nullptr: Boost.JSON says it, with the place
  };
  struct Seen {
    std::uint64_t object = 0;
    FhirType type = FhirType::unknown;
  };

  char peek() const {
    if (at_ == tokens_.size()) throw Malformed();
    return line_[tokens_[at_]];
  }
  void expect(char c) {
    if (peek() != c) throw Malformed();
    ++at_;
  }
  bool take(char c) { return peek() == c ? ++at_, true : false; }

  void skip_value(int depth);
  void skip_object(int depth);
  void skip_array(int depth);

  void read_root(Node& root);
  void read_object(Node& object, const Wanted& wanted, int depth);
  // `end`: where the pointer to the object's next member goes.
  void read_member(const Node**& end, const Wanted& wanted, MemberName name, int depth);
  void read_elements(const Node**& end, const Wanted& wanted, MemberName name, int depth);
  void add_value(const Node**& end, const Wanted& wanted, MemberName name, int depth);

  std::string_view token_text();   // up to the next token, without blanks at its end
  std::string_view take_string();  // without its quotes, checked, with its escapes
  std::string_view take_word();    // a number, true, false or null, checked
  std::string_view without_escapes(std::string_view text);
  std::string_view text_since(std::size_t first_token) const;

  const Projection& projection_;
  JsonTokens scanner_;
  NodeMemory memory_;
  std::string_view line_;
  std::span<const std::uint32_t> tokens_;
  std::size_t at_ = 0;        // the token that is read next
  bool has_escapes_ = false;  // of this line
  NameId misfit_ = kNoName;
  Wanted::Need misfit_need_ = Wanted::Need::anything;
  std::uint64_t objects_ = 0;  // how many were read
  std::uint64_t marks_ = 0;    // of the object that is read
  std::vector<Seen> seen_;     // by NameId: the last object that had such a member
};

}  // namespace libbcda::tables
