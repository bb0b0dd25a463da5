#include "tables/compare.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include "base/json.hpp"
#include "base/words.hpp"
#include "tables/date_time.hpp"

namespace libbcda::tables {
namespace {

std::string canonical_number(std::string_view text) {
  const auto value = Decimal::parse(text);
  if (!value) return std::string(text);
  std::string digits = value->to_text();
  if (value->scale() > 0) {
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.back() == '.') digits.pop_back();
  }
  return digits == "-0" ? "0" : digits;
}

// Writes the JSON text of an object, which the record parser has checked, with its members sorted and its numbers in
// one form.
class Canonical {
 public:
  explicit Canonical(std::string_view text) : text_(text) {}

  std::string value() {
    skip_blanks();
    switch (text_[at_]) {
      case '{':
        return object();
      case '[':
        return array();
      case '"':
        return string();
      default:
        return word();
    }
  }

 private:
  void skip_blanks() {
    while (std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }
  std::string string() {
    const std::size_t begin = at_++;
    while (text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    const std::string_view raw = text_.substr(begin, ++at_ - begin);
    if (raw.find('\\') == std::string_view::npos) return std::string(raw);
    const auto parsed = parse_json(raw);  // one way to write each character
    return parsed ? json::serialize(*parsed) : std::string(raw);
  }
  std::string word() {
    const std::size_t begin = at_;
    at_ = std::min(text_.find_first_of(",]} \t\r\n", at_), text_.size());
    return canonical_number(text_.substr(begin, at_ - begin));
  }
  std::string array() {
    std::string made = "[";
    ++at_;
    for (bool more = !closes(']'); more; more = separates(']')) made += value() + ",";
    return made + "]";
  }
  std::string object() {
    std::map<std::string, std::string> members;
    ++at_;
    for (bool more = !closes('}'); more; more = separates('}')) {
      skip_blanks();
      std::string name = string();
      skip_blanks();
      ++at_;  // the colon
      members[std::move(name)] = value();
    }
    std::string made = "{";
    for (const auto& [name, value] : members) made += name + ":" + value + ",";
    return made + "}";
  }
  bool closes(char close) {
    skip_blanks();
    return text_[at_] == close && ++at_;
  }
  bool separates(char close) {
    if (closes(close)) return false;
    ++at_;  // the comma
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

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

std::vector<std::string> equivalents(const Nodes& nodes) {
  std::vector<std::string> texts;
  for (const Node* node : nodes)
    texts.push_back(node->kind == NodeKind::string ? "s" + normalized(node->view()) : canonical(*node));
  std::sort(texts.begin(), texts.end());
  return texts;
}

// Texts that are both dates or both times have the order of time.
std::optional<std::partial_ordering> order_of_time(std::string_view a, std::string_view b) {
  if (const auto x = parse_date_time(a), y = parse_date_time(b); x && y) return compare(*x, *y);
  if (const auto x = parse_time_of_day(a), y = parse_time_of_day(b); x && y && a.size() > 2 && b.size() > 2)
    return compare(*x, *y);
  return std::nullopt;
}

std::strong_ordering strong(std::partial_ordering order) {
  return order < 0   ? std::strong_ordering::less
         : order > 0 ? std::strong_ordering::greater
                     : std::strong_ordering::equal;
}

}  // namespace

std::string canonical(const Node& node) {
  switch (node.kind) {
    case NodeKind::object:
      return Canonical(node.view()).value();
    case NodeKind::number:
      return canonical_number(node.view());
    case NodeKind::boolean:
      return "b" + std::string(node.view());
    case NodeKind::string:
      break;
  }
  return "s" + std::string(node.view());
}

bool equal(const Node& a, const Node& b) {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case NodeKind::number:
      return a.view() == b.view() || number_of(a) == number_of(b);
    case NodeKind::object:
      return a.view() == b.view() || canonical(a) == canonical(b);
    default:
      return a.view() == b.view();
  }
}

Truth equal(const Nodes& a, const Nodes& b) {
  if (a.empty() || b.empty()) return Truth::empty;
  return truth_of(
      std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Node* x, const Node* y) { return equal(*x, *y); }));
}

bool equivalent(const Nodes& a, const Nodes& b) { return equivalents(a) == equivalents(b); }

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

std::int64_t integer_of(const Node& node, const char* reason) {
  const auto whole = number_of(node).at_scale(0, 18);
  if (!whole) throw EvaluationError{reason};
  return static_cast<std::int64_t>(*whole);
}

}  // namespace libbcda::tables
