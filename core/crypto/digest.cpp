#include "crypto/digest.hpp"

#include <openssl/evp.h>

#include <cstring>

#include "base/error.hpp"
#include "base/openssl_error.hpp"

namespace libbcda::crypto {

void Sha256::Deleter::operator()(EVP_MD_CTX* ctx) const noexcept { EVP_MD_CTX_free(ctx); }

Sha256::Sha256() : ctx_(EVP_MD_CTX_new()) {
  if (!ctx_ || EVP_DigestInit_ex(ctx_.get(), EVP_sha256(), nullptr) != 1) throw openssl_error("OpenSSL has no SHA-256");
}

void Sha256::update(ByteView bytes) {
  if (EVP_DigestUpdate(ctx_.get(), bytes.data(), bytes.size()) != 1)
    throw openssl_error("OpenSSL refused a SHA-256 operation");
}

std::array<std::uint8_t, 32> Sha256::finish() {
  std::array<std::uint8_t, 32> digest{};
  if (EVP_DigestFinal_ex(ctx_.get(), digest.data(), nullptr) != 1)
    throw openssl_error("OpenSSL refused a SHA-256 operation");
  return digest;
}

std::string hex_digest(std::string_view text) {
  Sha256 digest;
  digest.update(as_bytes(text));
  return to_hex(digest.finish());
}

std::uint64_t short_digest(std::string_view text) {
  Sha256 hash;
  hash.update(as_bytes(text));
  const auto digest = hash.finish();
  std::uint64_t value = 0;
  std::memcpy(&value, digest.data(), sizeof value);
  return value;
}

}  // namespace libbcda::crypto
