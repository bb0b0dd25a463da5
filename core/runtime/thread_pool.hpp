// Threads for what blocks. Asio's own pool waits for ever when one of its threads cannot be started.
#pragma once
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/error.hpp"

namespace libbcda::runtime {

class ThreadPool {
 public:
  using Executor = boost::asio::io_context::executor_type;

  // Starts `count` threads called `name`, which take no signals. `fault` is told, on the thread, of an exception that
  // escaped a handler. Throws Error{INTERNAL} when a thread cannot be started.
  ThreadPool(std::size_t count, const std::string& name, std::function<void(const Error&)> fault);
  ~ThreadPool();  // runs what was posted, and joins
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  Executor executor() { return io_.get_executor(); }

 private:
  void serve(const std::string& name);

  boost::asio::io_context io_;
  boost::asio::executor_work_guard<Executor> work_{io_.get_executor()};
  std::function<void(const Error&)> fault_;
  std::vector<std::thread> threads_;
};

}  // namespace libbcda::runtime
