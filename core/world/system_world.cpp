#include "world/system_world.hpp"

#include <openssl/rand.h>

#include <algorithm>

#include "world/system_clock.hpp"

namespace libbcda::world {
namespace {

constexpr std::size_t kDiskThreads = 2;
constexpr auto kPatienceAtExit = std::chrono::seconds(2);

class OpenSslRandom : public Random {
 public:
  void fill(MutableBytes out) override {
    if (RAND_bytes(out.data(), static_cast<int>(out.size())) != 1)
      throw Error(Status::INTERNAL, "OpenSSL has no random bytes");
  }
};

Random& system_random() {
  static auto* const random = new OpenSslRandom;  // never destroyed, because threads may use it to the very end
  return *random;
}

}  // namespace

Local system_local() { return {system_clock(), system_random(), system_disk()}; }

Faults::Watch::Watch(Faults& faults, std::function<void(const Error&)> broken) : faults_(faults) {
  const std::lock_guard lock(faults_.mutex_);
  place_ = faults_.watches_.insert(faults_.watches_.end(), std::move(broken));
}

Faults::Watch::~Watch() {
  const std::lock_guard lock(faults_.mutex_);
  faults_.watches_.erase(place_);
}

void Faults::report(const Error& error) {
  const std::lock_guard lock(mutex_);
  for (const auto& broken : watches_) {
    try {
      broken(error);
    } catch (const std::bad_alloc&) {
      // `broken` cancels its run even when there is no memory to say why.
    }
  }
}

Attendance::Visit::Visit(Attendance& attendance) : attendance_(attendance) {
  const std::lock_guard lock(attendance_.mutex_);
  if (attendance_.closed_) throw Error(Status::CANCELED, "canceled");
  ++attendance_.visits_;
}

Attendance::Visit::~Visit() {
  const std::lock_guard lock(attendance_.mutex_);
  --attendance_.visits_;
  attendance_.left_.notify_all();
}

void Attendance::close(Milliseconds patience) {
  std::unique_lock lock(mutex_);
  closed_ = true;
  left_.wait_for(lock, patience, [&] { return visits_ == 0; });
}

SystemWorld::SystemWorld(std::size_t threads) { start_threads(threads); }

SystemWorld::~SystemWorld() { stop_threads(); }

const Clock& SystemWorld::clock() const { return system_clock(); }
Random& SystemWorld::random() { return system_random(); }

std::unique_ptr<Workers> SystemWorld::make_workers(std::size_t count, const std::string& name) {
  return std::make_unique<ThreadPool>(count, name, attendance_, faults_);
}

void SystemWorld::start_threads(std::size_t threads) {
  const SignalsBlocked blocked;
  if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
  at_exit_.emplace([this] { abandon(); });
  try {
    workers_ = make_workers(threads, "bcda-work");
    disk_workers_ = make_workers(kDiskThreads, "bcda-disk");
    run_on_named_thread("bcda-resolver", [this] { start_resolver(io_); });
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this, i] { serve(i); });
  } catch (const Error&) {
    stop_threads();
    throw;
  } catch (const std::exception& e) {
    stop_threads();
    throw thread_error(e);
  }
}

// An exception that escapes a handler must neither end the program nor be lost.
void SystemWorld::serve(std::size_t number) try {
  name_this_thread("bcda-io-" + std::to_string(number));
  const Attendance::Visit visit(attendance_);
  for (;;) {
    try {
      io_.run();
      break;
    } catch (...) {
      faults_.report(current_error());
    }
  }
} catch (const Error&) {
  // From Visit: the process ends already, and this thread has nothing to do.
}

void SystemWorld::abandon() {
  if (::getpid() != process_) return;  // a forked child has none of the threads
  io_.stop();
  attendance_.close(kPatienceAtExit);  // with a limit, because a caller's call-back may wait for something that is gone
}

void SystemWorld::stop_threads() {
  work_.reset();
  io_.stop();
  for (auto& thread : threads_) thread.join();
  workers_.reset();
  disk_workers_.reset();
}

}  // namespace libbcda::world
