// When a request may be sent again, and after which delay.
#pragma once
#include <optional>

#include "base/time.hpp"

namespace libbcda::http {

// 408, 425, 429, 500, 502, 503, 504: the same request may succeed later.
bool transient(int status);

// Delays that grow, with jitter so that clients do not ask in step.
class Backoff {
 public:
  Backoff(Milliseconds first, Milliseconds longest, double factor = 2)
      : next_(first), longest_(longest), factor_(factor) {}
  // `jitter` is in [0, 1): it shortens the delay by up to a fifth. A longer delay that the server requests counts, up to 15
  // minutes; a shorter one does not shorten ours.
  Milliseconds next(double jitter, std::optional<Milliseconds> requested = {});

 private:
  Milliseconds next_, longest_;
  double factor_;
};

// How often, and for how long, a failing request may be repeated.
class RetryBudget {
 public:
  // `limit`: tries that may be spent in a row. `patience`: while failures have lasted for less than this, each may be
  // followed by one more try, whatever was spent.
  RetryBudget(int limit, Backoff backoff, Milliseconds patience = Milliseconds(0))
      : limit_(limit), patience_(patience), fresh_(backoff), backoff_(backoff) {}

  // Spends one try. False: none is left.
  bool allow(Steady now) { return allow(now, limit_); }
  // The same for a failure that fewer tries are worth.
  bool allow(Steady now, int limit);
  Milliseconds delay(double jitter, std::optional<Milliseconds> requested) { return backoff_.next(jitter, requested); }
  void refill();  // after a success

 private:
  int limit_;
  Milliseconds patience_;
  Backoff fresh_, backoff_;
  int spent_ = 0;
  std::optional<Steady> since_;  // the first failure in a row
};

}  // namespace libbcda::http
