// Which threads are at work while the process exits.
#pragma once
#include <atomic>
#include <condition_variable>
#include <mutex>

#include "base/time.hpp"

namespace libbcda::world {

// The threads that are at work, for which the end of the process waits a moment. Thread-safe.
class Attendance {
 public:
  class Visit {
   public:
    explicit Visit(Attendance& attendance);  // throws Error{CANCELED} once the process is exiting
    ~Visit();
    Visit(const Visit&) = delete;

   private:
    Attendance& attendance_;
  };

  // No visit begins from now on. Waits until the last one has ended, but not longer than `patience`.
  void close(Milliseconds patience);
  bool closed() const { return closed_; }

 private:
  std::mutex mutex_;
  std::condition_variable left_;
  int visits_ = 0;
  std::atomic<bool> closed_{false};
};

}  // namespace libbcda::world
