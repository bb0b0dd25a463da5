// Writes the lines of the client log, OUT/log.ndjson, in order, on a disk thread.
#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "base/task.hpp"
#include "world/world.hpp"

namespace libbcda::runtime {

// Thread-safe. Hold it by shared_ptr, because a write that was posted outlives its caller.
class LogWriter : public std::enable_shared_from_this<LogWriter> {
 public:
  // `write` writes some lines, with line breaks between them, on a disk worker. `failed` is called if it throws.
  LogWriter(world::World& world, std::function<void(const std::string&)> write,
            std::function<void(const Error&)> failed)
      : world_(world), write_(std::move(write)), failed_(std::move(failed)) {}

  void add(std::string line);  // it is written within some hundredths of a second
  // Returns when each line was written or has failed.
  Task<> flush();
  // Stops writing, and returns when no write is under way. After that, the objects that `write` uses may be destroyed.
  void close();

 private:
  static Task<> write_soon(std::shared_ptr<LogWriter> self);
  void drain();

  world::World& world_;
  std::function<void(const std::string&)> write_;
  std::function<void(const Error&)> failed_;
  std::mutex writing_;   // keeps the order when two workers drain
  bool closed_ = false;  // guarded by `writing_`
  std::mutex mutex_;     // guards what follows
  std::string lines_;
  bool is_due_ = false;  // a write of them was begun
};

}  // namespace libbcda::runtime
