#include "runtime/thread_pool.hpp"

#include <exception>

#include "base/threads.hpp"

namespace libbcda::runtime {

ThreadPool::ThreadPool(std::size_t count, const std::string& name, std::function<void(const Error&)> fault)
    : fault_(std::move(fault)) {
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

void ThreadPool::serve(const std::string& name) {
  name_this_thread(name);
  for (;;) {
    try {
      io_.run();
      return;
    } catch (...) {
      fault_(current_error());
    }
  }
}

}  // namespace libbcda::runtime
