// Finds the URL that issues tokens (SMART App Launch 2.2.0, "Conformance": .well-known/smart-configuration).
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "http/message.hpp"

namespace libbcda::auth {

// Where tokens are requested.
struct TokenEndpoint {
  http::Url url;
  std::string audience;  // the URL as it was given, which an assertion must repeat byte for byte
};

// The request for the configuration of the server with this FHIR base. It needs no token.
http::Request configuration_request(const http::Url& base);
// The token endpoint in the answer; nullopt if there is none. A relative URL is resolved against the FHIR base. Throws
// Error{PROTOCOL} for a URL to which no credentials may be sent, because it is not encrypted.
std::optional<TokenEndpoint> token_endpoint(const http::Answer& answer, const http::Url& base);

// What the same answer says about token requests.
struct TokenOffer {
  bool secret_in_form_only = false;  // it takes a client secret, but not as Basic credentials
  std::vector<std::string> scopes;   // {}: it lists none
};
TokenOffer token_offer(const http::Answer& answer);

// The same in the server's CapabilityStatement (rest.security.extension oauth-uris, child token).
http::Request capability_request(const http::Url& base);
std::optional<TokenEndpoint> token_endpoint_of_capabilities(const http::Answer& answer, const http::Url& base);

}  // namespace libbcda::auth
