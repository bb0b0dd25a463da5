#include "http/retry.hpp"

#include <algorithm>

namespace libbcda::http {
namespace {

Milliseconds scaled(Milliseconds duration, double factor) {
  return Milliseconds(static_cast<std::int64_t>(static_cast<double>(duration.count()) * factor));
}

}  // namespace

bool transient(int status) {
  return status == 408 || status == 425 || status == 429 || status == 500 || status == 502 || status == 503 ||
         status == 504;
}

Milliseconds Backoff::next(double jitter, std::optional<Milliseconds> requested) {
  Milliseconds delay = next_;
  next_ = std::min(longest_, scaled(next_, factor_));
  delay -= scaled(delay, 0.2 * jitter);
  delay = std::min(delay, longest_);
  return requested ? std::max(delay, std::min(*requested, longest_requested_)) : delay;
}

bool RetryBudget::allow(Steady now, int limit) {
  if (!since_) since_ = now;
  const bool within_outage = now - *since_ < outage_limit_;
  return spent_++ < std::min(limit, limit_) || within_outage;
}

void RetryBudget::refill() {
  spent_ = 0;
  since_.reset();
  backoff_ = fresh_;
}

Milliseconds RetryBudget::time_left(Steady now) const { return std::max(Milliseconds(0), outage_limit_ - spent(now)); }

Milliseconds RetryBudget::spent(Steady now) const {
  return since_ ? std::chrono::duration_cast<Milliseconds>(now - *since_) : Milliseconds(0);
}

}  // namespace libbcda::http
