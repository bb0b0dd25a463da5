// What a test may leave behind: descriptors, threads.
#pragma once
#include <dirent.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

namespace bcda_test {

using std::chrono::steady_clock;

inline std::size_t open_descriptors() {
  const std::unique_ptr<DIR, int (*)(DIR*)> list(::opendir("/proc/self/fd"), ::closedir);
  std::size_t count = 0;
  while (list && ::readdir(list.get())) ++count;
  return count;
}

// The threads that finish a canceled run which was left behind.
inline std::size_t left_threads() {
  std::size_t count = 0;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream name(thread.path() / "comm");
    std::string text;
    if (std::getline(name, text) && text == "bcda-left") ++count;
  }
  return count;
}

// Waits for another thread. Half a minute is a hang.
template <class Done>
bool until(Done done) {
  for (const auto limit = steady_clock::now() + std::chrono::seconds(30); steady_clock::now() < limit;) {
    if (done()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return false;
}

}  // namespace bcda_test
