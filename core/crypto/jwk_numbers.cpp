#include "crypto/jwk_numbers.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <new>
#include <optional>
#include <vector>

#include "base/json.hpp"
#include "base/openssl_error.hpp"
#include "base/quote.hpp"

namespace libbcda::crypto {
namespace {

constexpr int kCoordinateSize = 48;                // of P-384
constexpr std::uint8_t kUncompressedPoint = 0x04;  // SEC 1, section 2.3.3

struct NumberDeleter {
  void operator()(BIGNUM* number) const noexcept { BN_clear_free(number); }
};
using Number = std::unique_ptr<BIGNUM, NumberDeleter>;
using NumberContext = std::unique_ptr<BN_CTX, decltype(&BN_CTX_free)>;

// OpenSSL wipes the copies of such a number, and computes with it in constant time.
Number secret_number() {
  Number number(BN_secure_new());
  if (!number) throw std::bad_alloc();
  BN_set_flags(number.get(), BN_FLG_CONSTTIME);
  return number;
}

// Does what from_base64url does, in memory for secrets.
std::optional<SecretBytes> secret_from_base64url(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  if (text.size() % 4 == 1) return {};
  SecretBytes padded(text.begin(), text.end());
  std::replace(padded.begin(), padded.end(), '-', '+');
  std::replace(padded.begin(), padded.end(), '_', '/');
  const std::size_t padding = (4 - text.size() % 4) % 4;
  padded.insert(padded.end(), padding, '=');
  SecretBytes bytes(padded.size() / 4 * 3);
  const int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                      reinterpret_cast<const unsigned char*>(padded.data()), static_cast<int>(padded.size()));
  // A smaller size means blanks around the text.
  if (size < 0 || static_cast<std::size_t>(size) != bytes.size()) return {};
  bytes.resize(bytes.size() - padding);
  return bytes;
}

Number number_of(const json::object& jwk, const char* name, const KeyPlace& place) {
  const json::value* value = jwk.if_contains(name);
  if (!value) throw place.error(std::string("this JWK lacks its member ") + name);
  const auto bytes = value->is_string() ? secret_from_base64url(value->get_string()) : std::nullopt;
  if (!bytes || bytes->empty()) throw place.error(std::string("its member ") + name + " is not base64url text");
  Number number = secret_number();
  if (!BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes->data()), static_cast<int>(bytes->size()), number.get()))
    throw std::bad_alloc();
  return number;
}

// The parameters of a key. OpenSSL copies the numbers only when it makes the key, so they are kept until then.
class Parameters {
 public:
  Parameters() : builder_(OSSL_PARAM_BLD_new(), OSSL_PARAM_BLD_free) {
    if (!builder_) throw std::bad_alloc();
  }

  void add(const char* name, Number number) {
    numbers_.push_back(std::move(number));
    check(OSSL_PARAM_BLD_push_BN(builder_.get(), name, numbers_.back().get()));
  }
  void add(const char* name, const char* text) {
    check(OSSL_PARAM_BLD_push_utf8_string(builder_.get(), name, text, 0));
  }
  void add(const char* name, const Bytes& bytes) {
    check(OSSL_PARAM_BLD_push_octet_string(builder_.get(), name, bytes.data(), bytes.size()));
  }

  // Returns an empty pointer if the parameters are not a key.
  NativeKey make_key(const char* kind) {
    const std::unique_ptr<OSSL_PARAM, decltype(&OSSL_PARAM_free)> list(OSSL_PARAM_BLD_to_param(builder_.get()),
                                                                       OSSL_PARAM_free);
    const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
        EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr), EVP_PKEY_CTX_free);
    EVP_PKEY* key = nullptr;
    check(list && context && EVP_PKEY_fromdata_init(context.get()) > 0);
    if (EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, list.get()) <= 0) return {};
    return {key, EVP_PKEY_free};
  }

 private:
  static void check(int ok) {
    if (!ok) throw openssl_error("OpenSSL could not take the parameters of a key");
  }

  std::unique_ptr<OSSL_PARAM_BLD, decltype(&OSSL_PARAM_BLD_free)> builder_;
  std::vector<Number> numbers_;
};

// Sets `out` to d mod (prime - 1).
bool set_exponent(BIGNUM* out, const BIGNUM* d, const BIGNUM* prime, BN_CTX* context) {
  const Number less = secret_number();
  return BN_sub(less.get(), prime, BN_value_one()) && BN_mod(out, d, less.get(), context);
}

// Adds the primes and the values that follow from them (RFC 8017, section 3.2).
void add_primes(Parameters& parameters, const json::object& jwk, const BIGNUM* n, const BIGNUM* d,
                const KeyPlace& place) {
  Number p = number_of(jwk, "p", place), q = number_of(jwk, "q", place);
  Number dp = secret_number(), dq = secret_number(), qi = secret_number();
  const Number product = secret_number();
  const NumberContext context(BN_CTX_secure_new(), BN_CTX_free);
  if (!context) throw std::bad_alloc();
  const bool ok = BN_mul(product.get(), p.get(), q.get(), context.get()) && BN_cmp(product.get(), n) == 0 &&
                  set_exponent(dp.get(), d, p.get(), context.get()) &&
                  set_exponent(dq.get(), d, q.get(), context.get()) &&
                  BN_mod_inverse(qi.get(), q.get(), p.get(), context.get());
  if (!ok) throw place.error("its members p and q do not belong to its n; the JWK is damaged");
  parameters.add(OSSL_PKEY_PARAM_RSA_FACTOR1, std::move(p));
  parameters.add(OSSL_PKEY_PARAM_RSA_FACTOR2, std::move(q));
  parameters.add(OSSL_PKEY_PARAM_RSA_EXPONENT1, std::move(dp));
  parameters.add(OSSL_PKEY_PARAM_RSA_EXPONENT2, std::move(dq));
  parameters.add(OSSL_PKEY_PARAM_RSA_COEFFICIENT1, std::move(qi));
}

void append_coordinate(Bytes& point, const json::object& jwk, const char* name, const KeyPlace& place) {
  const Number number = number_of(jwk, name, place);
  const std::size_t at = point.size();
  point.resize(at + kCoordinateSize);
  if (BN_bn2binpad(number.get(), point.data() + at, kCoordinateSize) < 0)
    throw place.error(std::string("its member ") + name + " is too long for P-384");
}

}  // namespace

NativeKey rsa_from_jwk(const json::object& jwk, const KeyPlace& place) {
  if (jwk.contains("oth")) throw place.error("this RSA key has more than two primes (oth), which is not supported");
  Number n = number_of(jwk, "n", place), e = number_of(jwk, "e", place), d = number_of(jwk, "d", place);
  Parameters parameters;
  if (jwk.contains("p") || jwk.contains("q")) add_primes(parameters, jwk, n.get(), d.get(), place);
  parameters.add(OSSL_PKEY_PARAM_RSA_N, std::move(n));
  parameters.add(OSSL_PKEY_PARAM_RSA_E, std::move(e));
  parameters.add(OSSL_PKEY_PARAM_RSA_D, std::move(d));
  NativeKey key = parameters.make_key("RSA");
  if (!key) throw place.error("its members n, e and d are not an RSA key; the JWK is damaged");
  return key;
}

NativeKey ec_from_jwk(const json::object& jwk, const KeyPlace& place) {
  const std::string curve = string_member(jwk, "crv");
  if (curve.empty()) throw place.error("this JWK lacks its member crv (\"P-384\")");
  if (curve != "P-384") throw wrong_curve(curve.size() <= 20 ? tidy(curve) : "another curve", place);
  Bytes point{kUncompressedPoint};
  append_coordinate(point, jwk, "x", place);
  append_coordinate(point, jwk, "y", place);
  Parameters parameters;
  parameters.add(OSSL_PKEY_PARAM_GROUP_NAME, "P-384");
  parameters.add(OSSL_PKEY_PARAM_PUB_KEY, point);
  parameters.add(OSSL_PKEY_PARAM_PRIV_KEY, number_of(jwk, "d", place));
  NativeKey key = parameters.make_key("EC");
  if (!key) throw place.error("its members x, y and d are not a key on P-384; the JWK is damaged");
  return key;
}

Error wrong_curve(const std::string& curve, const KeyPlace& place) {
  return place.error("this is an EC key on " + curve +
                     ", but ES384 needs P-384; register a new key, which this command makes: "
                     "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out NEW.pem");
}

}  // namespace libbcda::crypto
