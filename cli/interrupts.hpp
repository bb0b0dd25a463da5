// Requests to stop the command: SIGINT, SIGTERM and SIGHUP.
#pragma once
#include <chrono>

namespace cli {

// While one lives, the first signal asks for an end. A signal that comes a second or more after it ends the process at
// once. Signals within that second belong to the same request: timeout(1), for one, sends SIGTERM twice.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  static bool asked();                     // stays true when the object is gone
  static std::chrono::milliseconds age();  // time since the request; only after asked()
  void wait() const;                       // until a signal asks for an end
};

}  // namespace cli
