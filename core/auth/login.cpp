#include "auth/login.hpp"

#include <algorithm>
#include <cctype>

#include "auth/assertion.hpp"
#include "base/error.hpp"
#include "files/file.hpp"
#include "http/form.hpp"

namespace libbcda::auth {
namespace {

constexpr std::size_t kLargestToken = 64 << 10;
constexpr std::size_t kShortestKey = 100;  // an EC key in Base64 has more

// What auth=auto means when the profile does not say it.
std::string by_credentials(const Login& login) {
  return login.signing_key ? "smart" : login.client_id.empty() ? "none" : "form";
}

Method method_named(const std::string& name) {
  if (name == "basic") return Method::basic;
  if (name == "form") return Method::form;
  if (name == "smart") return Method::smart;
  if (name == "token") return Method::token;
  if (name == "none") return Method::none;
  throw Error(Status::INVALID_ARGUMENT,
              "the setting profile_file: the field auth takes basic, form, smart, none or \"\"");
}

Method choose_method(const Settings& settings, const Profile& profile, const Login& login) {
  const std::string asked = settings.text("auth");
  if (asked != "auto") return method_named(asked);
  if (!login.access_token.empty() || !login.access_token_file.empty()) return Method::token;
  return method_named(profile.auth.empty() ? by_credentials(login) : profile.auth);
}

// The profile's token URL for this host.
std::string token_url_of(const Service& service) {
  const auto of_host = service.profile.token_urls.find(std::string(service.origin.tls_name()));
  return of_host != service.profile.token_urls.end() ? of_host->second : service.profile.token_url;
}

bool is_absolute(const std::string& url) { return url.find("://") != std::string::npos; }

// Whether the profile's token URL is at another organization than the service. The table knows such a URL for the hosts
// of its row. At another host, the secret for that host would go there.
bool is_foreign(const Service& service) {
  const Profile& profile = service.profile;
  const std::string host(service.origin.tls_name());
  const bool from_table = std::any_of(profiles().begin(), profiles().end(),
                                      [&](const Profile& row) { return row.token_url == profile.token_url; });
  return is_absolute(token_url_of(service)) && from_table && !profile.token_urls.count(host) &&
         std::find(profile.hosts.begin(), profile.hosts.end(), host) == profile.hosts.end();
}

// A path of the profile starts at the origin of the service ("/auth/token") or at its FHIR base ("Token/auth").
std::optional<TokenEndpoint> find_token_url(const Settings& settings, const Service& service) {
  const bool allow_http = settings.boolean("allow_http");
  if (const std::string url = settings.text("token_url"); !url.empty())
    return TokenEndpoint{read_url(url, "token_url", allow_http), url};
  const std::string path = token_url_of(service);
  if (path.empty() || is_foreign(service)) return std::nullopt;
  if (is_absolute(path)) return TokenEndpoint{read_url(path, "profile (its field token_url)", allow_http), path};
  const http::Url url = service.at_origin_or_base(path);
  return TokenEndpoint{url, url.text()};
}

std::optional<crypto::SigningKey> load_signing_key(const Settings& settings) {
  const Secret text = settings.secret("signing_key_text");
  const std::string path = settings.text("signing_key");
  if (text.empty() && path.empty()) return std::nullopt;
  const Secret passphrase = settings.secret_or_file("signing_key_passphrase");
  const std::string key_id = settings.text("key_id");
  if (!text.empty())
    return crypto::SigningKey::from_text(text.reveal(), passphrase, "in the setting signing_key_text", key_id);
  check_secret_path("signing_key", path, kShortestKey);
  return crypto::SigningKey::from_file(path, passphrase, key_id);
}

http::Headers basic_credentials(const Login& login) {
  std::string pair = login.client_id + ":" + std::string(login.client_secret.reveal());
  http::Headers headers{{"Authorization", "Basic " + to_base64(as_bytes(pair))}, {"Accept", "application/json"}};
  wipe(pair.data(), pair.size());
  return headers;
}

using Fields = std::vector<std::pair<std::string, std::string>>;

// `assertion` is "" for a login without one.
Fields form_of(const Login& login, const std::string& assertion) {
  Fields fields{{"grant_type", "client_credentials"}};
  if (!login.scope.empty()) fields.emplace_back("scope", login.scope);
  if (login.secret_in_form) {
    fields.emplace_back("client_id", login.client_id);
    fields.emplace_back("client_secret", std::string(login.client_secret.reveal()));
  }
  if (assertion.empty()) return fields;
  fields.emplace_back("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
  fields.emplace_back("client_assertion", assertion);
  return fields;
}

}  // namespace

Login read_login(const Settings& settings, const Service& service) {
  Login login;
  login.base = service.at("");
  if (settings.text("auth") == "none") return login;  // without a look at credentials
  login.client_id = std::string(settings.credential("client_id").reveal());
  login.client_secret = settings.credential("client_secret");
  login.signing_key = load_signing_key(settings);
  login.key_id = settings.text("key_id");
  if (login.key_id.empty() && login.signing_key) login.key_id = login.signing_key->key_id();
  login.access_token = settings.secret("access_token");
  login.access_token_file = settings.text("access_token_file");
  login.method = choose_method(settings, service.profile, login);
  const bool is_basic = login.method == Method::basic || login.method == Method::form;
  if (is_basic && login.client_id.find(':') != std::string::npos)
    throw Error(Status::INVALID_ARGUMENT,
                "the setting client_id holds a colon, which Basic authentication has no room for");
  login.token_url = find_token_url(settings, service);
  login.may_discover = login.method != Method::basic && !is_foreign(service);
  login.scope_is_given = !settings.text("scope").empty();
  login.scope = login.scope_is_given ? settings.text("scope") : service.profile.scope;
  return login;
}

std::string missing_credential(const Login& login) {
  if (login.method == Method::none) return "";
  if (login.method == Method::token)
    return login.access_token.empty() && login.access_token_file.empty() ? "access_token (or access_token_file)" : "";
  if (login.client_id.empty()) return "client_id";
  if (login.method == Method::smart && !login.signing_key) return "signing_key";
  if (login.method != Method::smart && login.client_secret.empty()) return "client_secret (or client_secret_file)";
  return login.token_url || login.may_discover ? "" : "token_url";
}

const char* source_of(std::string_view missing_credential) {
  if (missing_credential == "signing_key") return "give the private key whose public key the service has registered";
  if (missing_credential == "token_url") return "give the URL that issues tokens for this service";
  if (missing_credential.starts_with("access_token")) return "give a token that another program got";
  return "the service issues it with your credentials";
}

const char* method_name(Method method) {
  constexpr const char* names[] = {"none", "token", "basic", "form", "smart"};
  return names[static_cast<int>(method)];
}

bool asks_for_token(Method method) { return method != Method::none && method != Method::token; }

http::Request token_request(const Login& login, const TokenEndpoint& endpoint, const std::string& jti, Instant now) {
  http::Request request;
  request.method = "POST";
  request.url = endpoint.url;
  if (login.method == Method::smart || login.secret_in_form)
    request.headers = {{"Accept", "application/json"}};
  else
    request.headers = basic_credentials(login);
  if (login.method == Method::basic) return request;
  request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  std::string assertion;
  if (login.method == Method::smart) {
    assertion = make_assertion(*login.signing_key, {login.client_id, endpoint.audience, login.key_id, jti, now});
    request.secrets.emplace_back(assertion);
  }
  if (login.secret_in_form) request.secrets.push_back(login.client_secret);
  Fields fields = form_of(login, assertion);
  request.body = http::form_body(fields);
  for (auto& [name, value] : fields) wipe(value.data(), value.size());
  return request;
}

Secret token_at_hand(const Login& login) {
  if (!login.access_token.empty()) return login.access_token;
  check_secret_path("access_token_file", login.access_token_file);
  const Secret file = files::read_secret_file(login.access_token_file, kLargestToken, "access token file");
  std::string_view text = file.reveal();
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  if (text.empty())
    throw std::move(
        Error(Status::AUTHENTICATION, "the setting access_token_file: " + login.access_token_file + " is empty")
            .may_retry());  // because another program may be writing it
  return Secret(text);
}

}  // namespace libbcda::auth
