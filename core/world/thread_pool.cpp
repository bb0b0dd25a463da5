#include "world/thread_pool.hpp"

#include <exception>

#include "base/error.hpp"
#include "world/active_threads.hpp"
#include "world/faults.hpp"
#include "world/threads.hpp"

namespace libbcda::world {

ThreadPool::ThreadPool(std::size_t count, const std::string& name, ActiveThreads& active_threads, Faults& faults)
    : active_threads_(active_threads), faults_(faults) {
  const SignalsBlocked blocked;
  try {
    threads_.reserve(count);
    for (std::size_t i = 0; i < count; ++i) threads_.emplace_back([this, name] { serve(name); });
  } catch (const std::exception& e) {
    io_.stop();
    for (std::thread& thread : threads_) thread.join();
    throw thread_error(e);
  }
}

ThreadPool::~ThreadPool() {
  work_.reset();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadPool::perform(const std::function<void()>& work) {
  const ActiveThreads::Scope active(active_threads_);
  work();
}

void ThreadPool::serve(const std::string& name) {
  name_this_thread(name);
  for (;;) {
    try {
      io_.run();
      return;
    } catch (...) {
      faults_.report(current_error());
    }
  }
}

}  // namespace libbcda::world
