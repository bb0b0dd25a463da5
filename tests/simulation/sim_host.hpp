// The machine of a run: another boot after each loss of power, and another process in each run.
#pragma once
#include <string>

#include "world/process.hpp"

namespace libbcda::simulation {

inline std::string boot_id(int boot) { return "boot-" + std::to_string(boot); }

class SimHost : public world::Host {
 public:
  SimHost(int boot, int pid) : me_{"simulated", "machine", boot_id(boot), "1", pid, std::to_string(pid)} {}
  world::Process me() const override { return me_; }
  bool is_alive(const world::Process& process) const override { return process == me_; }

 private:
  const world::Process me_;
};

}  // namespace libbcda::simulation
