#include "waiting.hpp"

#include <pthread.h>

#include <condition_variable>
#include <mutex>

#include "errors.hpp"

namespace bcda_python {
namespace {

struct Count {
  std::mutex mutex;
  std::condition_variable changed;
  int outside = 0;
  bool ending = false;
};

// A forked child has only the thread that forked, which had the GIL.
Count* make_count();

Count& count() {
  static Count* const made = make_count();  // a thread may need it to the very end
  return *made;
}

Count* make_count() {
  pthread_atfork(nullptr, nullptr, [] { count().outside = 0; });
  return new Count;
}

}  // namespace

Outside::Outside() {
  const std::lock_guard lock(count().mutex);
  if (count().ending) throw Failure{BCDA_STATE, "the Python interpreter is ending"};
  ++count().outside;
}

Outside::~Outside() {
  const std::lock_guard lock(count().mutex);
  --count().outside;
  count().changed.notify_all();
}

bool ending() {
  const std::lock_guard lock(count().mutex);
  return count().ending;
}

void begin_ending() {
  const std::lock_guard lock(count().mutex);
  count().ending = true;
}

bool all_inside(bcda::Milliseconds timeout) {
  std::unique_lock lock(count().mutex);
  return count().changed.wait_for(lock, timeout, [] { return count().outside == 0; });
}

}  // namespace bcda_python
