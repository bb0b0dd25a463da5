#include "crypto/signing_key.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <array>
#include <utility>

#include "base/openssl_error.hpp"
#include "base/text.hpp"
#include "crypto/jwk.hpp"
#include "crypto/jwk_numbers.hpp"
#include "files/file.hpp"

namespace libbcda::crypto {
namespace {

constexpr int kSmallestRsaBits = 2048;
constexpr int kLargestRsaBits = 16384;  // OpenSSL verifies no signature of a larger key
constexpr int kHalfSize = 48;           // the size of R and of S on P-384

using DigestContext = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

DigestContext new_digest() {
  DigestContext context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  if (!context) throw std::bad_alloc();
  return context;
}

std::string curve_of(EVP_PKEY* key) {
  std::array<char, 80> name{};
  std::size_t size = 0;
  if (EVP_PKEY_get_group_name(key, name.data(), name.size(), &size) <= 0) return "an unnamed curve";
  const int id = OBJ_txt2nid(name.data());
  const char* usual = id == NID_undef ? nullptr : EC_curve_nid2nist(id);
  return usual ? usual : name.data();
}

using Number = std::unique_ptr<BIGNUM, decltype(&BN_clear_free)>;

Number number_in(const EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &number) <= 0) ERR_clear_error();
  return {number, BN_clear_free};
}

// Refuses exponents that no key has. With a very long one, a single signature would take minutes; with e = d = 1, a
// signature would be the message itself.
void check_exponents(const EVP_PKEY* key, const KeyPlace& place) {
  const Number n = number_in(key, OSSL_PKEY_PARAM_RSA_N), e = number_in(key, OSSL_PKEY_PARAM_RSA_E),
               d = number_in(key, OSSL_PKEY_PARAM_RSA_D);
  const bool is_exponent = e && BN_is_odd(e.get()) && !BN_is_one(e.get()) && BN_num_bits(e.get()) <= 64;
  if (!n || !d || !is_exponent || BN_cmp(d.get(), n.get()) >= 0)
    throw place.error("its exponents are not those of an RSA key; the key is damaged");
}

// Checks the kind and the size of a key, and returns its algorithm.
std::string algorithm_of(EVP_PKEY* key, const KeyPlace& place) {
  const int kind = EVP_PKEY_get_base_id(key);
  if (kind == EVP_PKEY_EC) {
    const std::string curve = curve_of(key);
    if (curve != "P-384") throw wrong_curve(curve, place);
    return "ES384";
  }
  const char* name = OBJ_nid2sn(kind);
  if (kind != EVP_PKEY_RSA)
    throw place.error(std::string("this is a key of kind ") + (name ? name : "unknown") +
                      "; give an RSA key (RS384) or an EC key on P-384 (ES384)");
  const int bits = EVP_PKEY_get_bits(key);
  if (bits < kSmallestRsaBits || bits > kLargestRsaBits)
    throw place.error("RSA with " + std::to_string(bits) + " bits; RS384 needs " + std::to_string(kSmallestRsaBits) +
                      " to " + std::to_string(kLargestRsaBits));
  check_exponents(key, place);
  return "RS384";
}

// Reads PEM or JSON, whichever the text is. `key_id` receives `kid`.
NativeKey read(std::string_view text, const Secret& passphrase, const KeyPlace& place, std::string_view wanted_id,
               std::string& key_id) {
  const std::string_view clean = without_debris(text);
  if (clean.starts_with('{') || clean.starts_with('[')) {
    Jwk jwk = read_private_jwk(clean, place, wanted_id);
    key_id = std::move(jwk.key_id);
    return std::move(jwk.key);
  }
  if (!clean.empty() && clean.find("-----BEGIN") == clean.npos)
    throw place.error(
        "this is neither PEM text (-----BEGIN ... PRIVATE KEY-----) nor a JWK ({\"kty\": ...}); convert DER with: "
        "openssl pkey -inform DER -in OLD -out NEW.pem");
  return read_private_pem(text, passphrase, place);
}

}  // namespace

SigningKey::SigningKey(NativeKey key, std::string key_id, const KeyPlace& place)
    : key_(std::move(key)), algorithm_(algorithm_of(key_.get(), place)), key_id_(std::move(key_id)) {
  // A damaged key can have numbers that do not belong together. Its signatures would look like those of a wrong key.
  constexpr std::string_view kProbe = "libbcda";
  bool ok = false;
  try {
    ok = verifies(kProbe, sign_as_openssl(kProbe));
  } catch (const Error&) {}
  if (!ok) throw place.error("its private and its public numbers are not of one key; the key is damaged");
}

SigningKey SigningKey::from_text(std::string_view text, const Secret& passphrase, const std::string& where,
                                 std::string_view wanted_id) {
  const KeyPlace place{"signing key", where, "signing_key_passphrase or signing_key_passphrase_file"};
  const SecretBytes clean = key_text(text, place);
  std::string key_id;
  NativeKey key = read({clean.data(), clean.size()}, passphrase, place, wanted_id, key_id);
  return {std::move(key), std::move(key_id), place};
}

SigningKey SigningKey::from_file(const std::string& path, const Secret& passphrase, std::string_view wanted_id) {
  const Secret text = files::read_secret_file(path, kLargestKeyFile, "signing key");
  try {
    return from_text(text.reveal(), passphrase, path, wanted_id);
  } catch (Error& e) {
    throw std::move(e.at_file(path));
  }
}

Bytes SigningKey::sign(std::string_view message) const {
  Bytes signature = sign_as_openssl(message);
  return algorithm_ == "ES384" ? raw_signature(signature) : signature;
}

// The signature in OpenSSL's form, which is DER for ECDSA.
Bytes SigningKey::sign_as_openssl(std::string_view message) const {
  const DigestContext context = new_digest();
  const ByteView bytes = as_bytes(message);
  std::size_t size = 0;
  ERR_clear_error();  // so that what is in the queue later belongs to this signature
  // Without other settings, OpenSSL pads as RSASSA-PKCS1-v1_5.
  bool ok = EVP_DigestSignInit(context.get(), nullptr, EVP_sha384(), nullptr, key_.get()) > 0 &&
            EVP_DigestSign(context.get(), nullptr, &size, bytes.data(), bytes.size()) > 0;
  Bytes signature(size);
  ok = ok && EVP_DigestSign(context.get(), signature.data(), &size, bytes.data(), bytes.size()) > 0;
  if (!ok) throw openssl_error("OpenSSL could not sign with the signing key");
  signature.resize(size);
  return signature;
}

bool SigningKey::verifies(std::string_view message, const Bytes& signature) const {
  const DigestContext context = new_digest();
  const ByteView bytes = as_bytes(message);
  const bool ok = EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha384(), nullptr, key_.get()) > 0 &&
                  EVP_DigestVerify(context.get(), signature.data(), signature.size(), bytes.data(), bytes.size()) == 1;
  ERR_clear_error();
  return ok;
}

std::string SigningKey::public_pem() const {
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> bio(BIO_new(BIO_s_mem()), BIO_free_all);
  if (!bio || PEM_write_bio_PUBKEY(bio.get(), key_.get()) != 1)
    throw openssl_error("OpenSSL could not write a key as PEM");
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

Bytes raw_signature(ByteView der) {
  const unsigned char* at = der.data();
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair(
      d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())), ECDSA_SIG_free);
  Bytes raw(2 * kHalfSize);
  const bool ok = pair && at == der.data() + der.size() && !BN_is_negative(ECDSA_SIG_get0_r(pair.get())) &&
                  !BN_is_negative(ECDSA_SIG_get0_s(pair.get())) &&
                  BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), raw.data(), kHalfSize) == kHalfSize &&
                  BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), raw.data() + kHalfSize, kHalfSize) == kHalfSize;
  ERR_clear_error();
  if (!ok) throw Error(Status::INTERNAL, "an ECDSA signature has an unexpected form");
  return raw;
}

}  // namespace libbcda::crypto
