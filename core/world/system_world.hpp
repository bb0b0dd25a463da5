// The real world: the operating system's clocks, network and disk, OpenSSL's random numbers, and threads. Several clients may
// share one.
#pragma once
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "world/system_net.hpp"
#include "world/thread_pool.hpp"
#include "world/threads.hpp"
#include "world/world.hpp"

namespace libbcda::world {

// Who hears of an exception that escaped a handler on one of the threads. Nobody knows what did not happen then, so every
// run ends with that error. Thread-safe.
class Faults {
 public:
  // Calls `broken` for each fault, until it is destroyed.
  class Watch {
   public:
    Watch(Faults& faults, std::function<void(const Error&)> broken);
    ~Watch();
    Watch(const Watch&) = delete;

   private:
    Faults& faults_;
    std::list<std::function<void(const Error&)>>::iterator place_;
  };

  void report(const Error& error);

 private:
  std::mutex mutex_;
  std::list<std::function<void(const Error&)>> watches_;
};

// The threads that are at work, for which the end of the process waits a moment. Thread-safe.
class Attendance {
 public:
  class Visit {
   public:
    explicit Visit(Attendance& attendance);  // throws Error{CANCELED} once the process is exiting
    ~Visit();
    Visit(const Visit&) = delete;

   private:
    Attendance& attendance_;
  };

  // No visit begins from now on. Waits until the last one has ended, but not longer than `patience`.
  void close(Milliseconds patience);
  bool closed() const { return closed_; }

 private:
  std::mutex mutex_;
  std::condition_variable left_;
  int visits_ = 0;
  std::atomic<bool> closed_{false};
};

class SystemWorld : public World {
 public:
  // Starts `threads` threads (0: one for each core) for coroutines, as many workers, and some for the disk. Throws Error{INTERNAL} when a
  // thread cannot be started.
  explicit SystemWorld(std::size_t threads);
  ~SystemWorld() override;  // not on one of its own threads
  SystemWorld(const SystemWorld&) = delete;

  asio::any_io_executor executor() override { return io_.get_executor(); }
  const Clock& clock() const override;
  Random& random() override;
  Net& net() override { return net_; }
  Disk& disk() override { return system_disk(); }
  Workers& workers() override { return *workers_; }
  Workers& disk_workers() override { return *disk_workers_; }
  std::unique_ptr<Workers> make_workers(std::size_t count, const std::string& name) override;

  Faults& faults() { return faults_; }
  // The process is exiting and the threads were stopped: nothing that is under way ends any more, and nothing is to be
  // destroyed.
  bool abandoned() const { return attendance_.closed(); }

 private:
  void start_threads(std::size_t threads);
  void stop_threads();
  void abandon();
  void serve(std::size_t number);

  Faults faults_;
  Attendance attendance_;
  asio::io_context io_;  // before what holds timers and sockets of it
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  SystemNet net_;
  std::unique_ptr<Workers> workers_, disk_workers_;
  std::vector<std::thread> threads_;
  pid_t process_ = ::getpid();
  std::optional<StopAtExit> at_exit_;
};

}  // namespace libbcda::world
