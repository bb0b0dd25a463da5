// Provides the access token and renews it before it expires. All callers share one renewal.
#pragma once
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "auth/discovery.hpp"
#include "auth/login.hpp"
#include "auth/token.hpp"
#include "base/error.hpp"
#include "http/client.hpp"
#include "world/world.hpp"

namespace libbcda::auth {

// What a token request brought, without the token.
struct Grant {
  std::optional<http::Url> token_url;    // not set: the caller had the token
  std::optional<Milliseconds> lifetime;  // not set: nothing says it
  std::string scope;                     // "": the service does not say. Hostile text
};

// Thread-safe. The credentials are sent only to the URL that issues tokens, and the token only to the origins given.
class TokenSource {
 public:
  // `origins`: those that get the token; the first one is the service's.
  TokenSource(http::Client& client, std::vector<http::Url> origins, Login login, Milliseconds assumed_lifetime,
              world::World& world);

  // Adds "Authorization: Bearer" to a request to one of the origins. Does nothing for other origins, or if the service
  // wants no token. Throws what read_token throws, or Error{NETWORK, ...}. If the renewal fails, all waiting callers get
  // the error.
  Task<> authorize(http::Request& request);

  // Whether a request to this URL gets a token.
  bool is_for(const http::Url& url) const;

  const Login& login() const { return login_; }

  // Says what an export will read; {}: every type. A scope that the setting does not give is chosen so that it covers
  // the types of all exports of this client. A token that was asked for less is not used any more.
  void wish(const std::vector<std::string>& types);
  // What to say if the current token covers less than was asked for, or "".
  std::string narrowed() const;
  // Gets a new token, whether there is one or not, and tells about it. Throws as authorize does. Not with Method::none.
  Task<Grant> obtain();

  // Reports that the service refused the token in `request` (HTTP 401). That token is never used again.
  void reject(const http::Request& request);

 private:
  struct Waiter;
  struct Duty;
  Task<Secret> get();
  Task<Token> fetch();
  Token token_in(const http::Answer& answer) const;
  Error clocks_differ(const http::Answer& answer, Instant::duration difference) const;
  Task<Token> take_token_at_hand();
  Error after_refusal(Error error);
  Task<TokenEndpoint> find_token_url();
  Task<http::Answer> ask_for_token(const TokenEndpoint& endpoint, Instant now);
  Task<> wait(std::shared_ptr<Waiter> waiter);
  Task<Secret> renew(Duty& duty);
  void settle(std::optional<Token> token, const std::optional<Error>& error);
  Login login_for_request();
  std::vector<std::string> wished_types() const;  // {}: every type

  http::Client& client_;
  std::vector<http::Url> origins_;
  Login login_;
  Milliseconds assumed_lifetime_;
  world::World& world_;
  const world::Clock& clock_;
  std::optional<TokenEndpoint> token_url_;  // used by the caller that fetches a token, as is `offer_`
  TokenOffer offer_;

  mutable std::mutex mutex_;
  TokenLifecycle lifecycle_;
  std::vector<std::shared_ptr<Waiter>> waiters_;
  Secret refused_;  // the last token that the service refused
  struct Wish {
    std::set<std::string> types;
    bool is_known = false, is_all = false;
    std::string asked;       // the scope of the last token request
    bool is_chosen = false;  // that scope was chosen for some types only
    bool grew = false;       // since that request
  } wish_;
};

}  // namespace libbcda::auth
