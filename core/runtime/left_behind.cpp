#include "runtime/left_behind.hpp"

#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "world/threads.hpp"

namespace libbcda::runtime {
namespace {

struct Registry {
  std::mutex mutex;
  std::condition_variable changed;
  std::multiset<std::string> directories;
  pid_t process = ::getpid();
};

// A forked child has one of its own, because the parent's mutex may be locked there. Never destroyed, because threads may
// use it until the process ends.
Registry& registry() {
  static std::atomic<Registry*> made{nullptr};
  Registry* found = made;
  if (found && found->process == ::getpid()) return *found;
  auto* const fresh = new Registry;
  if (made.compare_exchange_strong(found, fresh)) return *fresh;
  delete fresh;
  return *found;
}

}  // namespace

LeftBehind::LeftBehind(std::string directory) : directory_(std::move(directory)) {
  const std::lock_guard lock(registry().mutex);
  if (!directory_.empty()) registry().directories.insert(directory_);
}

LeftBehind::~LeftBehind() {
  const std::lock_guard lock(registry().mutex);
  const auto dropped = registry().directories.extract(directory_);  // one of equal names, which erase would drop all
  registry().changed.notify_all();
}

void wait_for_left_behind(const std::string& directory, Milliseconds limit) {
  Registry& all = registry();
  std::unique_lock lock(all.mutex);
  all.changed.wait_for(lock, limit, [&] { return !all.directories.contains(directory); });
}

void finish_apart(std::function<void()> finish) noexcept try {
  world::keep_library_loaded();
  auto* const owned = new std::function<void()>(std::move(finish));
  const world::SignalsBlocked blocked;
  std::thread([owned] {
    world::name_this_thread("bcda-left");
    (*owned)();
    delete owned;
  }).detach();
} catch (const std::exception&) {
  // `owned` is not destroyed, on purpose.
}

}  // namespace libbcda::runtime
