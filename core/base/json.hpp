// Parsing of untrusted JSON: bounded depth, only the first value, and lookups that do not throw.
#pragma once
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse_options.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace libbcda {

namespace json = boost::json;

// The maximum nesting of arrays and objects. The parser and the destructor of a value are recursive, so the depth must
// fit the stack.
inline constexpr std::size_t kMaxJsonDepth = 500;

// Parses the first JSON value of `text`. Text after it is ignored, because BCDA can put two documents into one body.
// Returns nullopt if the text is not JSON or is nested deeper than kMaxJsonDepth. `why` (nullable) then receives the
// reason, in a form that follows a subject: "is not JSON (syntax error at byte 17)". Throws std::bad_alloc.
std::optional<json::value> parse_json(std::string_view text, std::string* why = nullptr);

// Splits a sequence of JSON values (as `bcda manifest` prints them) into the text of each value. Returns nullopt if one
// is malformed; `why` as above.
std::optional<std::vector<std::string_view>> split_json_sequence(std::string_view text, std::string* why = nullptr);

// How every JSON text is parsed.
json::parse_options json_options();
// The reason why a text of `size` bytes is malformed, in a form that follows a subject.
std::string explain_json_error(const boost::system::error_code& error, std::size_t offset, std::size_t size);

// Whether a text has only the blanks that JSON allows between values.
bool is_blank_json(std::string_view text);

// The value of a string member, or "" if the member is missing or is not a string.
std::string string_member(const json::object& object, std::string_view name);

// Whether two objects have the same members, in any order. The operator of Boost.JSON 1.81 copies members, and without
// memory it ends the process.
bool same_members(const json::object& a, const json::object& b);

}  // namespace libbcda
