#include "auth/assertion.hpp"

#include "base/bytes.hpp"
#include "base/json.hpp"

namespace libbcda::auth {
namespace {

constexpr auto kLifetime = std::chrono::seconds(240);

std::string encode(const json::object& object) { return to_base64url(as_bytes(json::serialize(object))); }

}  // namespace

std::string make_assertion(const crypto::SigningKey& key, const AssertionClaims& claims) {
  json::object header{{"alg", key.algorithm()}, {"typ", "JWT"}};
  if (!claims.key_id.empty()) header["kid"] = claims.key_id;
  const auto issued = std::chrono::floor<std::chrono::seconds>(claims.issued).time_since_epoch();
  const json::object body{{"iss", claims.client_id},
                          {"sub", claims.client_id},
                          {"aud", claims.audience},
                          {"jti", claims.jti},
                          {"iat", std::int64_t{issued.count()}},
                          {"exp", std::int64_t{(issued + kLifetime).count()}}};
  const std::string text = encode(header) + "." + encode(body);
  return text + "." + to_base64url(key.sign(text));
}

}  // namespace libbcda::auth
