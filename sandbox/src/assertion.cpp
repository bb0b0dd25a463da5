#include "assertion.hpp"

#include <openssl/bio.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "crypto/key.hpp"
#include "openssl_handles.hpp"

namespace libbcda::sandbox {
namespace {

constexpr std::size_t kHalf = 48;  // bytes of R and of S on P-384
constexpr const char* kNotVerified = "Unable to verify the token with any of the public keys found in the JWKS: ";

SigningPair elliptic_pair() {
  const Key key(EVP_EC_gen("P-384"));
  if (!key) throw Error(Status::INTERNAL, "OpenSSL could not make the sandbox's signing key");
  return {to_pem([&](BIO* bio) {
            return PEM_write_bio_PKCS8PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          }),
          to_pem([&](BIO* bio) { return PEM_write_bio_PUBKEY(bio, key.get()); })};
}

Bytes der_of(const Bytes& raw) {
  std::unique_ptr<ECDSA_SIG, Freer<ECDSA_SIG_free>> pair(ECDSA_SIG_new());
  if (!pair) throw std::bad_alloc();
  ECDSA_SIG_set0(pair.get(), BN_bin2bn(raw.data(), kHalf, nullptr), BN_bin2bn(raw.data() + kHalf, kHalf, nullptr));
  unsigned char* out = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &out);
  Bytes der(out, out + std::max(size, 0));
  OPENSSL_free(out);
  return der;
}

bool is_signed(const std::string& public_pem, std::string_view text, const Bytes& signature) {
  const Bio bio(BIO_new_mem_buf(public_pem.data(), static_cast<int>(public_pem.size())));
  const Key key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
  const ByteView bytes = as_bytes(text);
  const bool good =
      key && context && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha384(), nullptr, key.get()) > 0 &&
      EVP_DigestVerify(context.get(), signature.data(), signature.size(), bytes.data(), bytes.size()) == 1;
  ERR_clear_error();
  return good;
}

std::optional<json::object> part(std::string_view text) {
  const auto bytes = from_base64url(text);
  auto value = bytes ? parse_json(as_text(*bytes)) : std::nullopt;
  if (!value || !value->is_object()) return std::nullopt;
  return value->get_object();
}

Verdict refused(const char* error, const std::string& description) { return {error, description, false, 0, {}}; }

struct Parts {
  json::object header, claims;
  std::string_view text;  // what is signed
  Bytes signature;
};

std::optional<Parts> split_assertion(std::string_view assertion) {
  const std::size_t first = assertion.find('.'), last = assertion.rfind('.');
  if (first == std::string_view::npos || first == last) return std::nullopt;
  auto header = part(assertion.substr(0, first)), claims = part(assertion.substr(first + 1, last - first - 1));
  auto signature = from_base64url(assertion.substr(last + 1));
  if (!header || !claims || !signature) return std::nullopt;
  return Parts{std::move(*header), std::move(*claims), assertion.substr(0, last), std::move(*signature)};
}

// Whether the signature fits the registered key. Returns why it does not.
std::string check_signature(const Parts& parts, const Registration& client) {
  const std::string algorithm = string_member(parts.header, "alg");
  if (algorithm != client.algorithm) return "invalid algorithm";
  if (algorithm != "ES384") return is_signed(client.public_pem, parts.text, parts.signature) ? "" : "invalid signature";
  if (parts.signature.size() != 2 * kHalf)
    return R"("ES384" signatures must be "96" bytes, saw ")" + std::to_string(parts.signature.size()) + "\"";
  return is_signed(client.public_pem, parts.text, der_of(parts.signature)) ? "" : "invalid signature";
}

std::optional<std::int64_t> expiry(const json::object& claims) {
  const json::value* exp = claims.if_contains("exp");
  return exp && exp->is_int64() ? std::optional(exp->get_int64()) : std::nullopt;
}

}  // namespace

SigningPair make_signing_pair(std::string_view algorithm) {
  if (algorithm == "ES384") return elliptic_pair();
  static const auto* pair = new crypto::PrivateKey(crypto::PrivateKey::generate());
  return {pair->private_pem(), pair->public_pem()};
}

Verdict verify(std::string_view assertion, const Registration& client, const std::string& audience, Time now) {
  if (assertion.empty()) return refused("invalid_request", "Invalid registration token: The token must be a string");
  const auto parts = split_assertion(assertion);
  if (!parts)
    return refused("invalid_request", "Invalid registration token: Invalid token structure. Must contain 3 parts.");
  const std::string key_id = string_member(parts->header, "kid");
  if (key_id.empty())
    return refused("invalid_request", "Invalid registration token: Invalid JWT token header. Missing 'kid' property.");
  const std::string issuer = string_member(parts->claims, "iss");
  if (issuer != client.client_id || issuer != string_member(parts->claims, "sub"))
    return refused("invalid_request", "Invalid client details token: Invalid token structure. Must contain 3 parts.");
  if (string_member(parts->claims, "aud") != audience)
    return refused("invalid_grant", "Invalid token 'aud' value. Must be '" + audience + "'.");
  if (key_id != client.key_id)
    return refused("invalid_grant", "No public keys found in the JWKS with \"kid\" equal to \"" + key_id + "\"");
  if (const std::string why = check_signature(*parts, client); !why.empty())
    return refused("invalid_grant", kNotVerified + why);
  Verdict verdict;
  verdict.id = string_member(parts->claims, "jti");
  const auto expires = expiry(parts->claims);
  verdict.no_expiry = !expires;
  if (!expires) return verdict;
  verdict.seconds_left = *expires - std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  if (verdict.seconds_left <= 0) return refused("invalid_grant", std::string(kNotVerified) + "jwt expired");
  return verdict;
}

}  // namespace libbcda::sandbox
