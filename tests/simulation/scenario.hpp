// What one seed simulates: a service, settings, faults and crashes.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "options.hpp"
#include "settings/settings.hpp"
#include "simulation/sim_disk.hpp"
#include "simulation/sim_net.hpp"
#include "simulation/sim_server.hpp"

namespace libbcda::simulation {

struct Faults {
  NetFaults net;
  ServerFaults server;
  DiskFaults disk;
};

// How a run is brought to its end.
enum class Ending { none, crash, cancel };

// A second run that starts on the directory while the first one lives.
struct Rival {
  std::int64_t at_step = -1;  // of the first run; -1: there is none
  bool same_machine = false, sees_locks = false, takes_over = false;
  Milliseconds suspended{0};  // how long the first one has stood still by then
  std::int64_t wakes_at = 0;  // the step of the second run at which the first one goes on
};

struct Attempt {
  Faults faults;
  Ending ending = Ending::none;
  Crash crash = Crash::kill;
  // The end comes before this change of the disk, before a change after so many bytes were written, or before this step
  // of the scheduler; -1: not there.
  std::int64_t at_change = -1, at_written = -1, at_step = -1;
  bool restarts = false;              // with the setting restart
  std::optional<std::string> tables;  // another setting than the client's
  Milliseconds downtime{0};           // until the next run
  std::int64_t clock_jump_at = -1;    // a step at which the wall clock is set
  Milliseconds clock_jump{0};
  Rival rival;
};

struct Scenario {
  std::string profile;
  std::vector<std::pair<std::string, std::string>> service;  // options of the sandbox
  std::vector<std::pair<std::string, std::string>> client;   // settings
  DiskLacks disk;
  world::Checkpoints checkpoints;
  std::vector<Attempt> attempts;  // followed by a last one without faults
};

inline constexpr const char* kOut = "/out";

Scenario draw_scenario(Dice dice);
sandbox::Options service_options(const Scenario& scenario);
Settings client_settings(const Scenario& scenario);
std::string describe(const Scenario& scenario);  // for people

}  // namespace libbcda::simulation
