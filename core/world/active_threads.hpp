// The threads that are active while the process exits.
#pragma once
#include <atomic>
#include <condition_variable>
#include <mutex>

#include "base/time.hpp"

namespace libbcda::world {

// Counts active threads. The end of the process waits a moment for them. Thread-safe.
class ActiveThreads {
 public:
  class Guard {
   public:
    explicit Guard(ActiveThreads& threads);  // throws Error{CANCELED} once the process is exiting
    ~Guard();
    Guard(const Guard&) = delete;

   private:
    ActiveThreads& threads_;
  };

  // No thread becomes active from now on. Waits until none is active, but not longer than `patience`.
  void close(Milliseconds patience);
  bool closed() const { return closed_; }

 private:
  std::mutex mutex_;
  std::condition_variable left_;
  int active_ = 0;
  std::atomic<bool> closed_{false};
};

}  // namespace libbcda::world
