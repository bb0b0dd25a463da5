// The real world: the clocks, network and disk of the operating system, OpenSSL's random numbers, and threads. Several
// clients may share one.
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

// They wait, so they may be more than the cores. Syncs that wait at the same time take little longer than one.
inline constexpr std::size_t kDiskThreads = 16;

class SystemWorld : public World {
 public:
  // Starts `threads` threads (0: one for each core) for coroutines, the same number of workers, and kDiskThreads
  // for the disk. Throws Error{INTERNAL} if a thread cannot be started.
  explicit SystemWorld(std::size_t threads);
  ~SystemWorld() override;  // must not run on one of its own threads
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
  asio::io_context io_;  // declared before the members with timers and sockets, so that it is destroyed after them
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  SystemNet net_;
  std::unique_ptr<Workers> workers_, disk_workers_;
  std::vector<std::thread> threads_;
  pid_t process_ = ::getpid();
  std::optional<StopAtExit> at_exit_;
};

// The world that clients of this process share. The first client creates it with `threads` threads, and it is destroyed
// with the last client. A forked child creates its own. Throws Error{INTERNAL}.
std::shared_ptr<World> shared_world(std::size_t threads);

}  // namespace libbcda::world
