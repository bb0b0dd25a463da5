// Coroutines that run side by side, each on its own strand, and that are awaited and canceled together.
#pragma once
#include <boost/asio/any_io_executor.hpp>

#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>

#include "base/task.hpp"
#include "world/wakeup.hpp"

namespace libbcda::runtime {

class TaskGroup : public std::enable_shared_from_this<TaskGroup> {
 public:
  explicit TaskGroup(asio::any_io_executor executor) : executor_(std::move(executor)) {}

  // Thread-safe. A task must not let anything but its cancellation escape. After cancel() nothing is started.
  void spawn(std::function<Task<>()> task);
  // Whether a task let something else escape, or its coroutine was destroyed before its end. What it had to do may be
  // undone then. Thread-safe.
  bool broken() const;
  void cancel();          // thread-safe: asio's terminal cancellation for every task
  bool canceled() const;  // thread-safe

  // Returns when no task is left. One caller at a time; not cancellable itself.
  Task<> join();
  // The same for a thread that may block; not one that runs tasks.
  void wait_empty();

 private:
  struct Child;
  void done(std::list<std::shared_ptr<Child>>::iterator child, bool is_broken);

  asio::any_io_executor executor_;
  mutable std::mutex mutex_;
  std::condition_variable emptied_;
  std::list<std::shared_ptr<Child>> children_;
  std::shared_ptr<world::Wakeup> joiner_;  // while a coroutine waits in join()
  bool canceled_ = false, broken_ = false;
};

}  // namespace libbcda::runtime
