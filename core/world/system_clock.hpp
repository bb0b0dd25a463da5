// The clocks of the operating system.
#pragma once
#include "world/clock.hpp"

namespace libbcda::world {

class SystemClock : public Clock {
 public:
  Moment now() const override;
  std::unique_ptr<Timer> timer(const asio::any_io_executor& executor) const override;
  Task<> sleep(Milliseconds duration) const override;
  void pause(Milliseconds duration) const override;
};

const Clock& system_clock();

}  // namespace libbcda::world
