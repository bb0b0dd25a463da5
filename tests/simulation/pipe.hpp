// One direction of a connection in memory, with the delays and the breaks of a network.
#pragma once
#include <deque>
#include <string>

#include "simulation/signal.hpp"
#include "world/net.hpp"

namespace libbcda::simulation {

struct Speed {
  Milliseconds latency{0};
  std::int64_t bytes_per_second = 1 << 30;
  std::size_t segment = SIZE_MAX;  // at most so many bytes arrive at once
};

// What happens to the bytes after the first `at` ones.
struct Break {
  enum class Kind { none, cut, reset, stall };
  Kind kind = Kind::none;
  std::int64_t at = 0;
  Milliseconds duration{0};  // of a stall
};

class Pipe {
 public:
  Pipe(const world::Clock& clock, Speed speed, Break breaks) : clock_(clock), speed_(speed), break_(breaks) {}

  // The writer's end. What is not taken waits for the reader, up to the size of a window.
  std::size_t room() const;
  bool put(ByteView bytes);  // at most room(); false: the connection is broken
  void finish();
  void reset();
  bool broken() const { return broken_; }
  Task<Signal::Why> wait_for_room();

  // The reader's end.
  bool readable() const;
  ssize_t take(MutableBytes out, bool remove);  // like recv(2)
  Task<Signal::Why> wait_for_bytes();
  void abandon();  // nobody reads any more

  void interrupt() noexcept;  // wakes both ends
  void kill();                // the reader sees a reset at once

 private:
  struct Parcel {
    Steady arrives;
    std::string bytes;
    enum class Kind { data, end, reset } kind = Kind::data;
  };
  void send(std::string bytes, Parcel::Kind kind);
  void send_data(ByteView bytes);

  const world::Clock& clock_;
  const Speed speed_;
  Break break_;
  std::deque<Parcel> parcels_;
  std::size_t queued_ = 0;
  std::int64_t sent_ = 0;
  Steady last_arrival_{};
  bool broken_ = false, ended_ = false;
  Signal arrival_, drain_;
};

}  // namespace libbcda::simulation
