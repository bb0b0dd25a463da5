#include "world/thread_pool.hpp"

#include <exception>

#include "base/error.hpp"
#include "world/active_threads.hpp"
#include "world/faults.hpp"
#include "world/threads.hpp"

namespace libbcda::world {

thread_local ThreadPool::Worker* ThreadPool::this_worker_ = nullptr;

// Notes when this thread began a piece of work.
class ThreadPool::Busy {
 public:
  Busy() { this_worker_->busy_since = std::chrono::steady_clock::now(); }
  ~Busy() { this_worker_->busy_since = kIdle; }
  Busy(const Busy&) = delete;
};

ThreadPool::ThreadPool(std::size_t count, const std::string& name, ActiveThreads& active_threads, Faults& faults)
    : active_threads_(active_threads), faults_(faults), name_(name) {
  try {
    for (std::size_t i = 0; i < count; ++i) add_worker();
  } catch (const std::exception& e) {
    io_.stop();
    for (Worker& worker : workers_) worker.thread.join();
    throw thread_error(e);
  }
}

ThreadPool::~ThreadPool() {
  work_.reset();
  for (Worker& worker : workers_) worker.thread.join();
}

void ThreadPool::add_worker() {
  const SignalsBlocked blocked;
  Worker& worker = workers_.emplace_back();
  try {
    worker.thread = std::thread([this, &worker] { serve(worker); });
  } catch (...) {
    workers_.pop_back();
    throw;
  }
}

void ThreadPool::perform(const std::function<void()>& work) {
  const ActiveThreads::Scope active(active_threads_);
  const Busy busy;
  work();
}

void ThreadPool::remove_ended() {
  for (auto worker = workers_.begin(); worker != workers_.end();) {
    if (!worker->has_ended) {
      ++worker;
      continue;
    }
    worker->thread.join();
    worker = workers_.erase(worker);
  }
}

bool ThreadPool::replace_held(const Period& began) {
  const std::lock_guard lock(mutex_);
  remove_ended();
  bool is_held = false;
  for (Worker& worker : workers_) {
    const Steady since = worker.busy_since;
    if (since > began.until || (worker.is_replaced && since < began.from)) continue;
    is_held = true;
    if (worker.is_replaced) continue;
    try {
      add_worker();
      worker.is_replaced = true;
    } catch (const std::exception&) {
      // No thread is left. The other workers do its share, and this one goes on when its call returns.
    }
  }
  return is_held;
}

void ThreadPool::serve(Worker& worker) {
  name_this_thread(name_);
  this_worker_ = &worker;
  while (!worker.is_replaced) {
    try {
      if (io_.run_one() == 0) return;
    } catch (...) {
      faults_.report(current_error());
    }
  }
  worker.has_ended = true;
}

}  // namespace libbcda::world
