#include "waiting.hpp"

#include <pthread.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

namespace bcda_python {
namespace {

struct State {
  std::mutex mutex;
  std::condition_variable changed;
  int coming = 0;  // the number of threads that are about to take the GIL
  std::optional<std::thread::id> ender;
  bool gil_refused = false;

  bool exiting_elsewhere() const { return ender && *ender != std::this_thread::get_id(); }
};

State& state();

// The fork handlers hold the mutex during a fork. Otherwise another thread could hold it, and in the child it would
// stay locked.
State* make_state() {
  pthread_atfork([] { state().mutex.lock(); }, [] { state().mutex.unlock(); },
                 [] {
                   state().coming = 0;
                   state().ender.reset();
                   state().gil_refused = false;
                   state().mutex.unlock();
                 });
  return new State;
}

State& state() {
  static State* const made = make_state();  // leaked, because a thread may use it until the process ends
  return *made;
}

[[noreturn]] void sleep_forever() {
  for (;;) ::pause();
}

// Runs `take`, which takes the GIL. If `must_sleep` is true, the thread sleeps until the process ends instead.
template <class Take>
void enter(bool (*must_sleep)(const State&), Take&& take) {
  {
    std::unique_lock lock(state().mutex);
    if (must_sleep(state())) {
      lock.unlock();
      sleep_forever();
    }
    ++state().coming;
  }
  take();
  const std::lock_guard lock(state().mutex);
  --state().coming;
  state().changed.notify_all();
}

}  // namespace

Outside::Outside() : state_(PyEval_SaveThread()) {
  if (exiting_elsewhere()) sleep_forever();
}
Outside::~Outside() {
  enter([](const State& s) { return s.exiting_elsewhere(); }, [this] { PyEval_RestoreThread(state_); });
}

Inside::Inside() {
  enter([](const State& s) { return s.exiting_elsewhere() && s.gil_refused; }, [this] { acquired_.emplace(); });
}

bool exiting_elsewhere() {
  const std::lock_guard lock(state().mutex);
  return state().exiting_elsewhere();
}

void begin_exit() {
  const std::lock_guard lock(state().mutex);
  state().ender = std::this_thread::get_id();
}

void refuse_gil() {
  std::unique_lock lock(state().mutex);
  state().gil_refused = true;
  state().changed.wait(lock, [] { return state().coming == 0; });
}

bool gil_refused() {
  const std::lock_guard lock(state().mutex);
  return state().gil_refused;
}

}  // namespace bcda_python
