#include "runtime/log_writer.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace libbcda::runtime {
namespace {

// Lines that come within this time are written together, because a write checks first whose the directory is.
constexpr Milliseconds kLongestWait{50};

}  // namespace

void LogWriter::add(std::string line) {
  {
    const std::lock_guard lock(mutex_);
    if (!lines_.empty()) lines_ += '\n';
    lines_ += line;
    if (std::exchange(is_due_, true)) return;
  }
  asio::co_spawn(world_.executor(), write_soon(shared_from_this()), asio::detached);
}

// A static function, because the coroutine outlives the call of a member function.
Task<> LogWriter::write_soon(std::shared_ptr<LogWriter> self) {
  co_await self->world_.clock().sleep(kLongestWait);
  co_await self->flush();
}

void LogWriter::drain() {
  const std::lock_guard order(writing_);
  std::string lines;
  {
    const std::lock_guard lock(mutex_);
    lines.swap(lines_);
    is_due_ = false;
  }
  if (!closed_ && !lines.empty()) write_(lines);
}

void LogWriter::close() {
  const std::lock_guard order(writing_);
  closed_ = true;
}

// This is not a coroutine, because GCC 12 destroys the captures of a lambda twice within a co_await expression.
Task<> LogWriter::flush() {
  return world::run_on(world_.disk_workers(), [self = shared_from_this()] {
    try {
      self->drain();
    } catch (const Error& error) {
      self->failed_(error);
    }
  });
}

}  // namespace libbcda::runtime
