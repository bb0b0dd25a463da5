// Repairs PEM text (RFC 7468) that environment files, secret stores or editors damaged, and reports its encryption
// algorithm.
#pragma once
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace libbcda::crypto {

// Restores the lines of the first private key in `text`. Repairs line breaks that became blanks or the two characters
// \n, and lines that are indented or quoted. Changes nothing else. Returns "" if there is no private key, or if the
// original lines are unclear.
SecretBytes repair_pem(std::string_view text);

// The encryption algorithm of the first private key in `pem`, such as "DES-CBC", if this OpenSSL does not support it.
// Returns "" if OpenSSL supports it or the key is not encrypted.
std::string missing_algorithm(std::string_view pem);

}  // namespace libbcda::crypto
