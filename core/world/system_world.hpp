// The real world: the operating system's clocks, network and disk, OpenSSL's random numbers, and threads. Several clients may
// share one.
#pragma once
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <unistd.h>

#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "world/active_threads.hpp"
#include "world/system_net.hpp"
#include "world/thread_pool.hpp"
#include "world/threads.hpp"
#include "world/world.hpp"

namespace libbcda::world {

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

  bool abandoned() const override { return active_threads_.closed(); }

 private:
  void start_threads(std::size_t threads);
  void stop_threads();
  void abandon();
  void serve(std::size_t number);

  ActiveThreads active_threads_;
  asio::io_context io_;  // before what holds timers and sockets of it
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  SystemNet net_;
  std::unique_ptr<Workers> workers_, disk_workers_;
  std::vector<std::thread> threads_;
  pid_t process_ = ::getpid();
  std::optional<StopAtExit> at_exit_;
};

// The world that all clients of this process share. The first one of them makes it with `threads` threads, and it ends with the
// last one. A forked child makes one of its own. Throws Error{INTERNAL}.
std::shared_ptr<World> shared_world(std::size_t threads);

}  // namespace libbcda::world
