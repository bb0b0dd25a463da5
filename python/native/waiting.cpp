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
  int coming = 0;  // threads that take the GIL right now
  std::optional<std::thread::id> ender;
  bool shut = false;

  bool too_late() const { return ender && *ender != std::this_thread::get_id(); }
};

State& state();

// A forked child has only the thread that forked, and must not find the mutex locked by another.
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
  static State* const made = make_state();  // a thread may need it to the very end
  return *made;
}

[[noreturn]] void stay() {
  for (;;) ::pause();
}

// Runs `take`, which takes the GIL, unless the thread has to stay.
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
  if (too_late()) stay();
}
Outside::~Outside() {
  come_in([](const State& s) { return s.too_late(); }, [this] { PyEval_RestoreThread(state_); });
}

Inside::Inside() {
  come_in([](const State& s) { return s.too_late() && s.shut; }, [this] { acquired_.emplace(); });
}

bool too_late() {
  const std::lock_guard lock(state().mutex);
  return state().too_late();
}

void begin_ending() {
  const std::lock_guard lock(state().mutex);
  state().ender = std::this_thread::get_id();
}

void shut_the_door() {
  std::unique_lock lock(state().mutex);
  state().shut = true;
  state().changed.wait(lock, [] { return state().coming == 0; });
}

bool shut() {
  const std::lock_guard lock(state().mutex);
  return state().shut;
}

}  // namespace bcda_python
