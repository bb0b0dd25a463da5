// A JSON object that is read in pieces, against the same one parsed at once.
#include "base/json_items.hpp"

#include "fuzz/target.hpp"

namespace libbcda::fuzz {
namespace {

struct Read {
  std::optional<json::object> object;  // not set: it is malformed
  std::string why;
  std::size_t used = 0;
};

// By their texts, because Boost takes 0e400 for a NaN, which does not equal itself.
bool same(const json::value& a, const json::value& b) { return json::serialize(a) == json::serialize(b); }

// Builds the object again. `text`: the whole document.
class Rebuilder {
 public:
  explicit Rebuilder(std::string_view text) : text_(text) {}

  template <class Feed>
  Read read(Feed&& feed) {
    Read read;
    JsonItems items(
        [&](std::string_view name, const json::value& value) {
          expect(!object_.contains(name), "no name occurs twice");
          object_[name] = value;
        },
        [&](std::string_view member, std::string_view key, const json::value& item, JsonItems::Place place) {
          add(member, key, item);
          places_.emplace_back(item, place);
        });
    try {
      feed(items, read.used);
      items.finish();
    } catch (const Malformed& malformed) {
      read.why = malformed.what();
      return read;
    }
    for (const auto& [item, place] : places_) check(item, place);
    read.object = object_;
    return read;
  }

 private:
  void add(std::string_view member, std::string_view key, const json::value& item) {
    json::value* whole = object_.if_contains(member);
    expect(whole && (whole->is_array() || whole->is_object()), "a member is reported before its items");
    if (whole->is_array())
      whole->get_array().push_back(item);
    else
      whole->get_object()[key] = item;
  }

  void check(const json::value& item, JsonItems::Place place) const {
    const bool has_place = item.is_string() || item.is_structured();
    expect(has_place == (place.size > 0), "a text, a list or an object has a place, and nothing else");
    if (!has_place) return;
    expect(place.offset + place.size <= text_.size(), "a place is in the document");
    const auto found = parse_json(text_.substr(place.offset, place.size));
    expect(found && same(*found, item), "the item is at its place");
  }

  std::string_view text_;
  json::object object_;
  std::vector<std::pair<json::value, JsonItems::Place>> places_;
};

}  // namespace

FUZZ_TARGET(json_items, input) {
  const Read whole = Rebuilder(input).read([&](JsonItems& items, std::size_t& used) { used = items.feed(input); });
  const Read pieces = Rebuilder(input).read([&](JsonItems& items, std::size_t& used) {
    in_pieces(input, [&](std::string_view piece) {
      const std::size_t taken = items.feed(piece);
      used += taken;
      return taken;
    });
  });
  expect(whole.object.has_value() == pieces.object.has_value(),
         "pieces (" + pieces.why + ") are as malformed as the whole (" + whole.why + ")");
  expect(is_clean(whole.why), "the reason may be shown");
  if (!whole.object) return;
  expect(same(*whole.object, *pieces.object), "pieces are the same object");
  const auto parsed = parse_json(input);
  expect(whole.used == pieces.used, "pieces end at the same byte");
  expect(parsed && same(*parsed, *whole.object), "it is the object that the parser finds");
}

}  // namespace libbcda::fuzz
