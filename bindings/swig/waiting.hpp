// Waits with the facade's timeouts: milliseconds; negative means no limit.
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace bcda_flat {

template <class Predicate>
void wait_up_to(std::condition_variable& changed, std::unique_lock<std::mutex>& lock, std::int64_t timeout_ms,
                Predicate holds) {
  if (timeout_ms < 0) {
    changed.wait(lock, holds);
  } else {
    changed.wait_for(lock, std::chrono::milliseconds(timeout_ms), holds);
  }
}

}  // namespace bcda_flat
