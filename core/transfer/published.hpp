// The files that runs have published in an output directory, as OUT/NAME, OUT/error/NAME,
// OUT/deleted/NAME or OUT/tables/TABLE/NAME.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "files/directory.hpp"
#include "transfer/journal.hpp"

namespace libbcda::transfer {

inline constexpr const char* kLog = "log.ndjson";

// The NDJSON files of a directory of which one, `path`, is not known.
std::string unknown_files(const std::string& path);

// The error for an output directory. `why` continues the sentence "the output directory PATH ...".
Error refuse_directory(const std::string& path, const std::string& why);

// Paths are relative to OUT. Thread-safe.
class Published {
 public:
  explicit Published(std::shared_ptr<const files::Directory> out) : out_(std::move(out)) {}

  bool has(const std::string& path) const;
  std::optional<files::InputFile> open(const std::string& path) const;  // nullopt if there is no regular file
  // Whether the file at the record's path still has its size and digest. `step`, if given, is called between blocks.
  // Its exception ends the reading.
  bool is_still(const FileRecord& record, const std::function<void()>& step = {}) const;
  // The error for a file that is there and is no longer as its record says.
  Error changed(const FileRecord& record) const;
  // Removes the file, unless it has changed. A changed file is an unknown file and is kept. Returns whether it did.
  // `step` is called as by is_still, and once more directly before the removal.
  bool remove(const FileRecord& record, const std::function<void()>& step = {}) const;
  std::vector<std::string> parts() const;  // the paths of all files in tables/TABLE
  // The paths of the NDJSON files in OUT, without a log of ours.
  std::vector<std::string> data_files() const;
  // Throws FILESYSTEM if OUT holds an NDJSON file whose path is not wanted, because claims of another origin would be
  // counted with those of this run.
  using Wanted = std::function<bool(const std::string& path)>;
  void refuse_others(const Wanted& wanted) const;
  // Makes the names of the published files survive a loss of power, and the removal of names too.
  void sync() const;

 private:
  void each_table(const std::function<void(const files::Directory&)>& use) const;
  std::pair<std::shared_ptr<const files::Directory>, std::string> find(const std::string& path) const;
  bool is_our_log() const;

  std::shared_ptr<const files::Directory> out_;
};

}  // namespace libbcda::transfer
