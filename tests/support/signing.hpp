// Keys of tests/vectors/smart, and a verification of signatures that uses only the public key.
#pragma once
#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/json.hpp"
#include "crypto/signing_key.hpp"
#include "support/vectors.hpp"

namespace libbcda::test {

inline std::string rsa_pem_path() { return data_path("keys/rsa2048.pkcs8.pem"); }
inline std::string rsa_public_pem() { return slurp(data_path("keys/rsa2048.public.pem")); }
inline std::string smart_path(const std::string& name) { return data_path("smart/" + name); }
inline std::string smart_text(const std::string& name) { return slurp(smart_path(name)); }
inline json::object smart_jwk(const std::string& name) { return parse_json(smart_text(name)).value().as_object(); }

// Converts R and S to DER, as OpenSSL takes it.
inline Bytes der_of(ByteView raw) {
  std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair(ECDSA_SIG_new(), ECDSA_SIG_free);
  const int half = static_cast<int>(raw.size() / 2);
  ECDSA_SIG_set0(pair.get(), BN_bin2bn(raw.data(), half, nullptr), BN_bin2bn(raw.data() + half, half, nullptr));
  unsigned char* out = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &out);
  Bytes der(out, out + size);
  OPENSSL_free(out);
  return der;
}

// Whether OpenSSL accepts an RS384 or ES384 signature in the form of a JWS.
inline bool verifies(const std::string& public_pem, std::string_view message, Bytes signature) {
  std::unique_ptr<BIO, decltype(&BIO_free_all)> bio(
      BIO_new_mem_buf(public_pem.data(), static_cast<int>(public_pem.size())), BIO_free_all);
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr),
                                                          EVP_PKEY_free);
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  if (!key) return false;
  if (EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_EC) {
    if (signature.size() != 96) return false;
    signature = der_of(signature);
  }
  const ByteView bytes = as_bytes(message);
  return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha384(), nullptr, key.get()) > 0 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), bytes.data(), bytes.size()) == 1;
}

}  // namespace libbcda::test
