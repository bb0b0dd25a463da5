// Access tokens and their lifecycle, without sockets (BCDA guide, "Authentication and Authorization"; RFC 6749
// section 5).
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "http/message.hpp"

namespace libbcda::auth {

struct Token {
  Secret value;
  Steady renew_at;    // after this time, a caller fetches a new token while the others still use this one
  Steady expires_at;  // after this time, the token is not used any more
  std::optional<Milliseconds> lifetime = {};  // when it was issued, if the service or the token says so
  std::string scope = {};                     // the granted one; "": the service does not say. Hostile text
};

// Reads the answer to a token request. The lifetime is `expires_in`, which is a number or, from BCDA, a string. If it
// is missing, the claim `exp` of a JWT is used as a hint, because a client cannot verify its signature. If that is
// missing too, the lifetime is `assumed`. Throws Error{AUTHENTICATION} if the credentials are refused; the message says
// to check `credentials`. For other failures it throws REFUSED (retriable or not) or PROTOCOL.
Token read_token(const http::Answer& answer, Moment now, Milliseconds assumed,
                 const char* credentials = "client_id and client_secret");

// A token that the caller has, perhaps for a long time. It is used until its claim `exp`, or else for `assumed`. Throws
// Error{AUTHENTICATION} if it cannot be a token, or has expired.
Token held_token(Secret value, Moment now, Milliseconds assumed);

// The lifecycle of a client's token through its renewals.
//
//   absent --ask--> fetching --a token--> held --ask after renew_at--> renewing --a token--> held
//     ^                |                    |                              |
//     +-- no token ----+---- reject --------+        held <--- no token ---+
class TokenLifecycle {
 public:
  enum class Phase {
    absent,    // there is no token, and the next caller must fetch one
    fetching,  // one caller fetches a token, and the others wait for it
    held,      // there is a token
    renewing,  // there is a token in use, and one caller fetches the next one
  };
  enum class Advice {
    use,    // value() is valid
    fetch,  // this caller must fetch a token, and report the result with received() or failed()
    wait,   // another caller fetches a token, and this one must wait
  };

  Advice ask(Steady now);
  void received(Token token);
  // Keeps a token that is still held. The next renewal is some seconds later.
  void failed(Steady now);
  // Reports that the service refused this token. It is not used again.
  void reject(std::string_view value);

  Phase phase() const { return phase_; }
  // The token, or nullopt if there is none or it has expired.
  std::optional<Secret> value(Steady now) const;
  const std::optional<Token>& token() const { return token_; }  // which may have expired

 private:
  Phase phase_ = Phase::absent;
  std::optional<Token> token_;
};

}  // namespace libbcda::auth
