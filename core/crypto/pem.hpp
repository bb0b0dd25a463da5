// PEM text (RFC 7468) as it comes out of environment files, secret stores and editors, and what it is encrypted with.
#pragma once
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace libbcda::crypto {

// The first private key in `text`, laid out anew, when its line breaks became blanks or the two characters \n, or when its
// lines are indented or quoted. Nothing else in it changes. "" when there is no private key, or when it is unclear how its
// lines went.
SecretBytes repair_pem(std::string_view text);

// The name of the algorithm that the first private key in `pem` is encrypted with and that this OpenSSL does not have, such
// as "DES-CBC". "" when it has it, or the key is not encrypted.
std::string missing_algorithm(std::string_view pem);

}  // namespace libbcda::crypto
