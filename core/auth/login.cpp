#include "auth/login.hpp"

#include <algorithm>
#include <cctype>

#include "base/error.hpp"
#include "files/file.hpp"

namespace libbcda::auth {
namespace {

constexpr std::size_t kLargestToken = 64 << 10;

// What auth=auto means when the profile does not say it.
std::string by_credentials(const Login& login) { return login.client_id.empty() ? "none" : "form"; }

Method method_named(const std::string& name) {
  if (name == "basic") return Method::basic;
  if (name == "form") return Method::form;
  if (name == "token") return Method::token;
  if (name == "none") return Method::none;
  throw Error(Status::INVALID_ARGUMENT, "the setting auth: " + name + " is not available yet; give access_token");
}

Method choose_method(const Settings& settings, const Profile& profile, const Login& login) {
  const std::string asked = settings.text("auth");
  if (asked != "auto") return method_named(asked);
  if (!login.access_token.empty() || !login.access_token_file.empty()) return Method::token;
  return method_named(profile.auth.empty() ? by_credentials(login) : profile.auth);
}

// A path of the profile starts at the origin of the service ("/auth/token") or at its FHIR base ("Token/auth").
http::Url find_token_url(const Settings& settings, const Service& service) {
  if (const std::string url = settings.text("token_url"); !url.empty())
    return read_url(url, "token_url", settings.boolean("allow_http"));
  const std::string& path = service.profile.token_url;
  if (path.find("://") != std::string::npos)
    return read_url(path, "profile (its field token_url)", settings.boolean("allow_http"));
  http::Url url = service.origin;
  if (path.empty()) return url;
  url.target = path.starts_with('/') ? path : service.base + "/" + path;
  return url;
}

}  // namespace

Login read_login(const Settings& settings, const Service& service) {
  Login login;
  login.client_id = std::string(settings.credential("client_id").reveal());
  login.client_secret = settings.credential("client_secret");
  if (login.client_id.find(':') != std::string::npos)
    throw Error(Status::INVALID_ARGUMENT,
                "the setting client_id holds a colon, which Basic authentication has no room for");
  login.access_token = settings.secret("access_token");
  login.access_token_file = settings.text("access_token_file");
  login.method = choose_method(settings, service.profile, login);
  login.token_url = find_token_url(settings, service);
  login.scope = settings.text("scope").empty() ? service.profile.scope : settings.text("scope");
  return login;
}

std::string missing_credential(const Login& login) {
  if (login.method == Method::none) return "";
  if (login.method == Method::token)
    return login.access_token.empty() && login.access_token_file.empty() ? "access_token (or access_token_file)" : "";
  if (login.client_id.empty()) return "client_id";
  if (login.client_secret.empty()) return "client_secret (or client_secret_file)";
  return login.token_url.target == "/" ? "token_url" : "";
}

http::Request token_request(const Login& login) {
  http::Request request;
  request.method = "POST";
  request.url = login.token_url;
  std::string pair = login.client_id + ":" + std::string(login.client_secret.reveal());
  request.headers = {{"Authorization", "Basic " + to_base64(as_bytes(pair))}, {"Accept", "application/json"}};
  wipe(pair.data(), pair.size());
  if (login.method != Method::form) return request;
  request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  request.body = "grant_type=client_credentials";
  if (!login.scope.empty()) request.body += "&scope=" + http::percent_encode(login.scope);
  return request;
}

Secret token_at_hand(const Login& login) {
  if (!login.access_token.empty()) return login.access_token;
  const Secret file = files::read_secret_file(login.access_token_file, kLargestToken, "access token file");
  std::string_view text = file.reveal();
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  if (text.empty())
    throw Error(Status::AUTHENTICATION, "the setting access_token_file: " + login.access_token_file + " is empty");
  return Secret(text);
}

}  // namespace libbcda::auth
