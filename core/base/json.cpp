#include "base/json.hpp"

#include <algorithm>
#include <boost/json/stream_parser.hpp>

#include <vector>

namespace libbcda {

json::parse_options json_options() {
  json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  return options;
}

std::string explain_json_error(const boost::system::error_code& ec, std::size_t offset, std::size_t size) {
  if (ec == json::error::too_deep) return "is nested deeper than " + std::to_string(kMaxJsonDepth) + " levels";
  if (size == 0) return "is not JSON (it is empty)";
  if (ec == json::error::incomplete)
    return "is not JSON (it ends within a value, after " + std::to_string(size) + " bytes)";
  return "is not JSON (" + ec.message() + " at byte " + std::to_string(offset) + ")";
}

namespace {

// Parses one value. `skipped` is its offset in the whole text. Returns the number of parsed characters, or nullopt.
std::optional<std::size_t> parse_one(std::string_view text, json::value& out, std::string* why,
                                     std::size_t skipped = 0) {
  json::stream_parser parser({}, json_options());
  boost::system::error_code ec;
  std::size_t used = parser.write_some(text.data(), text.size(), ec);
  if (!ec && !parser.done()) parser.finish(ec);  // a number at the top level ends only with the text
  if (ec) {
    if (why) *why = explain_json_error(ec, skipped + used, skipped + text.size());
    return std::nullopt;
  }
  out = parser.release();
  return used;
}

}  // namespace

std::optional<json::value> parse_json(std::string_view text, std::string* why) {
  json::value value;
  if (!parse_one(text, value, why)) return std::nullopt;
  return value;
}

std::optional<std::vector<std::string_view>> split_json_sequence(std::string_view text, std::string* why) {
  std::vector<std::string_view> parts;
  const std::size_t size = text.size();
  while (!is_blank_json(text)) {
    json::value ignored;
    auto used = parse_one(text, ignored, why, size - text.size());
    if (!used) return std::nullopt;
    parts.push_back(text.substr(0, *used));
    text.remove_prefix(*used);
  }
  return parts;
}

bool is_blank_json(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

std::string string_member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (!value || !value->is_string()) return {};
  return std::string(value->get_string());
}

namespace {

bool is_same(const json::value& a, const json::value& b) {
  if (a.is_object() && b.is_object()) return same_members(a.get_object(), b.get_object());
  if (!a.is_array() || !b.is_array()) return a == b;
  const json::array &one = a.get_array(), &other = b.get_array();
  return std::equal(one.begin(), one.end(), other.begin(), other.end(), is_same);
}

}  // namespace

bool same_members(const json::object& a, const json::object& b) {
  return a.size() == b.size() && std::all_of(a.begin(), a.end(), [&](const auto& member) {
           const json::value* other = b.if_contains(member.key());
           return other && is_same(member.value(), *other);
         });
}

}  // namespace libbcda
