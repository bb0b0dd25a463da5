#include "runtime/left_behind.hpp"

#include <unistd.h>

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

Registry& registry() {
  static auto* const made = new Registry;  // leaked, because threads may use it until the process ends
  return *made;
}

}  // namespace

LeftBehind::LeftBehind(std::string directory) : directory_(std::move(directory)) {
  const std::lock_guard lock(registry().mutex);
  if (!directory_.empty()) registry().directories.insert(directory_);
}

LeftBehind::~LeftBehind() {
  const std::lock_guard lock(registry().mutex);
  registry().directories.extract(directory_);
  registry().changed.notify_all();
}

void wait_for_left_behind(const std::string& directory, Milliseconds limit) {
  Registry& all = registry();
  if (all.process != ::getpid()) return;  // a forked child has none of these runs, and the mutex may be locked there
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
