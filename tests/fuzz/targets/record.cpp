// A record of NDJSON: RecordParser against Boost.JSON.
#include "tables/record.hpp"

#include <vector>

#include "base/json.hpp"
#include "fuzz/target.hpp"

namespace libbcda::fuzz {
namespace {

using tables::FhirType;
using tables::Node;
using tables::NodeKind;

constexpr std::string_view kNames[] = {"resourceType", "id", "item", "value", "code", "a", "valueQuantity"};

struct Parsers {
  Parsers() {
    for (const std::string_view name : kNames) projection.names().add(name);
    projection.want_everything();
  }
  tables::Projection projection;
  tables::RecordParser parser{projection};
};

std::size_t count(const Node& object) {
  std::size_t nodes = 0;
  for (const Node* member = object.first; member; member = member->next) nodes += 1 + count(*member);
  return nodes;
}

// The nodes that the members of `value` should be.
std::size_t count(const json::value& value, const tables::Names& names) {
  std::size_t nodes = 0;
  if (value.is_array())
    for (const json::value& item : value.get_array()) nodes += item.is_null() ? 0 : 1 + count(item, names);
  if (value.is_object())
    for (const auto& member : value.get_object()) {
      if (names.find(member.key()).id == tables::kNoName || member.value().is_null()) continue;
      nodes += count(member.value(), names) + !member.value().is_array();
    }
  return nodes;
}

}  // namespace

FUZZ_TARGET(record, input) {
  static Parsers parsers;
  const auto whole = parse_json(input);
  bool is_record = false;
  try {
    // A copy of its own, so that AddressSanitizer sees a read beyond its end.
    const std::vector<char> copy(input.begin(), input.end());
    const Node& record = parsers.parser.parse({copy.data(), copy.size()});
    is_record = true;
    expect(whole && whole->is_object(), "a record is a JSON object");
    expect(count(record) == count(*whole, parsers.projection.names()), "it has the members that Boost.JSON finds");
  } catch (const tables::MalformedRecord& malformed) {
    expect(*malformed.what() && is_clean(malformed.what()), "a clean reason");
  }
  // Boost.JSON takes what follows the value, members that come twice, arrays in arrays, and halves of surrogates.
  if (!whole || !whole->is_object()) expect(!is_record, "what is no JSON object is no record");
}

}  // namespace libbcda::fuzz
