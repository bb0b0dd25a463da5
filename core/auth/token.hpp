// An access token's life, without sockets (BCDA guide, "Authentication and Authorization"; RFC 6749 section 5).
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "http/message.hpp"

namespace libbcda::auth {

struct Credentials {
  std::string client_id;
  Secret client_secret;
};

// POST /auth/token with Basic credentials and no body.
http::Request token_request(const http::Url& service, const Credentials& credentials);

struct Token {
  Secret value;
  Steady renew_at;    // from here on a new one is fetched ahead of time
  Steady expires_at;  // from here on it is not used at all
};

// Reads the answer to a token request. The lifetime is `expires_in` (a number or, as BCDA sends it, a string), else the
// claim `exp` of a JWT (a hint: its signature is not ours to check), else `assumed`.
// Throws Error{AUTHENTICATION} when the credentials are refused, REFUSED (retriable or not) or PROTOCOL otherwise.
Token read_token(const http::Answer& answer, Moment now, Milliseconds assumed);

// The token of a client through its renewals.
//
//   absent --ask--> fetching --a token--> held --ask, renew_at has come--> renewing --a token--> held
//     ^                |                    |                                 |
//     +-- no token ----+---- reject --------+          held <--- no token ----+
class TokenLife {
 public:
  enum class Phase {
    absent,    // there is no token: the next asker fetches one
    fetching,  // one asker fetches a token, and the others wait for it
    held,      // a token is at hand
    renewing,  // a token is at hand and in use, while one asker fetches the next
  };
  enum class Advice {
    use,    // value() is good
    fetch,  // the asker fetches a token and reports its end by received() or failed()
    wait,   // another asker fetches one
  };

  Advice ask(Steady now);
  void received(Token token);
  // A token that is still held is used on, and the next renewal is some seconds away.
  void failed(Steady now);
  // The service refused this token: it is not used again.
  void reject(std::string_view value);

  Phase phase() const { return phase_; }
  // The token as long as it may be used.
  std::optional<Secret> value(Steady now) const;

 private:
  Phase phase_ = Phase::absent;
  std::optional<Token> token_;
};

}  // namespace libbcda::auth
