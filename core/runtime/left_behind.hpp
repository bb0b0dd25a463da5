// Canceled runs that wait for a call of the system, such as a write to a disk that does not answer. Nobody else waits
// for them: a thread of their own owns and destroys them when the call has returned.
#pragma once
#include <functional>
#include <string>

#include "base/time.hpp"

namespace libbcda::runtime {

// Marks the output directory of such a run as still in use, until this object is destroyed.
class LeftBehind {
 public:
  explicit LeftBehind(std::string directory);
  ~LeftBehind();
  LeftBehind(const LeftBehind&) = delete;
  LeftBehind& operator=(const LeftBehind&) = delete;

 private:
  std::string directory_;
};

// Waits until no run of this process that was left behind uses the directory, at most `limit`. Mostly its call returns
// soon, and the caller wants to begin again.
void wait_for_left_behind(const std::string& directory, Milliseconds limit);

// Calls `finish` on a detached thread, and keeps the library loaded. If no thread can be started, it is not called: what
// it would have destroyed stays in memory.
void finish_apart(std::function<void()> finish) noexcept;

}  // namespace libbcda::runtime
