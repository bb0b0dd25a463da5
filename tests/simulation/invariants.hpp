// What must be true of an output directory, whatever happened.
#pragma once
#include <set>
#include <string>
#include <vector>

#include "simulation/sim_disk.hpp"
#include "simulation/sim_server.hpp"

namespace libbcda::simulation {

bool has_receipt(const SimDisk& disk);

// Each of the others returns what is wrong; "": nothing.

// Every file under a final name is, byte for byte, a file of the service.
std::string check_published(const SimDisk& disk, SimServer& server);
// The files that a run reported as done are there.
std::string check_still_there(const SimDisk& disk, const std::set<std::string>& paths);
// If there is a receipt, then all files of its jobs are there, with the digests that it names.
std::string check_receipt(const SimDisk& disk, const SimServer& server);
// Nothing but the files of a complete export is there.
std::string check_complete(const SimDisk& disk);

}  // namespace libbcda::simulation
