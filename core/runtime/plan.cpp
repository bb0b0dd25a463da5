#include "runtime/plan.hpp"

#include <string>
#include <utility>

#include "auth/discovery.hpp"
#include "bulk/job.hpp"
#include "bulk/kick_off.hpp"

namespace libbcda::runtime {
namespace {

constexpr std::string_view kAssertion = "&client_assertion=";  // the last field of a form

// Replaces what follows the scheme: "Basic ***".
std::string hidden(const std::string& authorization) {
  return authorization.substr(0, authorization.find(' ')) + " ***";
}

json::object describe(const char* purpose, const http::Request& request) {
  json::object headers;
  for (const auto& [name, value] : request.headers) headers[name] = name == "Authorization" ? hidden(value) : value;
  return {{"purpose", purpose},
          {"method", request.method},
          {"url", request.url.text()},
          {"headers", std::move(headers)},
          {"body", request.body}};
}

// Without a signature, because one that was shown could be used.
json::object describe_token_request(const auth::Login& login, Instant now) {
  if (!login.token_url) return describe("discovery", auth::configuration_request(login.base));
  http::Request request = auth::token_request(login, *login.token_url, "***", now);
  if (const std::size_t at = request.body.find(kAssertion); at != std::string::npos) {
    wipe(request.body.data() + at, request.body.size() - at);
    request.body.resize(at);
    request.body += std::string(kAssertion) + "***";
  }
  return describe("token", request);
}

}  // namespace

json::array describe_plan(Session& session, const Settings& settings) {
  const Instant now = session.world()->clock().now().wall;
  const auth::Login& login = session.login();
  json::array plan;
  const bool has_key = login.method != auth::Method::smart || login.signing_key;
  if (asks_for_token(login.method) && has_key && (login.token_url || login.may_discover))
    plan.push_back(describe_token_request(login, now));
  for (bulk::KickOff& kick_off : bulk::plan_kick_offs(session.service(), bulk::read_wish(settings), now)) {
    const bool is_status = kick_off.running.has_value();
    http::Request request = is_status ? bulk::status_request(*kick_off.running) : std::move(kick_off.request);
    if (login.method != auth::Method::none) request.headers.emplace_back("Authorization", "Bearer ***");
    plan.push_back(describe(is_status ? "status" : "kick-off", request));
  }
  return plan;
}

}  // namespace libbcda::runtime
