// Which process this is, and whether another one still runs.
#pragma once
#include <string>

namespace libbcda::world {

struct Process {
  std::string host;
  std::string machine;    // its machine-id, because two may have one name
  std::string boot;       // the kernel's boot id: process ids mean something within one boot only
  std::string pid_space;  // the process id namespace: process ids mean something within one container only
  int pid = 0;
  std::string started;  // the process's start time in clock ticks since boot, because process ids are used again

  bool operator==(const Process&) const = default;
};

Process this_process();

// For a process of this boot and this process id namespace.
bool is_alive(const Process& process);

}  // namespace libbcda::world
