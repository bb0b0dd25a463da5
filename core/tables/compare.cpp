#include "tables/compare.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "base/words.hpp"
#include "tables/date_time.hpp"

namespace libbcda::tables {
namespace {

bool equal_objects(const Node& a, const Node& b) {
  if (a.view() == b.view()) return true;
  const auto x = parse_json(a.view()), y = parse_json(b.view());
  return x && y && *x == *y;
}

std::string normalized(std::string_view text) {
  std::string made;
  for (const char c : text)
    if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
      made += lower(c);
    else if (!made.empty() && made.back() != ' ')
      made += ' ';
  if (!made.empty() && made.back() == ' ') made.pop_back();
  return made;
}

bool equivalent(const Node& a, const Node& b) {
  if (a.kind != NodeKind::string || b.kind != NodeKind::string) return equal(a, b);
  return normalized(a.view()) == normalized(b.view());
}

// Texts that are both dates or both times have the order of time.
std::optional<std::partial_ordering> order_of_time(std::string_view a, std::string_view b) {
  if (a.size() < 4 || b.size() < 4) return std::nullopt;
  if (const auto x = parse_date_time(a), y = parse_date_time(b); x && y) return compare(*x, *y);
  return std::nullopt;
}

std::strong_ordering strong(std::partial_ordering order) {
  return order < 0   ? std::strong_ordering::less
         : order > 0 ? std::strong_ordering::greater
                     : std::strong_ordering::equal;
}

}  // namespace

bool equal(const Node& a, const Node& b) {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case NodeKind::number:
      return a.view() == b.view() || number_of(a) == number_of(b);
    case NodeKind::object:
      return equal_objects(a, b);
    default:
      return a.view() == b.view();
  }
}

Truth equal(const Nodes& a, const Nodes& b) {
  if (a.empty() || b.empty()) return Truth::empty;
  return truth_of(
      std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Node* x, const Node* y) { return equal(*x, *y); }));
}

bool equivalent(const Nodes& a, const Nodes& b) {
  return std::is_permutation(a.begin(), a.end(), b.begin(), b.end(),
                             [](const Node* x, const Node* y) { return equivalent(*x, *y); });
}

std::optional<std::strong_ordering> order(const Node& a, const Node& b) {
  if (a.kind == NodeKind::number && b.kind == NodeKind::number) return number_of(a) <=> number_of(b);
  if (a.kind != NodeKind::string || b.kind != NodeKind::string)
    throw EvaluationError{"only two numbers or two texts can be compared by < and >"};
  if (const auto time = order_of_time(a.view(), b.view())) {
    if (*time == std::partial_ordering::unordered) return std::nullopt;
    return strong(*time);
  }
  return a.view().compare(b.view()) <=> 0;
}

Decimal number_of(const Node& node) {
  if (node.kind != NodeKind::number) throw EvaluationError{"a number is needed"};
  const auto value = Decimal::parse(node.view());
  if (!value) throw EvaluationError{"a number has more than 38 digits"};
  return *value;
}

}  // namespace libbcda::tables
