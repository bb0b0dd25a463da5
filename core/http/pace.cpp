#include "http/pace.hpp"

#include <algorithm>

namespace libbcda::http {

Milliseconds Pace::take_turn(Steady now) {
  if (requests_ <= 0 || period_.count() <= 0) return Milliseconds(0);
  const std::lock_guard lock(mutex_);
  Steady turn = now;
  if (turns_.size() >= static_cast<std::size_t>(requests_)) {
    turn = std::max(now, turns_.front() + period_);
    turns_.pop_front();
  }
  if (!turns_.empty()) turn = std::max(turn, turns_.back());
  turns_.push_back(turn);
  return std::chrono::ceil<Milliseconds>(turn - now);
}

}  // namespace libbcda::http
