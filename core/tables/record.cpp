#include "tables/record.hpp"

#include <utility>

#include "base/json.hpp"
#include "base/utf8.hpp"
#include "base/words.hpp"
#include "tables/unicode_escape.hpp"

namespace libbcda::tables {
namespace {

constexpr const char* kTooDeep = "is nested deeper than 500 levels";

const char* skip_digits(const char* p, const char* end) {
  while (p != end && is_digit(*p)) ++p;
  return p;
}

// RFC 8259 section 6.
bool is_number(std::string_view text) {
  const char *p = text.data(), *end = p + text.size();
  if (p != end && *p == '-') ++p;
  if (p == end || !is_digit(*p)) return false;
  p = *p == '0' ? p + 1 : skip_digits(p, end);
  if (p != end && *p == '.') {
    const char* fraction = ++p;
    if ((p = skip_digits(p, end)) == fraction) return false;
  }
  if (p != end && (*p == 'e' || *p == 'E')) {
    if (++p != end && (*p == '+' || *p == '-')) ++p;
    const char* exponent = p;
    if ((p = skip_digits(p, end)) == exponent) return false;
  }
  return p == end;
}

// Writes the character of the escape whose backslash is before `p`, and returns the end of the escape. nullptr: JSON has
// no such escape, or it is half of a pair of surrogates.
const char* unescape(const char* p, const char* end, char*& out) {
  if (p == end) return nullptr;
  constexpr std::string_view kNames = "\"\\/bfnrt", kValues = "\"\\/\b\f\n\r\t";
  if (const auto found = kNames.find(*p); found != std::string_view::npos) {
    *out++ = kValues[found];
    return p + 1;
  }
  if (*p != 'u') return nullptr;
  const UnicodeEscape escape = read_unicode_escape({p + 1, end});
  if (escape.fault) return nullptr;
  write_utf8(escape.character, [&](char byte) { *out++ = byte; });
  return p + 1 + escape.size;
}

}  // namespace

const Node& RecordParser::parse(std::string_view line) {
  memory_.clear();
  line_ = line;
  at_ = 0;
  misfit_ = kNoName;
  marks_ = 0;
  has_escapes_ = line.find('\\') != std::string_view::npos;
  seen_.resize(projection_.names().size() + 1);
  try {
    if (line.size() > kLongestRecord) throw Malformed{"is longer than 128 MiB"};
    const auto tokens = scanner_.find(line);
    if (!tokens) throw Malformed();
    tokens_ = *tokens;
    Node& root = memory_.make();
    read_root(root);
    return root;
  } catch (const Malformed& malformed) {
    std::string why;
    if (malformed.reason) throw MalformedRecord{malformed.reason};
    constexpr std::size_t kMostExplained = 16 << 20;  // Boost.JSON makes a tree of it
    if (line.size() > kMostExplained || parse_json(line, &why)) why = "is not one JSON object";
    throw MalformedRecord{why};
  }
}

void RecordParser::read_root(Node& root) {
  if (peek() != '{') throw Malformed{"is not a JSON object"};
  read_object(root, projection_.root(), 0);
  if (at_ != tokens_.size()) throw Malformed{"has text after its JSON object"};
}

// ---- What is read ----------------------------------------------------------------------------------------------------

void RecordParser::read_object(Node& object, const Wanted& wanted, int depth) {
  if (depth >= kMostDepth) throw Malformed{kTooDeep};
  const std::size_t first_token = at_;
  const std::uint64_t number = ++objects_, outer_marks = std::exchange(marks_, 0);
  const Node** end = &object.first;
  const Node** past = nullptr;  // of the member before
  expect('{');
  if (!take('}')) {
    do {
      const MemberName name = projection_.names().find(take_string());
      expect(':');
      const Wanted* member = name.id == kNoName ? nullptr : wanted.member(name.id);
      if (!member) {
        skip_value(depth + 1);
        continue;
      }
      Seen& seen = seen_[name.id];
      if (seen.object == number && seen.type == name.type) throw Malformed{"has an object with the same member twice"};
      seen = {number, name.type};
      object.names |= Node::name_bit(name.id);
      const Node** const begin = end;
      read_member(end, *member, name, depth + 1);
      if (Node* const element = const_cast<Node*>(*begin)) {
        if (past) *past = element;
        past = &element->past;
      }
      seen_[name.id] = {number, name.type};  // an object within may have had such a member too
    } while (take(','));
    expect('}');
  }
  object.set_text(text_since(first_token));
  object.marks = marks_;
  marks_ |= outer_marks;
}

void RecordParser::read_member(const Node**& end, const Wanted& wanted, MemberName name, int depth) {
  if (peek() == '[')
    read_elements(end, wanted, name, depth);
  else
    add_value(end, wanted, name, depth);
}

void RecordParser::read_elements(const Node**& end, const Wanted& wanted, MemberName name, int depth) {
  expect('[');
  if (take(']')) return;
  do {
    if (peek() == '[') throw Malformed{"has an array within an array, which FHIR does not have"};
    add_value(end, wanted, name, depth);
  } while (take(','));
  expect(']');
}

void RecordParser::add_value(const Node**& end, const Wanted& wanted, MemberName name, int depth) {
  std::string_view text;
  Node* value = nullptr;
  const auto check_fit = [&](NodeKind kind) {
    const Wanted::Need need = wanted.need();
    if (need == Wanted::Need::anything || name.type != FhirType::unknown) return;
    if (kind == (need == Wanted::Need::object ? NodeKind::object : NodeKind::string)) return;
    misfit_ = name.id;
    misfit_need_ = need;
  };
  const auto make = [&](NodeKind kind) {
    value = &memory_.make();
    check_fit(kind);
    value->kind = kind;
    value->name = name.id;
    value->type = name.type;
  };
  switch (peek()) {
    case '{': {
      make(NodeKind::object);
      *end = value;  // before its own members, which do not belong to `object`
      end = &value->next;
      if (!wanted.leaf()) return read_object(*value, wanted, depth);
      const std::size_t first_token = at_;
      skip_object(depth);
      value->set_text(text_since(first_token));
      return;
    }
    case '"':
      make(NodeKind::string);
      text = take_string();
      if (wanted.is_compared()) marks_ |= projection_.literals().find(text);
      break;
    default:
      text = take_word();
      if (text == "null") return;
      make(text[0] == 't' || text[0] == 'f' ? NodeKind::boolean : NodeKind::number);
  }
  value->set_text(text);
  *end = value;
  end = &value->next;
}

// ---- What is skipped -------------------------------------------------------------------------------------------------

void RecordParser::skip_value(int depth) {
  switch (peek()) {
    case '{':
      return skip_object(depth);
    case '[':
      return skip_array(depth);
    case '"':
      has_escapes_ ? void(take_string()) : void(++at_);
      return;
    default:
      take_word();
  }
}

void RecordParser::skip_object(int depth) {
  if (depth >= kMostDepth) throw Malformed{kTooDeep};
  expect('{');
  if (take('}')) return;
  do {
    if (peek() != '"') throw Malformed();
    skip_value(depth);
    expect(':');
    skip_value(depth + 1);
  } while (take(','));
  expect('}');
}

void RecordParser::skip_array(int depth) {
  if (depth >= kMostDepth) throw Malformed{kTooDeep};
  expect('[');
  if (take(']')) return;
  do skip_value(depth + 1);
  while (take(','));
  expect(']');
}

// ---- Tokens ----------------------------------------------------------------------------------------------------------

std::string_view RecordParser::token_text() {
  const char* begin = line_.data() + tokens_[at_];
  const char* end = line_.data() + (at_ + 1 < tokens_.size() ? tokens_[at_ + 1] : line_.size());
  while (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r' || end[-1] == '\n') --end;
  return {begin, static_cast<std::size_t>(end - begin)};
}

std::string_view RecordParser::text_since(std::size_t first_token) const {
  const std::size_t begin = tokens_[first_token], end = tokens_[at_ - 1] + 1;
  return line_.substr(begin, end - begin);
}

std::string_view RecordParser::take_string() {
  if (peek() != '"') throw Malformed();
  const std::string_view text = token_text();
  ++at_;
  if (text.size() < 2 || text.back() != '"') throw Malformed();
  const std::string_view inside = text.substr(1, text.size() - 2);
  return has_escapes_ ? without_escapes(inside) : inside;
}

std::string_view RecordParser::take_word() {
  peek();
  const std::string_view text = token_text();
  ++at_;
  if (!is_number(text) && text != "true" && text != "false" && text != "null") throw Malformed();
  return text;
}

std::string_view RecordParser::without_escapes(std::string_view text) {
  if (text.find('\\') == std::string_view::npos) return text;
  char* const room = memory_.text(text.size());
  char* out = room;
  for (const char *p = text.data(), *end = p + text.size(); p != end;) {
    if (*p != '\\') {
      *out++ = *p++;
    } else if (p = unescape(p + 1, end, out); !p) {
      throw Malformed();
    }
  }
  return {room, static_cast<std::size_t>(out - room)};
}

}  // namespace libbcda::tables
