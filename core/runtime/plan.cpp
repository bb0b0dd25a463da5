#include "runtime/plan.hpp"

#include <string>
#include <utility>

#include "bulk/kick_off.hpp"

namespace libbcda::runtime {
namespace {

// Replaces what follows the scheme: "Basic ***".
std::string hidden(const std::string& authorization) {
  return authorization.substr(0, authorization.find(' ')) + " ***";
}

json::object describe(const char* purpose, const http::Request& request) {
  json::object headers;
  for (const auto& [name, value] : request.headers)
    headers[name] = name == "Authorization" ? hidden(value) : value;
  return {{"purpose", purpose},
          {"method", request.method},
          {"url", request.url.text()},
          {"headers", std::move(headers)},
          {"body", request.body}};
}

bool asks_for_token(auth::Method method) { return method == auth::Method::basic || method == auth::Method::form; }

}  // namespace

json::array describe_plan(Session& session, const Settings& settings) {
  const Instant now = session.world()->clock().now().wall;
  const auth::Login& login = session.tokens().login();
  json::array plan;
  if (asks_for_token(login.method)) plan.push_back(describe("token", auth::token_request(login)));
  for (bulk::KickOff& kick_off : bulk::plan_kick_offs(session.service(), bulk::read_wish(settings), now)) {
    if (login.method != auth::Method::none) kick_off.request.headers.emplace_back("Authorization", "Bearer ***");
    plan.push_back(describe("kick-off", kick_off.request));
  }
  return plan;
}

}  // namespace libbcda::runtime
