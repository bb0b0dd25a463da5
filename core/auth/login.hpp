// How a client gets its access token, and the request for it (RFC 6749 section 4.4; BCDA guide, "Authentication and
// Authorization"; SMART App Launch 2.2.0, "Backend Services").
#pragma once
#include <optional>
#include <string>

#include "auth/discovery.hpp"
#include "base/bytes.hpp"
#include "crypto/signing_key.hpp"
#include "http/message.hpp"
#include "profiles/service.hpp"
#include "settings/settings.hpp"

namespace libbcda::auth {

enum class Method {
  none,   // the service wants no token
  token,  // the caller has a token
  basic,  // Basic credentials without a body, as BCDA takes them
  form,   // the same with grant_type and scope in a form, or the credentials in that form too
  smart,  // a signed assertion in a form
};

struct Login {
  Method method = Method::none;
  std::optional<TokenEndpoint> token_url;  // not set: discovery at `base` finds it, if it may
  bool may_discover = true;
  http::Url base;  // the FHIR base
  std::string client_id;
  Secret client_secret;
  bool secret_in_form = false;  // of Method::form: instead of Basic credentials (client_secret_post)
  std::string scope;
  bool scope_is_given = false;  // by the setting, so it is not chosen out of those that the server offers
  std::optional<crypto::SigningKey> signing_key;
  std::string key_id;
  Secret access_token;            // of Method::token; empty: in the file
  std::string access_token_file;  // read again for each renewal
};

// Throws Error{INVALID_ARGUMENT} for values that cannot be used. Credentials that are missing are no error here; see
// missing_credential.
Login read_login(const Settings& settings, const Service& service);

// The setting that a login lacks, or "". A run is refused when it needs a token and has no way to get one.
std::string missing_credential(const Login& login);

const char* method_name(Method method);  // as the setting auth names it
// Where a user gets a value for such a setting, to follow "is missing; ".
const char* source_of(std::string_view missing_credential);

// Whether a request must be sent to get a token.
bool asks_for_token(Method method);

// The request for a token. `jti` is a new random text for each request; only smart uses it. `now` is the
// server's time, as far as it is known.
http::Request token_request(const Login& login, const TokenEndpoint& endpoint, const std::string& jti, Instant now);

// The token that the caller has, with token. Throws Error{AUTHENTICATION, FILESYSTEM}.
Secret token_at_hand(const Login& login);

}  // namespace libbcda::auth
