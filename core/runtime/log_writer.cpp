#include "runtime/log_writer.hpp"

#include <boost/asio/post.hpp>

namespace libbcda::runtime {

void LogWriter::add(std::string line) {
  {
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
    if (lines_.size() > 1) return;  // a drain was posted with the first line
  }
  asio::post(workers_.executor(), [self = shared_from_this()] {
    try {
      self->workers_.perform([&] { self->drain(); });
    } catch (const Error& error) {
      self->failed_(error);
    }
  });
}

void LogWriter::drain() {
  const std::lock_guard order(writing_);
  std::vector<std::string> lines;
  {
    const std::lock_guard lock(mutex_);
    lines.swap(lines_);
  }
  if (closed_) return;
  for (const std::string& line : lines) write_(line);
}

void LogWriter::close() {
  const std::lock_guard order(writing_);
  closed_ = true;
}

// This is not a coroutine, because GCC 12 destroys the captures of a lambda twice within a co_await expression.
Task<> LogWriter::flush() {
  return world::run_on(workers_, [self = shared_from_this()] {
    try {
      self->drain();
    } catch (const Error& error) {
      self->failed_(error);
    }
  });
}

}  // namespace libbcda::runtime
