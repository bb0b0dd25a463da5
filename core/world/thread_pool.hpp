// Workers with their own threads. Asio's thread pool is not used, because it waits forever if one of its threads cannot
// be started.
#pragma once
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <string>
#include <thread>
#include <vector>

#include "world/workers.hpp"

namespace libbcda::world {

class ActiveThreads;
class Faults;

class ThreadPool : public Workers {
 public:
  // Starts `count` threads with the name `name` and with all signals blocked. An exception that escapes a handler is
  // reported to `faults`. Throws Error{INTERNAL} if a thread cannot be started.
  ThreadPool(std::size_t count, const std::string& name, ActiveThreads& active_threads, Faults& faults);
  ~ThreadPool() override;  // runs all posted work and joins the threads
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  asio::any_io_executor executor() override { return io_.get_executor(); }
  void perform(const std::function<void()>& work) override;

 private:
  void serve(const std::string& name);

  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  ActiveThreads& active_threads_;
  Faults& faults_;
  std::vector<std::thread> threads_;
};

}  // namespace libbcda::world
