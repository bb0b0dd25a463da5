#include "base/json.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/stream_parser.hpp>

#include <set>
#include <vector>

namespace libbcda {
namespace {

json::parse_options bounded() {
  json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  return options;
}

// A handler that checks only member names. It is needed because Boost.JSON keeps the last of two equal names.
struct DuplicateFinder {
  static constexpr std::size_t max_object_size = std::size_t(-1), max_array_size = std::size_t(-1),
                               max_key_size = std::size_t(-1), max_string_size = std::size_t(-1);
  using error_code = boost::system::error_code;
  using view = json::string_view;

  std::vector<std::set<std::string>> objects;
  std::string partial;
  std::optional<std::string> found;

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) {
    objects.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t, error_code&) {
    objects.pop_back();
    return true;
  }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t, error_code&) { return true; }
  bool on_key_part(view part, std::size_t, error_code&) {
    partial.append(part.data(), part.size());
    return true;
  }
  bool on_key(view last, std::size_t, error_code& ec) {
    partial.append(last.data(), last.size());
    if (!objects.back().insert(partial).second) {
      found = partial;
      ec = json::error::syntax;
      return false;
    }
    partial.clear();
    return true;
  }
  bool on_string_part(view, std::size_t, error_code&) { return true; }
  bool on_string(view, std::size_t, error_code&) { return true; }
  bool on_number_part(view, error_code&) { return true; }
  bool on_int64(std::int64_t, view, error_code&) { return true; }
  bool on_uint64(std::uint64_t, view, error_code&) { return true; }
  bool on_double(double, view, error_code&) { return true; }
  bool on_bool(bool, error_code&) { return true; }
  bool on_null(error_code&) { return true; }
  bool on_comment_part(view, error_code&) { return true; }
  bool on_comment(view, error_code&) { return true; }
};

// The reason why a text of `size` bytes is malformed, in a form that follows a subject.
std::string explain(const boost::system::error_code& ec, std::size_t offset, std::size_t size) {
  if (ec == json::error::too_deep) return "is nested deeper than " + std::to_string(kMaxJsonDepth) + " levels";
  if (size == 0) return "is not JSON (it is empty)";
  if (ec == json::error::incomplete)
    return "is not JSON (it ends within a value, after " + std::to_string(size) + " bytes)";
  return "is not JSON (" + ec.message() + " at byte " + std::to_string(offset) + ")";
}

// Parses one value. `skipped` is its offset in the whole text. Returns the number of parsed characters, or nullopt.
std::optional<std::size_t> parse_one(std::string_view text, json::value& out, std::string* why,
                                     std::size_t skipped = 0) {
  json::stream_parser parser({}, bounded());
  boost::system::error_code ec;
  std::size_t used = parser.write_some(text.data(), text.size(), ec);
  if (!ec && !parser.done()) parser.finish(ec);  // a number at the top level ends only with the text
  if (ec) {
    if (why) *why = explain(ec, skipped + used, skipped + text.size());
    return std::nullopt;
  }
  out = parser.release();
  return used;
}

bool blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

}  // namespace

std::optional<json::value> parse_json(std::string_view text, std::string* why) {
  json::value value;
  if (!parse_one(text, value, why)) return std::nullopt;
  return value;
}

std::optional<std::vector<std::string_view>> split_json_sequence(std::string_view text, std::string* why) {
  std::vector<std::string_view> parts;
  const std::size_t size = text.size();
  while (!blank(text)) {
    json::value ignored;
    auto used = parse_one(text, ignored, why, size - text.size());
    if (!used) return std::nullopt;
    parts.push_back(text.substr(0, *used));
    text.remove_prefix(*used);
  }
  return parts;
}

std::optional<std::string> duplicate_member(std::string_view text) {
  json::basic_parser<DuplicateFinder> parser(bounded());
  boost::system::error_code ec;
  parser.write_some(false, text.data(), text.size(), ec);
  return parser.handler().found;
}

std::string string_member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (!value || !value->is_string()) return {};
  return std::string(value->get_string());
}

}  // namespace libbcda
