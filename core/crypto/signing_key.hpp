// The private key that signs a client's assertions (SMART App Launch 2.2.0, "Client Authentication: Asymmetric").
#pragma once
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "crypto/private_pem.hpp"

namespace libbcda::crypto {

// An RSA key with at least 2048 bits, or an EC key on P-384. Copies share one immutable key. Thread-safe.
class SigningKey {
 public:
  // Reads PEM text (PKCS#1, PKCS#8, SEC1, encrypted or not), a JWK, or a JWK Set. If several keys of the set can sign,
  // the one whose `kid` is `wanted_id` is taken. Error messages call the key `where` (usually its path). Throws
  // Error{PRIVATE_KEY}.
  static SigningKey from_text(std::string_view text, const Secret& passphrase, const std::string& where,
                              std::string_view wanted_id = "");
  static SigningKey from_file(const std::string& path, const Secret& passphrase, std::string_view wanted_id = "");

  // RS384: RSASSA-PKCS1-v1_5 with SHA-384, as long as the modulus. ES384: R and S of ECDSA with SHA-384, 48 bytes each
  // (RFC 7518, sections 3.3 and 3.4).
  Bytes sign(std::string_view message) const;

  const std::string& algorithm() const noexcept { return algorithm_; }  // "RS384" or "ES384"
  const std::string& key_id() const noexcept { return key_id_; }        // `kid` of a JWK; "" for PEM
  std::string public_pem() const;                                       // SubjectPublicKeyInfo

 private:
  SigningKey(NativeKey key, std::string key_id, const KeyPlace& place);
  Bytes sign_as_openssl(std::string_view message) const;
  bool verifies(std::string_view message, const Bytes& signature) const;

  NativeKey key_;
  std::string algorithm_, key_id_;
};

// Converts an ECDSA signature on P-384 from DER (RFC 3279, section 2.2.3) to R and S of 48 bytes each. Throws
// Error{INTERNAL} if it is not one.
Bytes raw_signature(ByteView der);

}  // namespace libbcda::crypto
