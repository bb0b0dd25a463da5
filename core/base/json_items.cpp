#include "base/json_items.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <array>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/quote.hpp"

namespace libbcda {
namespace {

constexpr std::size_t kLargestItem = 16 << 20;

void append(std::string& text, std::string_view part) {
  if (text.size() + part.size() > kLargestItem)
    throw Malformed{"has a member or an item of more than " + std::to_string(kLargestItem) + " bytes"};
  text += part;
}

// Texts are limited where they are kept, not by the parser.
struct NoLimits {
  static constexpr std::size_t max_object_size = std::size_t(-1), max_array_size = std::size_t(-1),
                               max_key_size = std::size_t(-1), max_string_size = std::size_t(-1);
};

// Receives the events of the parser. The parser is fed so that a piece ends behind each bracket and each quotation
// mark. So an event of a list, an object or a string always belongs to the last character of the piece.
class Handler : public NoLimits {
 public:
  using error_code = boost::system::error_code;
  using view = json::string_view;

  Handler(JsonItems::OnMember on_member, JsonItems::OnItem on_item)
      : on_member_(std::move(on_member)), on_item_(std::move(on_item)) {}

  // A piece comes next, which begins at the offset `begin` of the document.
  void before(std::string_view piece, std::uint64_t begin) {
    end_ = begin + piece.size();
    if (in_item()) append(item_, piece);
    string_ended_ = false;
  }
  // The piece was parsed.
  void after(std::string_view piece) {
    if (string_ended_)
      in_string_ = false;
    else if (piece.ends_with('"') && !std::exchange(in_string_, true))
      quote_ = end_ - 1;
  }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) {
    begin(true);
    return true;
  }
  bool on_object_end(std::size_t, error_code&) {
    names_.pop_back();
    end();
    return true;
  }
  bool on_array_begin(error_code&) {
    begin(false);
    return true;
  }
  bool on_array_end(std::size_t, error_code&) {
    end();
    return true;
  }
  bool on_key_part(view part, std::size_t, error_code&) {
    append(text_, part);
    return true;
  }
  bool on_key(view last, std::size_t, error_code&) {
    append(text_, last);
    string_ended_ = true;
    if (!names_.back().insert(std::hash<std::string_view>()(text_)).second)
      throw Malformed{"has the member " + quote(text_) + " twice in one object"};
    if (depth_ == 1) member_ = std::move(text_);
    if (depth_ == 2) key_ = std::move(text_);
    text_.clear();
    return true;
  }
  bool on_string_part(view part, std::size_t, error_code&) {
    if (depth_ <= 2) append(text_, part);
    return true;
  }
  bool on_string(view last, std::size_t, error_code&) {
    string_ended_ = true;
    if (depth_ > 2) return true;
    append(text_, last);
    report(json::value(json::string_view(text_)), {quote_, static_cast<std::uint32_t>(end_ - quote_)});
    text_.clear();
    return true;
  }
  bool on_number_part(view, error_code&) { return true; }
  bool on_int64(std::int64_t number, view, error_code&) { return scalar(number); }
  bool on_uint64(std::uint64_t number, view, error_code&) { return scalar(number); }
  bool on_double(double number, view, error_code&) { return scalar(number); }
  bool on_bool(bool value, error_code&) { return scalar(value); }
  bool on_null(error_code&) { return scalar(nullptr); }
  bool on_comment_part(view, error_code&) { return true; }
  bool on_comment(view, error_code&) { return true; }

 private:
  bool in_item() const { return depth_ > 2; }

  bool scalar(const json::value& value) {
    if (depth_ <= 2) report(value, {});
    return true;
  }

  void begin(bool is_object) {
    if (depth_ == 0 && !is_object) throw Malformed{"is not a JSON object"};
    if (depth_ == 1) {
      key_.clear();
      on_member_(member_, is_object ? json::value(json::object()) : json::value(json::array()));
    }
    if (depth_ == 2) {
      item_ = is_object ? "{" : "[";
      item_begin_ = end_ - 1;
    }
    ++depth_;
    if (is_object) names_.emplace_back();
  }

  void end() {
    if (--depth_ != 2) return;
    const auto item = parse_json(item_);
    if (!item) throw Malformed{"is not JSON"};
    report(*item, {item_begin_, static_cast<std::uint32_t>(item_.size())});
    item_.clear();
  }

  void report(const json::value& value, JsonItems::Place place) {
    if (depth_ == 0) throw Malformed{"is not a JSON object"};
    depth_ == 1 ? on_member_(member_, value) : on_item_(member_, key_, value, place);
  }

  JsonItems::OnMember on_member_;
  JsonItems::OnItem on_item_;
  std::size_t depth_ = 0;                               // of open lists and objects
  std::vector<std::unordered_set<std::size_t>> names_;  // hashes of the names in each open object
  std::string member_, key_;                            // where the parser is
  std::string text_;                                    // the name or string that is being read
  std::string item_;                                    // the text of the list or object that is being read as an item
  std::uint64_t item_begin_ = 0, quote_ = 0, end_ = 0;
  bool in_string_ = false, string_ended_ = false;
};

// Stops the parser at the wanted member of the outermost object.
class MemberFinder : public NoLimits {
 public:
  using error_code = boost::system::error_code;
  using view = json::string_view;

  explicit MemberFinder(std::string_view name) : name_(name) {}
  const std::string& value() const { return value_; }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return enter(); }
  bool on_object_end(std::size_t, error_code&) { return leave(); }
  bool on_array_begin(error_code&) { return enter(); }
  bool on_array_end(std::size_t, error_code&) { return leave(); }
  bool on_key_part(view part, std::size_t, error_code&) {
    if (depth_ == 1) key_ += part;
    return true;
  }
  bool on_key(view last, std::size_t, error_code&) {
    if (depth_ != 1) return true;
    key_ += last;
    is_wanted_ = key_ == name_;
    key_.clear();
    return true;
  }
  bool on_string_part(view part, std::size_t, error_code&) {
    if (is_value()) value_ += part;
    return true;
  }
  bool on_string(view last, std::size_t, error_code& ec) {
    if (!is_value()) return true;
    value_ += last;
    ec = json::error::extra_data;  // any error ends the parsing
    return false;
  }
  bool on_number_part(view, error_code&) { return true; }
  bool on_int64(std::int64_t, view, error_code&) { return true; }
  bool on_uint64(std::uint64_t, view, error_code&) { return true; }
  bool on_double(double, view, error_code&) { return true; }
  bool on_bool(bool, error_code&) { return true; }
  bool on_null(error_code&) { return true; }
  bool on_comment_part(view, error_code&) { return true; }
  bool on_comment(view, error_code&) { return true; }

 private:
  bool is_value() const { return depth_ == 1 && is_wanted_; }
  bool enter() { return ++depth_ > 0; }
  bool leave() {
    --depth_;
    return true;
  }

  std::string_view name_;
  std::string key_, value_;
  std::size_t depth_ = 0;  // of open lists and objects
  bool is_wanted_ = false;
};

constexpr std::array<bool, 256> ends_piece() {
  std::array<bool, 256> table{};
  for (const char c : {'{', '}', '[', ']', '"'}) table[static_cast<unsigned char>(c)] = true;
  return table;
}

// The bytes up to the next bracket or quotation mark.
std::string_view next_piece(std::string_view bytes) {
  static constexpr auto ends = ends_piece();
  std::size_t size = 0;
  while (size < bytes.size() && !ends[static_cast<unsigned char>(bytes[size])]) ++size;
  return bytes.substr(0, std::min(size + 1, bytes.size()));
}

}  // namespace

struct JsonItems::State {
  State(OnMember on_member, OnItem on_item) : parser(json_options(), std::move(on_member), std::move(on_item)) {}

  void parse(bool more, std::string_view piece) {
    boost::system::error_code ec;
    const std::size_t used = parser.write_some(more, piece.data(), piece.size(), ec);
    if (ec) throw Malformed{explain_json_error(ec, size + used, size + piece.size())};
    size += used;
  }

  json::basic_parser<Handler> parser;
  std::uint64_t size = 0;  // of the document, so far
};

JsonItems::JsonItems(OnMember on_member, OnItem on_item)
    : state_(std::make_unique<State>(std::move(on_member), std::move(on_item))) {}

JsonItems::~JsonItems() = default;

std::size_t JsonItems::feed(std::string_view bytes) {
  const std::uint64_t before = state_->size;
  while (!bytes.empty() && !done()) {
    const std::string_view piece = next_piece(bytes);
    Handler& handler = state_->parser.handler();
    handler.before(piece, state_->size);
    state_->parse(true, piece);
    handler.after(piece);
    bytes.remove_prefix(piece.size());
  }
  return static_cast<std::size_t>(state_->size - before);
}

void JsonItems::finish() {
  if (!done()) state_->parse(false, "");
}

bool JsonItems::done() const { return state_->parser.done(); }

std::string find_string_member(std::string_view text, std::string_view name) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == text.npos || text[begin] != '{') return "";
  json::basic_parser<MemberFinder> parser(json_options(), name);
  boost::system::error_code ec;
  parser.write_some(false, text.data(), text.size(), ec);
  return parser.handler().value();
}

}  // namespace libbcda
