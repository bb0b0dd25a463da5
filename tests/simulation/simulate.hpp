// Simulates exports with faults and crashes. Everything that happens depends on one number.
#pragma once
#include <cstdint>
#include <string>

#include "base/time.hpp"
#include "simulation/ledger.hpp"

namespace libbcda::simulation {

struct Report {
  std::uint64_t seed = 0;
  std::string wrong;        // the invariant that was broken; "": none
  std::uint64_t trace = 0;  // equal for equal runs
  Milliseconds virtual_time{0};
  int runs = 0, crashes = 0, failures = 0;  // failures: runs that ended with an error
  int restarts = 0;                         // exports that could not be gone on with, and were begun anew
  int jobs = 0;                             // that the service accepted
  std::int64_t bytes = 0;                   // of files that came over the network, with the heads of their answers
  int refused = 0, taken_over = 0;          // second runs that were refused, and that went on
  Ledger::Sum again;                        // bytes that were fetched twice
};

Report simulate(std::uint64_t seed, bool verbose = false);

}  // namespace libbcda::simulation
