// Workers on threads of their own. Asio's own pool waits for ever when one of its threads cannot be started.
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
  // Starts `count` threads called `name`, which take no signals. `faults` hears of an exception that escaped a handler.
  // Throws Error{INTERNAL} when a thread cannot be started.
  ThreadPool(std::size_t count, const std::string& name, ActiveThreads& active_threads, Faults& faults);
  ~ThreadPool() override;  // runs what was posted, and joins
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
