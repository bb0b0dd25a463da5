// What the journals on a simulated disk say, read without the library's own reader.
#pragma once
#include <set>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "simulation/sim_disk.hpp"

namespace libbcda::simulation {

// The lines of all journals that are whole.
std::vector<json::object> read_lines(const SimDisk& disk);

// The files, relative to OUT, whose rows are in parts of tables that are all there as they were made.
std::set<std::string> replaced_files(const SimDisk& disk);

}  // namespace libbcda::simulation
