#include "plan.hpp"

#include <boost/json/parse.hpp>

#include <string>

#include "streams.hpp"

namespace cli {
namespace {

namespace json = boost::json;

std::string text_of(const json::object& request, const char* name) { return std::string(request.at(name).as_string()); }

// As the request is sent, with its purpose before it.
std::string described(const json::object& request) {
  std::string out = "# " + text_of(request, "purpose") + '\n';
  out += text_of(request, "method") + ' ' + text_of(request, "url") + '\n';
  for (const auto& [name, value] : request.at("headers").as_object())
    out += std::string(name) + ": " + std::string(value.as_string()) + '\n';
  const std::string body = text_of(request, "body");
  return out + (body.empty() ? "" : '\n' + body + '\n');
}

}  // namespace

int print_plan(const bcda::Client& client, bool as_json) {
  std::string out;
  const std::string text = client.plan();
  if (as_json) return print(text + '\n'), 0;
  const json::value plan = json::parse(text);
  for (const json::value& request : plan.as_array()) out += (out.empty() ? "" : "\n") + described(request.as_object());
  print(out);
  return 0;
}

}  // namespace cli
