// Requests to stop the command: SIGINT, SIGTERM and SIGHUP.
#pragma once
#include <chrono>

namespace cli {

// During the lifetime of an object, the first signal requests the end of the command. A signal that comes a second or
// more later ends the process at once. Signals within that second belong to the same request, because timeout(1) sends
// SIGTERM twice.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  static bool asked();                     // stays true after the object is destroyed
  static std::chrono::milliseconds age();  // time since the request; only after asked()
  void wait() const;                       // waits until a signal requests the end
};

}  // namespace cli
