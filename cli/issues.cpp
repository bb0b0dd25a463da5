#include "issues.hpp"

#include <boost/json/parse.hpp>

#include <string_view>

namespace cli {
namespace {

namespace json = boost::json;

bool is_harmless(const json::value& issue) {
  const json::object* object = issue.if_object();
  const json::value* severity = object ? object->if_contains("severity") : nullptr;
  const json::string* text = severity ? severity->if_string() : nullptr;
  return text && (*text == "warning" || *text == "information");
}

// A line of an error file: an OperationOutcome.
bool is_harmless(std::string_view line) {
  boost::system::error_code malformed;
  const json::value outcome = json::parse(line, malformed);
  const json::object* object = malformed ? nullptr : outcome.if_object();
  const json::value* member = object ? object->if_contains("issue") : nullptr;
  const json::array* issues = member ? member->if_array() : nullptr;
  if (!issues || issues->empty()) return false;
  for (const json::value& issue : *issues)
    if (!is_harmless(issue)) return false;
  return true;
}

}  // namespace

bool says_something_is_missing(const bcda::Result& result) {
  for (const bcda::File file : result) {
    if (!file.is_error()) continue;
    bcda::Reader reader{std::string(file.path())};
    for (const std::string_view line : reader)
      if (!is_harmless(line)) return true;
  }
  return false;
}

}  // namespace cli
