// Hands out the access token, renewing it ahead of time; many askers share one renewal.
#pragma once
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "auth/token.hpp"
#include "base/error.hpp"
#include "http/client.hpp"

namespace libbcda::auth {

// Thread-safe. The credentials go to the service's own origin and nowhere else.
class TokenSource {
 public:
  TokenSource(http::Client& client, http::Url service, Credentials credentials, Milliseconds assumed_lifetime,
              const world::Clock& clock);

  // Adds "Authorization: Bearer" to a request to the service's origin, and nothing to one elsewhere.
  // Throws what read_token throws, or Error{NETWORK, ...}; a refusal reaches every waiting asker.
  Task<> authorize(http::Request& request);

  // The service refused the token in `request` (HTTP 401): never use that one again.
  void reject(const http::Request& request);

 private:
  struct Waiter;
  struct Duty;
  Task<Secret> get();
  Task<Token> fetch();
  Task<> wait(std::shared_ptr<Waiter> waiter);
  Task<Secret> renew(Duty& duty);
  void settle(std::optional<Token> token, const std::optional<Error>& error);

  http::Client& client_;
  http::Url service_;
  Credentials credentials_;
  Milliseconds assumed_lifetime_;
  const world::Clock& clock_;

  std::mutex mutex_;
  TokenLife life_;
  std::vector<std::shared_ptr<Waiter>> waiters_;
};

}  // namespace libbcda::auth
