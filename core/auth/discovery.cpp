#include "auth/discovery.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/quote.hpp"

namespace libbcda::auth {
namespace {

constexpr std::string_view kOauthUris = "oauth-uris";
constexpr std::size_t kLongestScope = 200;

http::Request request_at(const http::Url& base, const char* path, const char* accept) {
  http::Request request;
  request.url = base;
  request.url.target += path;
  request.headers = {{"Accept", accept}};
  return request;
}

TokenEndpoint checked(const http::Url& base, const std::string& text) {
  http::Url directory = base;  // a relative URL follows the FHIR base
  directory.target += "/";
  http::Url url = http::resolve_url(directory, text, "token_endpoint");
  if (url.tls() || (url.loopback() && base.loopback()) || (!base.tls() && http::same_origin(url, base)))
    return {url, text.find("://") == std::string::npos ? url.text() : text};
  throw Error(Status::PROTOCOL, "the service names a token endpoint that is not encrypted, " + tidy(url.origin(), 200) +
                                    "; no credentials are sent there; see the setting token_url");
}

// The members of `object` named `name`, if it is a list.
const json::array* list_in(const json::value& value, std::string_view name) {
  const json::object* object = value.if_object();
  const json::value* member = object ? object->if_contains(name) : nullptr;
  return member ? member->if_array() : nullptr;
}

std::vector<std::string> texts_in(const json::value& value, std::string_view name) {
  std::vector<std::string> texts;
  const json::array* list = list_in(value, name);
  if (!list) return texts;
  for (const json::value& item : *list)
    if (item.is_string()) texts.emplace_back(item.get_string());
  return texts;
}

// RFC 6749 section 3.3, and short enough to be asked for.
bool is_scope(std::string_view text) {
  return !text.empty() && text.size() <= kLongestScope &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127 && c != '"' && c != '\\'; });
}

std::string uri_of(const json::array& extensions) {
  for (const json::value& extension : extensions)
    if (const json::object* object = extension.if_object(); object && string_member(*object, "url") == "token")
      return string_member(*object, "valueUri");
  return "";
}

std::string oauth_uri(const json::value& rest) {
  const json::object* object = rest.if_object();
  const json::value* security = object ? object->if_contains("security") : nullptr;
  const json::array* extensions = security ? list_in(*security, "extension") : nullptr;
  if (!extensions) return "";
  for (const json::value& extension : *extensions) {
    const json::object* one = extension.if_object();
    const json::array* inner = list_in(extension, "extension");
    if (one && inner && string_member(*one, "url").ends_with(kOauthUris)) return uri_of(*inner);
  }
  return "";
}

}  // namespace

http::Request configuration_request(const http::Url& base) {
  return request_at(base, "/.well-known/smart-configuration", "application/json");
}

std::optional<TokenEndpoint> token_endpoint(const http::Answer& answer, const http::Url& base) {
  const auto body = answer.status == 200 ? parse_json(answer.body) : std::nullopt;
  const std::string text = body && body->is_object() ? string_member(body->get_object(), "token_endpoint") : "";
  return text.empty() ? std::nullopt : std::optional(checked(base, text));
}

TokenOffer token_offer(const http::Answer& answer) {
  TokenOffer offer;
  const auto body = answer.status == 200 ? parse_json(answer.body) : std::nullopt;
  if (!body) return offer;
  const std::vector<std::string> methods = texts_in(*body, "token_endpoint_auth_methods_supported");
  const auto takes = [&](const char* name) { return std::find(methods.begin(), methods.end(), name) != methods.end(); };
  offer.secret_in_form_only = takes("client_secret_post") && !takes("client_secret_basic");
  offer.scopes = texts_in(*body, "scopes_supported");
  std::erase_if(offer.scopes, [](const std::string& scope) { return !is_scope(scope); });
  return offer;
}

http::Request capability_request(const http::Url& base) {
  return request_at(base, "/metadata", "application/fhir+json");
}

std::optional<TokenEndpoint> token_endpoint_of_capabilities(const http::Answer& answer, const http::Url& base) {
  const auto body = answer.status == 200 ? parse_json(answer.body) : std::nullopt;
  const json::array* rests = body ? list_in(*body, "rest") : nullptr;
  if (!rests) return std::nullopt;
  for (const json::value& rest : *rests)
    if (const std::string text = oauth_uri(rest); !text.empty()) return checked(base, text);
  return std::nullopt;
}

}  // namespace libbcda::auth
