// Reads a JSON object in pieces as they arrive, without holding all of it.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace libbcda {

// A JSON text is wrong. what() follows a subject: "is not JSON (syntax error at byte 17)".
struct Malformed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Reports the members of an object, and each item of a member that is a list or an object. Memory is used for one item
// at a time, and for a few bytes for each member of an object, because a name that occurs twice in an object is
// refused.
class JsonItems {
 public:
  // Where the text of an item is in the document. A number, true, false and null have no place.
  struct Place {
    std::uint64_t offset = 0;
    std::uint32_t size = 0;
  };
  // A member of the document. A list or an object is reported when it begins, as an empty one.
  using OnMember = std::function<void(std::string_view name, const json::value& value)>;
  // An item of the document's member `member`. `key` is its name in an object, and "" in a list.
  using OnItem = std::function<void(std::string_view member, std::string_view key, const json::value& item, Place)>;

  JsonItems(OnMember on_member, OnItem on_item);
  ~JsonItems();
  JsonItems(const JsonItems&) = delete;

  // Takes the next bytes of the document. Returns how many of them belong to it: less than all once it has ended.
  // Throws Malformed, and what the functions above throw; then the object must not be used any more.
  std::size_t feed(std::string_view bytes);
  void finish();  // throws Malformed if the document has not ended
  bool done() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The value of a string member of the object that a text begins with. The text is read no further than to this member, and
// nothing is kept of what stands before it. "": there is no such member, or the text is malformed before it.
std::string find_string_member(std::string_view text, std::string_view name);

}  // namespace libbcda
