#include "tokens.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <memory>

#include "base/error.hpp"
#include "crypto/key.hpp"
#include "random.hpp"

namespace libbcda::sandbox {
namespace {

constexpr std::size_t kSweepAbove = 4096;  // expired tokens are removed when there are more than this

// One temporary key for all sandboxes of the process, because generating it takes longer than the rest of the start.
const crypto::PrivateKey& signing_key() {
  static const auto* key = new crypto::PrivateKey(crypto::PrivateKey::generate());
  return *key;
}

std::string sign(std::string_view text) {
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_PKEY* key = signing_key().native();
  Bytes signature(static_cast<std::size_t>(EVP_PKEY_get_size(key)));
  std::size_t size = signature.size();
  ByteView bytes = as_bytes(text);
  if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha512(), nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &size, bytes.data(), bytes.size()) != 1) {
    ERR_clear_error();
    throw Error(Status::INTERNAL, "OpenSSL could not sign a token");
  }
  return to_base64url({signature.data(), size});
}

std::int64_t unix_seconds(Time time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

}  // namespace

std::string Tokens::issue(const std::string& organization, Time now, Duration lifetime) {
  std::string claims = R"({"aco":")" + organization + R"(","exp":)" + std::to_string(unix_seconds(now + lifetime)) +
                       R"(,"iat":)" + std::to_string(unix_seconds(now)) + R"(,"id":")" + random_uuid() + R"("})";
  std::string text = to_base64url(as_bytes(R"({"alg":"RS512","typ":"JWT"})")) + "." + to_base64url(as_bytes(claims));
  std::string token = text + "." + sign(text);

  std::lock_guard lock(mutex_);
  if (issued_.size() > kSweepAbove)
    std::erase_if(issued_, [&](const auto& entry) { return entry.second.expires <= now; });
  issued_[token] = {organization, now + lifetime};
  return token;
}

std::optional<std::string> Tokens::organization_of(std::string_view token, Time now) {
  std::lock_guard lock(mutex_);
  auto found = issued_.find(std::string(token));
  if (found == issued_.end() || found->second.expires <= now) return std::nullopt;
  return found->second.organization;
}

void Tokens::revoke_all() {
  std::lock_guard lock(mutex_);
  issued_.clear();
}

}  // namespace libbcda::sandbox
