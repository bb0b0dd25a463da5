// The signed JWT with which a client authenticates at the token endpoint (RFC 7523, section 3; SMART App Launch 2.2.0,
// "Client Authentication: Asymmetric").
#pragma once
#include <string>

#include "base/time.hpp"
#include "crypto/signing_key.hpp"

namespace libbcda::auth {

struct AssertionClaims {
  std::string client_id;  // becomes `iss` and `sub`
  std::string audience;   // the URL of the token endpoint, byte for byte as it was given
  std::string key_id;     // becomes `kid` of the header; "" leaves it out
  std::string jti;        // must be new for each request, because servers refuse one that they have seen
  Instant issued;         // becomes `iat`; `exp` is 240 s later
};

// Makes a JWT as a compact JWS (RFC 7515, section 7.1). It is valid for less than the 300 s that SMART allows, so that
// it is accepted when the clocks differ a little.
std::string make_assertion(const crypto::SigningKey& key, const AssertionClaims& claims);

}  // namespace libbcda::auth
