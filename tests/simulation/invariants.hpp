// What must be true of an output directory, whatever happened.
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "settings/settings.hpp"
#include "simulation/sim_disk.hpp"
#include "simulation/sim_server.hpp"

namespace libbcda::simulation {

// What the settings of a run say about tables.
struct Tables {
  explicit Tables(const Settings& settings);
  std::map<std::string, std::string> types;  // of the resources, by the table that has a row for each of them
  bool keeps_files;
  bool may_replace(const std::string& path) const;  // whether the file may be gone, because tables have its rows
  std::set<std::string> replaced_in(const SimDisk& disk) const;  // those that may be gone now, relative to OUT
};

bool has_receipt(const SimDisk& disk);

// Each of the others returns what is wrong; "": nothing.

// Every file under a final name is, byte for byte, a file of the service.
std::string check_published(const SimDisk& disk, SimServer& server);
// The files that a run reported as done are there.
std::string check_still_there(const SimDisk& disk, const std::set<std::string>& paths, const Tables& tables);
// If there is a receipt, then all files of its jobs are there, with the digests that it names, and each record has a row
// in each table of its type.
std::string check_receipt(const SimDisk& disk, const SimServer& server, const Tables& tables);
// Nothing but the files of a complete export is there.
std::string check_complete(const SimDisk& disk, const Tables& tables);

}  // namespace libbcda::simulation
