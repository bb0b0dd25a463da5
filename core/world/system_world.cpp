#include "world/system_world.hpp"

#include <openssl/rand.h>

#include <algorithm>

#include "base/openssl_error.hpp"
#include "world/system_clock.hpp"

namespace libbcda::world {
namespace {

constexpr auto kExitTimeout = std::chrono::seconds(2);

class OpenSslRandom : public Random {
 public:
  void fill(MutableBytes out) override {
    if (RAND_bytes(out.data(), static_cast<int>(out.size())) != 1) throw openssl_error("OpenSSL has no random bytes");
  }
};

Random& system_random() {
  static auto* const random = new OpenSslRandom;  // leaked, because threads may use it until the process ends
  return *random;
}

}  // namespace

Local system_local() { return {system_clock(), system_random(), system_disk()}; }

SystemWorld::SystemWorld(std::size_t threads) { start_threads(threads); }

SystemWorld::~SystemWorld() { stop_threads(); }

const Clock& SystemWorld::clock() const { return system_clock(); }
Random& SystemWorld::random() { return system_random(); }

std::unique_ptr<Workers> SystemWorld::make_workers(std::size_t count, const std::string& name) {
  return std::make_unique<ThreadPool>(count, name, active_threads_, faults());
}

void SystemWorld::start_threads(std::size_t threads) {
  const SignalsBlocked blocked;
  if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
  at_exit_.emplace([this] { abandon(); });
  try {
    workers_ = make_workers(threads, "bcda-work");
    disk_workers_ = make_workers(kDiskThreads, "bcda-disk");
    net_.start();
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this, i] { serve(i); });
  } catch (const Error&) {
    stop_threads();
    throw;
  } catch (const std::exception& e) {
    stop_threads();
    throw thread_error(e);
  }
}

// Runs one I/O thread. An exception that escapes a handler is reported, and the thread continues.
void SystemWorld::serve(std::size_t number) try {
  name_this_thread("bcda-io-" + std::to_string(number));
  const ActiveThreads::Scope active(active_threads_);
  for (;;) {
    try {
      io_.run();
      break;
    } catch (...) {
      faults().report(current_error());
    }
  }
} catch (const Error&) {
  // Thrown by ActiveThreads::Scope if the process is exiting. Then this thread has nothing to do.
}

void SystemWorld::abandon() {
  if (::getpid() != process_) return;  // a forked child has none of the threads
  net_.close();
  io_.stop();
  active_threads_.close(kExitTimeout);  // with a time limit, because a callback may wait for an object that is gone
}

std::shared_ptr<World> shared_world(std::size_t threads) {
  struct Shared {
    std::mutex mutex;
    std::weak_ptr<World> world;
    pid_t process = 0;
  };
  static auto* const shared = new Shared;  // never destroyed, because threads may use it to the very end
  const auto existing = [] { return shared->process == ::getpid() ? shared->world.lock() : nullptr; };
  {
    const std::lock_guard lock(shared->mutex);
    if (auto world = existing()) return world;
  }
  // Made without the lock, because starting threads takes time. After a fork in that time, the child could never lock
  // it.
  const auto made = std::make_shared<SystemWorld>(threads);
  const std::lock_guard lock(shared->mutex);
  if (auto world = existing()) return world;
  shared->world = made;
  shared->process = ::getpid();
  return made;
}

void SystemWorld::stop_threads() {
  work_.reset();
  io_.stop();
  for (auto& thread : threads_) thread.join();
  workers_.reset();
  disk_workers_.reset();
}

}  // namespace libbcda::world
