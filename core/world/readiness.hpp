// A descriptor for the event loop of the caller.
#pragma once

namespace libbcda::world {

// Not thread-safe: its owner must hold a lock.
class Readiness {
 public:
  Readiness();
  explicit Readiness(bool uses_pipe);  // Linux has a better descriptor than a pipe, for which the default is
  ~Readiness();
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  // Returns the descriptor. The first call creates it. Throws Error{INTERNAL} if the process has too many descriptors.
  int descriptor();
  // Makes the descriptor readable or not readable. Does nothing before the descriptor is created.
  void set(bool readable);

 private:
  const bool uses_pipe_;
  int ends_[2] = {-1, -1};  // to read and to write: of a pipe, or twice an eventfd
};

}  // namespace libbcda::world
