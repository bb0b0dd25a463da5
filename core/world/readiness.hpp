// A descriptor for the event loop of the caller.
#pragma once

namespace libbcda::world {

// Not thread-safe: its owner must hold a lock.
class Readiness {
 public:
  Readiness() = default;
  ~Readiness();
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  // Returns the descriptor. The first call creates it. Throws Error{INTERNAL} if the process has too many descriptors.
  int descriptor();
  // Makes the descriptor readable or not readable. Does nothing before the descriptor is created.
  void set(bool readable);

 private:
  int fd_ = -1;  // an eventfd
};

}  // namespace libbcda::world
