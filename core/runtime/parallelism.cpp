#include "runtime/parallelism.hpp"

#include <algorithm>

namespace libbcda::runtime {
namespace {

constexpr auto kOneMoment = std::chrono::seconds(2);  // in which the requests that are under way are refused too

}  // namespace

std::size_t Parallelism::limit() const {
  const std::lock_guard lock(mutex_);
  return limit_;
}

void Parallelism::refused(Steady now) {
  const std::lock_guard lock(mutex_);
  good_ = 0;
  if (fell_ && now - *fell_ < kOneMoment) return;
  fell_ = now;
  limit_ = std::max<std::size_t>(1, limit_ / 2);
}

void Parallelism::done() {
  const std::lock_guard lock(mutex_);
  if (limit_ == most_ || ++good_ < limit_) return;
  good_ = 0;
  ++limit_;
}

}  // namespace libbcda::runtime
