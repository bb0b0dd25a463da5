// Which process this is, and whether another one still runs.
#pragma once
#include <string>

namespace libbcda::world {

struct Process {
  std::string host;
  std::string machine;    // the machine-id, because two machines may have the same name
  std::string boot;       // the kernel's boot id, because process ids are only valid within one boot
  std::string pid_space;  // the process id namespace, because process ids are only valid within one container
  int pid = 0;
  std::string started;  // the start time of the process in clock ticks since boot, because process ids are reused

  bool operator==(const Process&) const = default;
};

Process this_process();

// What knows the processes of a machine. Thread-safe.
class Host {
 public:
  virtual ~Host() = default;
  virtual Process me() const = 0;
  virtual bool is_alive(const Process& process) const = 0;  // only for one of this boot and this process id namespace
};

const Host& system_host();

}  // namespace libbcda::world
