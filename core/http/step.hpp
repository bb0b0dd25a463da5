// What a state machine of the engine asks its driver to do next. The driver has the sockets and the clocks.
#pragma once
#include <string>
#include <utility>
#include <variant>

#include "base/time.hpp"
#include "http/message.hpp"

namespace libbcda::http {

struct Send {
  Request request;           // without Authorization: the driver adds the token
  bool renew_token = false;  // the token in use was refused: get a new one first
};
struct Wait {
  Milliseconds duration;
  std::string why;     // "" for an ordinary poll
  bool retry = false;  // after a failure
};
struct Finished {};
using Step = std::variant<Send, Wait, Finished>;

// What the answers so far say of the token in use.
//
//   trusted --401--> refused --next request--> renewed --401--> the 401 is final
//      ^                                          |
//      +------------- any other answer -----------+
class TokenTrust {
 public:
  // A 401 came. True: renew the token and send the request again.
  bool refuse() { return state_ == State::trusted ? (state_ = State::refused, true) : false; }
  // For the next request: whether it needs a new token.
  bool take_renewal() { return state_ == State::refused ? (state_ = State::renewed, true) : false; }
  // Another answer than 401 came, or none: by the next 401 the token may be old.
  void accept() { state_ = State::trusted; }

 private:
  enum class State {
    trusted,  // no answer speaks against it
    refused,  // the last answer was a 401
    renewed,  // it was renewed because of a 401, and nothing was answered since
  };
  State state_ = State::trusted;
};

}  // namespace libbcda::http
