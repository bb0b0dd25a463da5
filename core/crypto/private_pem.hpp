// Private keys of every kind in PEM text: PKCS#1, PKCS#8, SEC1, and the encrypted forms of these.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/error.hpp"

typedef struct evp_pkey_st EVP_PKEY;

namespace libbcda::crypto {

using NativeKey = std::shared_ptr<EVP_PKEY>;

inline constexpr std::size_t kLargestKeyFile = 1 << 20;

// Where a key comes from. Error messages need it.
struct KeyPlace {
  std::string what;                 // "private key", "signing key"
  std::string name;                 // usually its path
  std::string passphrase_settings;  // the settings that give its passphrase: "a or b"

  // Makes Error{PRIVATE_KEY} with the message "WHAT NAME: TEXT". Clears the errors that OpenSSL keeps.
  Error error(const std::string& text) const;
};

// The text of a key file in UTF-8. Throws Error{PRIVATE_KEY} for a text that is too large or cannot be converted.
SecretBytes key_text(std::string_view text, const KeyPlace& place);

// Reads the first private key of a PEM text in UTF-8. A text that was damaged on its way is repaired where this is
// safe. The passphrase is used only if the key is encrypted. Throws Error{PRIVATE_KEY}, which says what the text is
// instead and never shows it.
NativeKey read_private_pem(std::string_view text, const Secret& passphrase, const KeyPlace& place);

}  // namespace libbcda::crypto
