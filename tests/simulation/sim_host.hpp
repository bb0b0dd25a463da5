// The machine of a run: another boot after each loss of power, and another process in each run.
#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "world/process.hpp"

namespace libbcda::simulation {

inline std::string boot_id(int boot) { return "boot-" + std::to_string(boot); }

class SimHost : public world::Host {
 public:
  SimHost(int boot, int pid) : me_{"simulated", "machine", boot_id(boot), "1", pid, std::to_string(pid)} {}
  // Another process of this machine, or of another one, while this process lives.
  SimHost beside(bool same_machine) const {
    SimHost other(*this);
    ++other.me_.pid;
    other.me_.started = std::to_string(other.me_.pid);
    other.alive_.push_back(me_);
    if (!same_machine) other.me_.host = other.me_.machine = other.me_.boot = "elsewhere";
    return other;
  }
  world::Process me() const override { return me_; }
  bool is_alive(const world::Process& process) const override {
    return process == me_ || std::find(alive_.begin(), alive_.end(), process) != alive_.end();
  }

 private:
  world::Process me_;
  std::vector<world::Process> alive_;  // others
};

}  // namespace libbcda::simulation
