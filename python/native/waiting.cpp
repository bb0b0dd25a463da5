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
  bool shut = false;

  bool is_exiting() const { return ender && *ender != std::this_thread::get_id(); }
};

State& state();

// The fork handlers hold the mutex during a fork. Otherwise another thread could hold it, and in the child it would
// stay locked.
State* make_state() {
  pthread_atfork([] { state().mutex.lock(); }, [] { state().mutex.unlock(); },
                 [] {
                   state().coming = 0;
                   state().ender.reset();
                   state().shut = false;
                   state().mutex.unlock();
                 });
  return new State;
}

State& state() {
  static State* const made = make_state();  // leaked, because a thread may use it until the process ends
  return *made;
}

[[noreturn]] void stay() {
  for (;;) ::pause();
}

// Runs `take`, which takes the GIL. If `has_to_stay` is true, the thread sleeps until the process ends instead.
template <class Take>
void come_in(bool (*has_to_stay)(const State&), Take&& take) {
  {
    std::unique_lock lock(state().mutex);
    if (has_to_stay(state())) {
      lock.unlock();
      stay();
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
  if (is_exiting()) stay();
}
Outside::~Outside() {
  come_in([](const State& s) { return s.is_exiting(); }, [this] { PyEval_RestoreThread(state_); });
}

Inside::Inside() {
  come_in([](const State& s) { return s.is_exiting() && s.shut; }, [this] { acquired_.emplace(); });
}

bool is_exiting() {
  const std::lock_guard lock(state().mutex);
  return state().is_exiting();
}

void begin_exit() {
  const std::lock_guard lock(state().mutex);
  state().ender = std::this_thread::get_id();
}

void block_interpreter() {
  std::unique_lock lock(state().mutex);
  state().shut = true;
  state().changed.wait(lock, [] { return state().coming == 0; });
}

bool shut() {
  const std::lock_guard lock(state().mutex);
  return state().shut;
}

}  // namespace bcda_python
