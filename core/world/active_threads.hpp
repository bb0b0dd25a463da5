// Counts the threads that run the library's code, so that the exit of the process can wait for them.
#pragma once
#include <atomic>
#include <condition_variable>
#include <mutex>

#include "base/time.hpp"

namespace libbcda::world {

// Thread-safe.
class ActiveThreads {
 public:
  // Counts the calling thread as active during the lifetime of this object.
  class Scope {
   public:
    explicit Scope(ActiveThreads& active_threads);  // throws Error{CANCELED} once the process is exiting
    ~Scope();
    Scope(const Scope&) = delete;

   private:
    ActiveThreads& active_threads_;
  };

  // Allows no new scope from now on. Waits until the last scope has ended, but not longer than `timeout`.
  void close(Milliseconds timeout);
  bool closed() const { return closed_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
  std::atomic<bool> closed_{false};
};

}  // namespace libbcda::world
