// A sync for which several threads wait together.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>

#include "base/error.hpp"

namespace libbcda::files {

// A sync makes durable what was written before it began, whoever wrote it. So all who come while one is under way need
// only a single further one. Thread-safe.
class SharedSync {
 public:
  // The number of the next sync that begins. Call it once the bytes are written.
  std::uint64_t join();
  // Waits for the end of that sync, by whichever thread. `sync` performs one: it returns whether the file system can sync,
  // and throws Error. The system reports a failure only once, so after a failure every call throws it.
  bool wait(std::uint64_t number, const std::function<bool()>& sync);

 private:
  void perform(std::unique_lock<std::mutex>& lock, const std::function<bool()>& sync);

  std::mutex mutex_;
  std::condition_variable over_;
  std::uint64_t begun_ = 0, ended_ = 0;  // syncs
  bool can_sync_ = true;
  std::optional<Error> failure_;
};

}  // namespace libbcda::files
