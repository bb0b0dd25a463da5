#include "http/low_speed.hpp"

#include <algorithm>
#include <utility>

namespace libbcda::http {

void SpeedMeter::start(std::uint64_t received) {
  is_on_ = allowed_.limit > 0 && allowed_.time.count() > 0;
  received_ = received;
  waited_ = {};
}

void SpeedMeter::wait_ends(Steady now) {
  waited_ = waited(now);
  since_.reset();
}

Steady::duration SpeedMeter::waited(Steady now) const {
  return waited_ + (since_ ? now - *since_ : Steady::duration{});
}

Steady SpeedMeter::due(Steady now) const {
  if (!is_on_) return Steady::max();
  // While the client is busy, the window does not go on. A timer that looks for its end must not fire again and again.
  const Steady::duration least = since_ ? Steady::duration{} : Steady::duration(allowed_.time) / 8;
  return now + std::max(least, allowed_.time - waited(now));
}

bool SpeedMeter::is_too_slow(Steady now, std::uint64_t received) {
  const Steady::duration waited_for = waited(now);
  if (!is_on_ || waited_for < allowed_.time) return false;
  const std::uint64_t came = received - std::exchange(received_, received);
  waited_ = {};
  if (since_) since_ = now;
  const double seconds = std::chrono::duration<double>(waited_for).count();
  if (static_cast<double>(came) >= static_cast<double>(allowed_.limit) * seconds) return false;
  slow_bytes_ = came;
  slow_waited_ = waited_for;
  return true;
}

std::string SpeedMeter::findings() const {
  const double seconds = std::chrono::duration<double>(slow_waited_).count();
  const auto speed = static_cast<std::uint64_t>(static_cast<double>(slow_bytes_) / seconds);
  return std::to_string(slow_bytes_) + (slow_bytes_ == 1 ? " byte in " : " bytes in ") +
         format_duration(std::chrono::duration_cast<Milliseconds>(slow_waited_)) + " are " + std::to_string(speed) +
         " bytes per second; fewer than low_speed_limit (" + std::to_string(allowed_.limit) +
         " bytes per second) over low_speed_time (" + format_duration(allowed_.time) + ") are given up";
}

}  // namespace libbcda::http
