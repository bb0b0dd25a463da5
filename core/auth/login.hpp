// How a client gets its access token, and the request for it (RFC 6749 section 4.4; BCDA guide, "Authentication and
// Authorization").
#pragma once
#include <string>

#include "base/bytes.hpp"
#include "http/message.hpp"
#include "profiles/service.hpp"
#include "settings/settings.hpp"

namespace libbcda::auth {

enum class Method {
  none,   // the service wants no token
  token,  // the caller has a token
  basic,  // Basic credentials without a body, as BCDA takes them
  form,   // Basic credentials with grant_type and scope in a form
};

struct Login {
  Method method = Method::none;
  http::Url token_url;
  std::string client_id;
  Secret client_secret;
  std::string scope;
  Secret access_token;            // of Method::token; empty: in the file
  std::string access_token_file;  // read again for each renewal
};

// Throws Error{INVALID_ARGUMENT} for values that cannot be used. Credentials that are missing are no error here; see
// missing_credential.
Login read_login(const Settings& settings, const Service& service);

// The setting that a login lacks, or "". A run is refused when it needs a token and has no way to get one.
std::string missing_credential(const Login& login);

// The request for a token, with basic or form.
http::Request token_request(const Login& login);

// The token that the caller has, with token. Throws Error{AUTHENTICATION, FILESYSTEM}.
Secret token_at_hand(const Login& login);

}  // namespace libbcda::auth
