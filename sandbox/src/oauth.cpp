#include "oauth.hpp"

#include <algorithm>

#include "credentials.hpp"
#include "today_query.hpp"

namespace libbcda::sandbox::bulk {
namespace {

using Form = std::map<std::string, std::string>;

constexpr const char* kFormType = "application/x-www-form-urlencoded";

Response oauth_error(int status, const std::string& error, const std::string& description) {
  Response response =
      json_answer(status, "{\"error\":\"" + error + "\",\"error_description\":" + plain_json_string(description) + "}");
  response.headers["Content-Type"] = "application/json; charset=utf-8";
  return response;
}

std::string field(const Form& form, const char* name) {
  const auto found = form.find(name);
  return found == form.end() ? "" : found->second;
}

Form read_form(const Request& request) {
  Form form;
  for (auto& [name, value] : today::parse_query("?" + request.body)) form.emplace(name, value);
  for (auto& [name, value] : today::parse_query(request.target)) form.emplace(name, value);  // as AB2D's examples do
  return form;
}

// Why the scopes are refused. A v2 scope has letters of "cruds"; only reading is granted.
std::string check_scope(const std::string& scopes, const Dialect& dialect) {
  if (scopes.empty()) return "Empty scope";
  if (*dialect.scope)
    return scopes == dialect.scope ? "" : "Only the scope " + std::string(dialect.scope) + " is granted";
  for (const std::string& scope : today::split(scopes, ' ')) {
    const std::size_t slash = scope.find('/'), dot = scope.rfind('.');
    if (slash == std::string::npos || dot == std::string::npos || dot < slash) return "Invalid scope \"" + scope + "\"";
    const std::string type = scope.substr(slash + 1, dot - slash - 1), rights = scope.substr(dot + 1);
    if (rights != "read" && rights != "rs" && rights != "r" && rights != "s")
      return "Cannot grant permissions to create resources requested by scope \"" + scope + "\"";
    if (type != "*" && std::find(dialect.types.begin(), dialect.types.end(), type) == dialect.types.end())
      return "Resources of type \"" + type + "\" do not exist on this server (requested by scope \"" + scope + "\")";
  }
  return "";
}

std::optional<Response> check_grant(const Form& form) {
  const std::string grant = field(form, "grant_type");
  if (grant.empty()) return oauth_error(400, "invalid_grant", "Missing grant_type parameter");
  if (grant == "client_credentials") return std::nullopt;
  return oauth_error(400, "unsupported_grant_type", "The grant_type parameter should equal 'client_credentials'");
}

Response granted(const std::string& token, const std::string& scope, std::int64_t seconds) {
  Response response =
      json_answer(200, R"({"token_type":"bearer","scope":)" + plain_json_string(scope) +
                           ",\"expires_in\":" + std::to_string(seconds) + ",\"access_token\":\"" + token + "\"}");
  response.headers["Content-Type"] = "application/json; charset=utf-8";
  return response;
}

std::int64_t whole_seconds(Duration time) { return std::chrono::floor<std::chrono::seconds>(time).count(); }

}  // namespace

std::string token_url(const Dialect& dialect, const std::string& origin) {
  return origin + (dialect.token_path.starts_with('/') ? "" : dialect.base + "/") + dialect.token_path;
}

Response Oauth::answer(const Request& request, const Dialect& dialect, const Options& options, Time now) {
  if (request.method != "POST") return empty_answer(405);
  if (!request.header("content-type").starts_with(kFormType))
    return oauth_error(400, "invalid_request",
                       "Invalid request content-type header (must be 'application/x-www-form-urlencoded')");
  const Form form = read_form(request);
  if (auto refused = check_grant(form)) return *refused;
  return dialect.login == Login::smart ? signed_request(form, request, dialect, options, now)
                                       : form_request(form, request, dialect, options, now);
}

Response Oauth::signed_request(const Form& form, const Request& request, const Dialect& dialect, const Options& options,
                               Time now) {
  const std::string type = field(form, "client_assertion_type");
  if (type.empty()) return oauth_error(400, "invalid_request", "Missing client_assertion_type parameter");
  if (type != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
    return oauth_error(400, "invalid_request", "Invalid client_assertion_type parameter");
  const std::string audience = token_url(dialect, base_url(request));
  const Verdict verdict = verify(field(form, "client_assertion"), client_, audience, now);
  if (!verdict.error.empty()) return oauth_error(400, verdict.error, verdict.description);
  if (dialect.remembers_jti && !is_new(verdict.id))
    return oauth_error(400, "invalid_client", "The assertion has no jti, or its jti was used before");
  const std::string scope = field(form, "scope");
  if (const std::string why = check_scope(scope, dialect); !why.empty()) return oauth_error(400, "invalid_scope", why);
  if (verdict.no_expiry) {
    Response response;
    response.body = "Error: \"expiresIn\" should be a number of seconds or string representing a timespan";
    return response;
  }
  const Duration lifetime = std::min<Duration>(options.token_lifetime.value_or(dialect.token_lifetime),
                                               std::chrono::seconds(verdict.seconds_left));
  return granted(tokens_.issue(client_.client_id, now, lifetime), scope, whole_seconds(lifetime));
}

Response Oauth::form_request(const Form& form, const Request& request, const Dialect& dialect, const Options& options,
                             Time now) {
  const auto credentials = basic_credentials(request.header("authorization"));
  if (!credentials || !is_known(*credentials, options))
    return oauth_error(401, "invalid_client", "The client secret supplied for a confidential client is invalid.");
  const std::string scope = field(form, "scope");
  if (const std::string why = check_scope(scope, dialect); !why.empty()) return oauth_error(400, "invalid_scope", why);
  const Duration lifetime = options.token_lifetime.value_or(dialect.token_lifetime);
  return granted(tokens_.issue(credentials->id, now, lifetime), scope, whole_seconds(lifetime));
}

bool Oauth::is_new(const std::string& assertion_id) {
  std::lock_guard lock(mutex_);
  return !assertion_id.empty() && used_.insert(assertion_id).second;
}

Response smart_configuration(const Dialect& dialect, const std::string& origin) {
  std::string scopes = "\"system/*.rs\"";
  for (const std::string& type : dialect.types) scopes += ",\"system/" + type + ".rs\"";
  Response response = json_answer(
      200, "{\"token_endpoint\":\"" + token_url(dialect, origin) +
               R"(","token_endpoint_auth_methods_supported":["private_key_jwt"],)"
               R"("token_endpoint_auth_signing_alg_values_supported":["RS384","ES384"],)"
               R"("grant_types_supported":["client_credentials"],"scopes_supported":[)" +
               scopes + R"(],"capabilities":["client-confidential-asymmetric","permission-v1","permission-v2"]})");
  response.headers["Content-Type"] = "application/json; charset=utf-8";
  return response;
}

}  // namespace libbcda::sandbox::bulk
