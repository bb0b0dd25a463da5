#include "runtime/session.hpp"

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cstdlib>

#include "base/error.hpp"
#include "base/remedies.hpp"
#include "http/step.hpp"
#include "transfer/decrypt_file.hpp"
#include "world/system_world.hpp"

namespace libbcda::runtime {

namespace {

constexpr std::size_t kShortestKey = 1000;  // of RSA with 2048 bits in Base64

http::Url read_origin(const std::string& text, const char* setting, bool allow_http) {
  const http::Url url = read_url(text, setting, allow_http);
  if (url.target != "/")
    throw Error(Status::INVALID_ARGUMENT, std::string("the setting ") + setting +
                                              " takes an origin only: " + url.origin() + ", without " + url.target);
  return url;
}

// The first variable that is set and not empty.
http::ProxyVariables::Variable first_of(std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (const char* value = std::getenv(name); value && *value) return {name, Secret(value)};
  return {};
}

// HTTP_PROXY in upper case is not read, because a web server sets it from a header of a request ("httpoxy").
http::ProxyVariables proxy_variables() {
  http::ProxyVariables variables;
  variables.https = first_of({"https_proxy", "HTTPS_PROXY"});
  variables.http = first_of({"http_proxy"});
  variables.no_proxy = std::string(first_of({"no_proxy", "NO_PROXY"}).value.reveal());
  return variables;
}

std::optional<http::ClientCertificate> load_client_certificate(const Settings& settings) {
  const std::string path = settings.text("client_certificate"), key = settings.text("client_certificate_key");
  if (path.empty() && !key.empty())
    throw Error(Status::INVALID_ARGUMENT,
                "the setting client_certificate is missing, but client_certificate_key is set");
  if (path.empty()) return std::nullopt;
  return http::ClientCertificate(path, key, settings.secret_or_file("client_key_passphrase"));
}

std::vector<http::Url> read_origins(const Settings& settings, const char* setting) {
  std::vector<http::Url> origins;
  for (const auto& origin : settings.list(setting))
    origins.push_back(read_origin(origin, setting, settings.boolean("allow_http")));
  return origins;
}

// By default the time of low_speed_limit is the idle time, so whoever allows longer silence need not set both.
http::LowSpeed low_speed(const Settings& settings) {
  const char* const time = settings.has("low_speed_time") ? "low_speed_time" : "idle_timeout";
  return {settings.integer("low_speed_limit"), settings.duration(time)};
}

http::ClientOptions client_options(const Settings& settings, const Profile& profile) {
  http::ClientOptions options;
  options.user_agent = settings.text("user_agent");
  if (options.user_agent.find_first_of("\r\n") != std::string::npos)
    throw Error(Status::INVALID_ARGUMENT, "the setting user_agent holds a line break");
  options.timeouts = {settings.duration("connect_timeout"), settings.duration("idle_timeout"), low_speed(settings)};
  options.request_timeout = settings.duration("request_timeout");
  options.pace_requests = profile.pace_requests;
  options.pace_period = profile.pace_period;
  options.max_header_bytes =
      static_cast<std::size_t>(std::min<std::int64_t>(settings.integer("max_header_bytes"), 16 << 20));
  options.proxies = http::ProxyRules(settings.secret("proxy"), proxy_variables());
  return options;
}

std::shared_ptr<world::World> make_world(const Settings& settings) {
  const auto threads = static_cast<std::size_t>(settings.integer("threads"));
  try {
    if (settings.boolean("share_threads")) return world::shared_world(threads);
    return std::make_shared<world::SystemWorld>(threads);
  } catch (const boost::system::system_error& e) {  // for want of descriptors
    throw Error(Status::INTERNAL, "cannot wait for events: " + e.code().message() + "; " + kMoreFiles);
  }
}

}  // namespace

KeyOf key_source(const Session& session, const Settings& settings) {
  return [&](const bulk::Entry& entry) {
    const bool plain = !session.profile().encrypts || settings.boolean("allow_plaintext");
    return transfer::key_of(entry, session.private_key(), plain);
  };
}

files::Durability durability(const Settings& settings) {
  return settings.text("durability") == "process" ? files::Durability::process : files::Durability::power;
}

std::optional<crypto::PrivateKey> load_private_key(const Settings& settings) {
  Secret pem = settings.secret("private_key_pem");
  std::string path = settings.text("private_key");
  if (pem.empty() && path.empty()) return std::nullopt;
  Secret passphrase = settings.secret_or_file("private_key_passphrase");
  if (!pem.empty()) return crypto::PrivateKey::from_pem(pem.reveal(), passphrase, "in the setting private_key_pem");
  check_secret_path("private_key", path, kShortestKey);
  return crypto::PrivateKey::from_file(path, passphrase);
}

Session::Session(Settings settings, std::shared_ptr<world::World> world)
    : world_(std::move(world)), settings_(std::move(settings)) {
  service_ = find_service(settings_);
  file_origins_ = read_origins(settings_, "allowed_origins");
  std::vector<http::Url> token_origins = read_origins(settings_, "token_origins");
  file_origins_.insert(file_origins_.end(), token_origins.begin(), token_origins.end());
  token_origins.insert(token_origins.begin(), service_.origin);
  auth::Login login = auth::read_login(settings_, service_);
  missing_credential_ = auth::missing_credential(login);
  http::ClientOptions options = client_options(settings_, profile());
  if (!settings_.boolean("allow_private_addresses")) options.home = service_.origin;
  static_cast<void>(options.proxies.find(service_.origin));                 // fails if its proxy cannot be used
  auto tls = std::make_shared<http::TlsContext>(settings_.text("ca_file"),  // fails if OpenSSL cannot be used
                                                load_client_certificate(settings_));
  private_key_ = load_private_key(settings_);
  warnings_ = settings_.warnings();
  if (private_key_ && !profile().encrypts)
    warnings_.push_back("a private key is set, but " + profile().title +
                        " does not encrypt files, so it is not used; see the setting profile");
  if (login.signing_key && login.method != auth::Method::smart)
    warnings_.push_back("a signing key is set, but the login of " + profile().title +
                        " does not use it; see the settings auth and profile");
  if (login.method == auth::Method::token && (settings_.has("client_secret") || settings_.has("client_secret_file")))
    warnings_.push_back("an access token is set, so the client secret is not used; see the setting auth");
  if (!world_) world_ = make_world(settings_);
  http_ = std::make_unique<http::Client>(options, std::move(tls), *world_);
  http_->offer_certificate_to(service_.origin);
  tokens_ = std::make_unique<auth::TokenSource>(*http_, std::move(token_origins), std::move(login),
                                                settings_.duration("token_lifetime"), *world_);
}

auth::TokenSource& Session::tokens() {
  if (missing_credential_.empty()) return *tokens_;
  throw Error(Status::INVALID_ARGUMENT,
              "the setting " + missing_credential_ + " is missing; " + auth::source_of(missing_credential_));
}

std::string Session::remedy_for_other_origins() const {
  return profile().other_origins ? "; if that is right, list it in the setting allowed_origins"
                                 : "; " + profile().title + " has all its files on one origin; see the setting profile";
}

bool Session::allows(const http::Url& url) const {
  if (http::same_origin(url, service_.origin)) return true;
  return profile().other_origins &&
         std::any_of(file_origins_.begin(), file_origins_.end(),
                     [&](const http::Url& origin) { return http::same_origin(url, origin); });
}

namespace {

bool refuses_token(const Session& session, int status) {
  return status == 401 || (status == 403 && session.profile().renews_on_403);
}

}  // namespace

Task<http::Answer> send_with_token(Session& session, http::Request request, std::size_t max_bytes) {
  http::TokenTrust trust;
  http::Request sent;
  for (;;) {
    if (trust.take_renewal()) session.tokens().reject(sent);
    sent = request;
    co_await session.tokens().authorize(sent);
    http::Request copy = sent;
    http::Answer answer = co_await session.http().send(std::move(copy), max_bytes);
    if (!refuses_token(session, answer.status) || !trust.refuse()) co_return answer;
  }
}

}  // namespace libbcda::runtime
