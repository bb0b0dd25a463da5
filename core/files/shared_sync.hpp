// A sync for which several threads wait together.
#pragma once
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "base/error.hpp"

namespace libbcda::files {

// A sync makes durable what was written before it began, whoever wrote it. So all who come while one is under way need
// only a single further one. Thread-safe.
class SharedSync {
 public:
  // One sync, and those who wait for it.
  struct Round {
    bool is_over = false, can_sync = false;
    std::optional<Error> failure;
  };
  // The next sync that begins. Call it once the bytes are written.
  std::shared_ptr<Round> join();
  // Waits for the end of that sync, and performs it if nobody does: `sync` returns whether the file system can do it, and
  // throws Error. Returns or throws what it did. The system reports a failure only once, so it is thrown to all who have
  // joined by that moment, those of the next sync too.
  bool wait(const std::shared_ptr<Round>& round, const std::function<bool()>& sync);

 private:
  void perform(std::unique_lock<std::mutex>& lock, const std::function<bool()>& sync);

  std::mutex mutex_;
  std::condition_variable over_;
  bool is_under_way_ = false;
  std::shared_ptr<Round> next_;  // has not begun; null: nobody waits for one
};

}  // namespace libbcda::files
