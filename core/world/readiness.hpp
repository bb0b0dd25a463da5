// A descriptor that an outside loop polls.
#pragma once

namespace libbcda::world {

// Not thread-safe: its owner has a lock.
class Readiness {
 public:
  Readiness() = default;
  ~Readiness();
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  // The descriptor, which is made at the first call. Throws Error{INTERNAL} when none is left.
  int descriptor();
  // Makes the descriptor readable, or not. Does nothing before it is made.
  void set(bool readable);

 private:
  int fd_ = -1;  // an eventfd
};

}  // namespace libbcda::world
