// Decides when a request may be sent again, and after which delay.
#pragma once
#include <optional>

#include "base/time.hpp"

namespace libbcda::http {

// Whether the same request may succeed later. True for 408, 425, 429, 500, 502, 503 and 504.
bool transient(int status);

inline constexpr Milliseconds kLongestRequested = std::chrono::minutes(15);

// Growing delays with jitter, so that many clients do not retry at the same moment.
class Backoff {
 public:
  // `longest_requested`: the longest delay that a server may request.
  Backoff(Milliseconds first, Milliseconds longest, double factor = 2,
          Milliseconds longest_requested = kLongestRequested)
      : next_(first), longest_(longest), longest_requested_(longest_requested), factor_(factor) {}
  // The next delay. `jitter` is in [0, 1) and shortens the delay by up to a fifth. If `requested`, the delay that the
  // server requests, is longer, it is used instead, up to `longest_requested`.
  Milliseconds next(double jitter, std::optional<Milliseconds> requested = {});

 private:
  Milliseconds next_, longest_, longest_requested_;
  double factor_;
};

// How often, and for how long, a failing request may be repeated.
class RetryBudget {
 public:
  // `limit` is the number of retries in a row. `outage_limit`: while the failures have lasted for less than this time,
  // a retry is allowed even beyond `limit`.
  RetryBudget(int limit, Backoff backoff, Milliseconds outage_limit = Milliseconds(0))
      : limit_(limit), outage_limit_(outage_limit), fresh_(backoff), backoff_(backoff) {}

  // Uses one retry. Returns false if none is left.
  bool allow(Steady now) { return allow(now, limit_); }
  // The same with a lower limit, for a failure that a retry is less likely to solve.
  bool allow(Steady now, int limit);
  Milliseconds delay(double jitter, std::optional<Milliseconds> requested) { return backoff_.next(jitter, requested); }
  void refill();  // after a success
  // How long the failures may still last within the outage limit. 0 if they may not.
  Milliseconds time_left(Steady now) const;
  Milliseconds outage_limit() const { return outage_limit_; }
  Milliseconds spent(Steady now) const;  // since the first failure in a row

 private:
  int limit_;
  Milliseconds outage_limit_;
  Backoff fresh_, backoff_;
  int spent_ = 0;
  std::optional<Steady> since_;  // the time of the first failure in a row
};

}  // namespace libbcda::http
