// Writes the lines of the client log, OUT/log.ndjson, in order, on a disk thread.
#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/task.hpp"
#include "world/workers.hpp"

namespace libbcda::runtime {

// Thread-safe. Hold it by shared_ptr, because a write that was posted outlives its caller.
class LogWriter : public std::enable_shared_from_this<LogWriter> {
 public:
  // `write` writes one line, on a worker. `failed` is called for a line that cannot be written.
  LogWriter(world::Workers& workers, std::function<void(const std::string&)> write,
            std::function<void(const Error&)> failed)
      : workers_(workers), write_(std::move(write)), failed_(std::move(failed)) {}

  void add(std::string line);
  // Returns when each line was written or has failed.
  Task<> flush();
  // Stops writing, and returns when no write is under way. After that, the objects that `write` uses may be destroyed.
  void close();

 private:
  void drain();

  world::Workers& workers_;
  std::function<void(const std::string&)> write_;
  std::function<void(const Error&)> failed_;
  std::mutex writing_;   // keeps the order when two workers drain
  bool closed_ = false;  // guarded by `writing_`
  std::mutex mutex_;     // guards `lines_`
  std::vector<std::string> lines_;
};

}  // namespace libbcda::runtime
