// Makes OpenSSL keys from the numbers of a private JWK (RFC 7518, sections 6.2 and 6.3).
#pragma once
#include <boost/json/object.hpp>

#include "crypto/private_pem.hpp"

namespace libbcda::crypto {

// `n`, `e` and `d` are required. `p` and `q` make signatures faster. `dp`, `dq` and `qi` are ignored, because they
// follow from the others. Throws Error{PRIVATE_KEY}.
NativeKey rsa_from_jwk(const boost::json::object& jwk, const KeyPlace& place);

// `crv` must be P-384. Throws Error{PRIVATE_KEY}.
NativeKey ec_from_jwk(const boost::json::object& jwk, const KeyPlace& place);

// The error for a key on another curve than P-384.
Error wrong_curve(const std::string& curve, const KeyPlace& place);

}  // namespace libbcda::crypto
