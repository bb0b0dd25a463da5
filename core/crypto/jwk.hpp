// Private keys as JSON Web Keys (RFC 7517 and RFC 7518, section 6), for signatures.
#pragma once
#include <string>
#include <string_view>

#include "crypto/private_pem.hpp"

namespace libbcda::crypto {

struct Jwk {
  NativeKey key;
  std::string key_id;  // `kid`; "" if the JWK has none
};

// Reads a private RSA or P-384 key from the JSON text of a JWK, or of a JWK Set with one key for signatures, or with
// one such key whose `kid` is `wanted_id`. Refuses a key that its members `alg`, `use` or `key_ops` do not allow for
// RS384 or ES384. The parsed text is kept in memory for secrets. Throws Error{PRIVATE_KEY}, which never shows a member
// of the key.
Jwk read_private_jwk(std::string_view text, const KeyPlace& place, std::string_view wanted_id = "");

}  // namespace libbcda::crypto
