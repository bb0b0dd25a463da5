// JSON from hostile places: bounded depth, first value only, no duplicate members, lookups that do not throw.
#pragma once
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace libbcda {

namespace json = boost::json;

// Arrays and objects in each other. The parser recurses and so does a value's destructor, so a stack has to bear it.
inline constexpr std::size_t kMaxJsonDepth = 500;

// The first JSON value of `text`; what follows it is ignored (BCDA can put two documents into one body).
// nullopt when it is not JSON or is nested deeper than kMaxJsonDepth. `why` (nullable) then says which, to follow a
// subject: "is not JSON (syntax error at byte 17)". Throws std::bad_alloc when memory runs out.
std::optional<json::value> parse_json(std::string_view text, std::string* why = nullptr);

// The text of each value where several stand one after another (as `bcda manifest` prints them). nullopt when one is
// malformed; `why` as above.
std::optional<std::vector<std::string_view>> split_json_sequence(std::string_view text, std::string* why = nullptr);

// The name of a member that occurs twice in one object anywhere in `text`, if there is one.
std::optional<std::string> duplicate_member(std::string_view text);

// A member that is a string, or "" when it is missing or of another kind.
std::string string_member(const json::object& object, std::string_view name);

}  // namespace libbcda
