// Threads for work that blocks or computes, such as a write to a disk. The I/O threads never do such work.
#pragma once
#include <boost/asio/any_io_executor.hpp>

#include <functional>

#include "base/task.hpp"
#include "base/time.hpp"

namespace libbcda::world {

// Thread-safe.
class Workers {
 public:
  virtual ~Workers() = default;
  virtual asio::any_io_executor executor() = 0;
  // Runs one piece of work on the calling thread, which is one of these workers.
  virtual void perform(const std::function<void()>& work) { work(); }
  // Whether a worker is in a piece of work that it began at `until` or before, because the system holds it in a call.
  // Another thread takes the place of such a worker, so that other work goes on. One that was replaced before `from` does
  // not count: it is of another run.
  struct Period {
    Steady from, until;
  };
  virtual bool replace_held(const Period& began) {
    static_cast<void>(began);
    return false;
  }
};

// Performs `work` on one of the workers and waits until it has finished. A cancellation does not interrupt it, because
// the publication of a verified file must complete. Throws what `work` throws.
Task<> run_on(Workers& workers, std::function<void()> work);

}  // namespace libbcda::world
