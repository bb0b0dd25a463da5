// The files that tables are made of: those of finished exports, of a series of exports, or single files.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runtime/receipt.hpp"
#include "tables/generation.hpp"
#include "tables/scan.hpp"

namespace libbcda::runtime {

// A finished export, or a file without a receipt.
struct TableRun {
  RunResult result;
  std::string file = {};                              // without a receipt: its path
  std::filesystem::file_time_type receipt = {};       // when it was written
  std::optional<tables::Generation> generation = {};  // what the export asked for; nullopt: the records say it
};

// The generation of the claims that an export asked for: by the profile, or by the version in the base URL. nullopt if
// the request does not say it.
std::optional<tables::Generation> generation_of_request(const json::object& request);

// Whether a file with this type may have resources of one of the types ({}: of any). One that organizes resources of
// several types has the type "Unknown".
bool may_have(const std::vector<std::string>& types, std::string_view type_of_file);

class TableSource {
 public:
  // Each path is the directory of a finished export, the directory of a series, or an NDJSON file. Throws
  // Error{FILESYSTEM} that names the path if it is none of them or an export that has not finished.
  explicit TableSource(const std::vector<std::string>& paths);

  bool is_series() const { return is_series_; }
  const std::vector<TableRun>& runs() const { return runs_; }  // of a series: from the earliest to the latest

  // The data files with resources of one of the types, one after the other. `current`: of their records only those that
  // count (CurrentState). For that, all files are read when the first one is asked for. A file of a receipt must have the
  // size that the receipt says, and its SHA-256 if it was written to later: Error{VERIFICATION} is thrown when its turn
  // comes.
  tables::Scan::Files files(const std::vector<std::string>& types, std::optional<tables::Generation> generation,
                            bool current) const;

 private:
  void add(const std::string& path);
  bool add_series(const std::string& path);

  std::vector<TableRun> runs_;
  std::set<std::pair<dev_t, ino_t>> given_;  // the paths
  bool is_series_ = false;
};

}  // namespace libbcda::runtime
