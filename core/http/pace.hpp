// A limit of requests within a period, which a client keeps on its own side.
#pragma once
#include <deque>
#include <mutex>

#include "base/time.hpp"

namespace libbcda::http {

// At most `requests` within any `period`: a sliding window. Requests get their turns in the order in which they ask.
// Thread-safe.
class Pace {
 public:
  explicit Pace(int requests = 0, Milliseconds period = Milliseconds(0))  // 0: no limit
      : requests_(requests), period_(period) {}

  // Takes the next turn. Returns how long the request must wait for it.
  Milliseconds take_turn(Steady now);

 private:
  int requests_;
  Milliseconds period_;
  std::mutex mutex_;
  std::deque<Steady> turns_;  // the latest ones, in their order; a turn may be in the future
};

}  // namespace libbcda::http
