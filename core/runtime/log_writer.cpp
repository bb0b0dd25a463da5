#include "runtime/log_writer.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace libbcda::runtime {
namespace {

// Lines about single files wait for so long. So many of them are written together: each write costs several calls of the
// system, because the workspace checks first that no other run has taken the directory over.
constexpr Milliseconds kPatience{50};

}  // namespace

void LogWriter::add(const std::string& line) { add(line, Milliseconds(0)); }
void LogWriter::add_later(const std::string& line) { add(line, kPatience); }

void LogWriter::add(const std::string& line, Milliseconds wait) {
  {
    const std::lock_guard lock(mutex_);
    if (!lines_.empty()) lines_ += '\n';
    lines_ += line;
    if (due_ && *due_ <= wait) return;
    due_ = wait;
  }
  asio::co_spawn(world_.executor(), write_after(shared_from_this(), wait), asio::detached);
}

// A static function, because the coroutine outlives the call of a member function.
Task<> LogWriter::write_after(std::shared_ptr<LogWriter> self, Milliseconds wait) {
  if (wait.count() > 0) co_await self->world_.clock().sleep(wait);
  co_await self->flush();
}

void LogWriter::drain() {
  const std::lock_guard order(writing_);
  std::string lines;
  {
    const std::lock_guard lock(mutex_);
    lines.swap(lines_);
    due_.reset();
  }
  if (closed_ || lines.empty()) return;
  try {
    write_(lines);
  } catch (...) {
    failed_(current_error());
  }
}

void LogWriter::close() {
  const std::lock_guard order(writing_);
  closed_ = true;
}

// This is not a coroutine, because GCC 12 destroys the captures of a lambda twice within a co_await expression.
Task<> LogWriter::flush() {
  return world::run_on(world_.disk_workers(), [self = shared_from_this()] { self->drain(); });
}

}  // namespace libbcda::runtime
