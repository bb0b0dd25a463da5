// The steps that a state machine of the engine tells its driver to do. The driver has the sockets and the clocks.
#pragma once
#include <string>
#include <utility>
#include <variant>

#include "base/time.hpp"
#include "http/message.hpp"

namespace libbcda::http {

struct Send {
  Request request;           // without Authorization, because the driver adds the token
  bool renew_token = false;  // the service refused the current token, so the driver must get a new one first
};
struct Wait {
  Milliseconds duration;
  std::string why;      // the failure; "" for an ordinary poll
  bool retry = false;   // the wait follows a failure
  int http_status = 0;  // of the answer that was the failure; 0: there was none
};
struct Finished {};
using Step = std::variant<Send, Wait, Finished>;

// Tracks whether the service accepts the current token.
//
//   trusted --401--> refused --next request--> renewed --401--> the 401 is final
//      ^                                          |
//      +------------- any other answer -----------+
class TokenTrust {
 public:
  // Reports a 401. Returns true if the token must be renewed and the request sent again.
  bool refuse() { return state_ == State::trusted ? (state_ = State::refused, true) : false; }
  // Whether the next request needs a new token. Returns true once after each refusal.
  bool take_renewal() { return state_ == State::refused ? (state_ = State::renewed, true) : false; }
  // Reports another answer than 401, or a failure. After that, a 401 may mean that the token has expired.
  void accept() { state_ = State::trusted; }

 private:
  enum class State {
    trusted,  // no answer has refused the token
    refused,  // the last answer was a 401
    renewed,  // the token was renewed because of a 401, and no answer has arrived since
  };
  State state_ = State::trusted;
};

}  // namespace libbcda::http
