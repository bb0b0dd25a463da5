// Writes the lines of the client log, OUT/log.ndjson, in order, on a disk thread.
#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "base/task.hpp"
#include "world/world.hpp"

namespace libbcda::runtime {

// Thread-safe. Hold it by shared_ptr, because a write that was posted outlives its caller.
class LogWriter : public std::enable_shared_from_this<LogWriter> {
 public:
  // `write` writes some lines, with line breaks between them, on a disk worker. `failed` is called for lines that cannot
  // be written.
  LogWriter(world::World& world, std::function<void(const std::string&)> write,
            std::function<void(const Error&)> failed)
      : world_(world), write_(std::move(write)), failed_(std::move(failed)) {}

  // The line is written at once.
  void add(const std::string& line);
  // The line may wait some hundredths of a second. It is written together with those that come meanwhile.
  void add_later(const std::string& line);
  // Returns when each line was written or has failed.
  Task<> flush();
  // Stops writing, and returns when no write is under way. After that, the objects that `write` uses may be destroyed.
  void close();

 private:
  static Task<> write_after(std::shared_ptr<LogWriter> self, Milliseconds wait);
  void add(const std::string& line, Milliseconds wait);
  void drain();

  world::World& world_;
  std::function<void(const std::string&)> write_;
  std::function<void(const Error&)> failed_;
  std::mutex writing_;   // keeps the order when two workers drain
  bool closed_ = false;  // guarded by `writing_`
  std::mutex mutex_;     // guards what follows
  std::string lines_;
  std::optional<Milliseconds> due_;  // a write of them was begun, and waits for this time
};

}  // namespace libbcda::runtime
