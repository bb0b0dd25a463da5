// The lowest speed at which a peer may send, and how it is measured.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "base/time.hpp"

namespace libbcda::http {

// Fewer than `limit` bytes a second during `time` are too slow. Without a limit (0) or a time (0) no speed is.
struct LowSpeed {
  std::int64_t limit = 1024;
  Milliseconds time{60000};
};

// Measures what a peer sends while the client waits for it, in one window of LowSpeed::time after the other. Time in
// which the client is busy is not the peer's: it belongs to no window. Not thread-safe.
//
//   off --start--> measuring --too few bytes in a window--> too slow
//    ^                 |
//    +------stop-------+
class SpeedMeter {
 public:
  explicit SpeedMeter(LowSpeed allowed) : allowed_(allowed) {}

  // Begins a window. `received`: how many bytes have come so far.
  void start(std::uint64_t received);
  void stop() { is_on_ = false; }

  void wait_begins(Steady now) { since_ = now; }
  void wait_ends(Steady now);

  // When to ask is_too_slow: at the end of the window, or a little later. Steady::max() if nothing is measured.
  Steady due(Steady now) const;
  // Ends the window if its time is over, and begins the next one. True: too few bytes have come in it.
  bool is_too_slow(Steady now, std::uint64_t received);
  // What came in the window that was too slow, and what the settings ask for.
  std::string findings() const;

 private:
  Steady::duration waited(Steady now) const;  // in this window

  LowSpeed allowed_;
  bool is_on_ = false;
  std::uint64_t received_ = 0;       // before the window
  Steady::duration waited_{0};       // in this window, without the wait that goes on
  std::optional<Steady> since_;      // the begin of the wait that goes on
  std::uint64_t slow_bytes_ = 0;     // of the window that was too slow
  Steady::duration slow_waited_{0};  // the length of that window
};

}  // namespace libbcda::http
