// Workers with their own threads. Asio's thread pool is not used, because it waits forever if one of its threads cannot
// be started.
#pragma once
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <list>
#include <mutex>
#include <string>
#include <thread>

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
  bool replace_held(const Period& began) override;

 private:
  struct Worker {
    std::thread thread;
    std::atomic<Steady> busy_since{kIdle};
    std::atomic<bool> is_replaced{false};  // then it ends with its present work
    std::atomic<bool> has_ended{false};
  };
  static constexpr Steady kIdle = Steady::max();
  class Busy;

  void add_worker();
  void remove_ended();
  void serve(Worker& worker);
  static thread_local Worker* this_worker_;

  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  ActiveThreads& active_threads_;
  Faults& faults_;
  std::string name_;
  std::mutex mutex_;  // of the list
  std::list<Worker> workers_;
};

}  // namespace libbcda::world
