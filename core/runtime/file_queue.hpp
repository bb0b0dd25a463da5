// Which files a run has to fetch, which it has fetched, and how many failed. It does no I/O.
#pragma once
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bulk/manifest.hpp"
#include "runtime/receipt.hpp"

namespace libbcda::runtime {

struct FileTask {
  bulk::Entry entry;
  std::string name;        // its local name
  std::string status_url;  // of its job; "" when a manifest was given
  bool use_token = true;

  std::string path() const;  // relative to the output directory
};

// Thread-safe.
class FileQueue {
 public:
  struct Counts {
    std::int64_t total = 0, done = 0, failed = 0;
    std::int64_t untried() const { return total - done - failed; }
  };

  // Adds the files of a manifest that are not known yet, each with a local name of its own.
  void add(const std::vector<bulk::Entry>& entries, const std::string& status_url, bool use_token);
  std::optional<FileTask> take();  // nullopt: none is left
  void done(FileResult file);
  void failed();

  std::size_t waiting() const;  // how many are left to take
  Counts counts() const;
  std::vector<FileResult> results() const;  // by path

 private:
  std::string unique_name(const bulk::Entry& entry);

  mutable std::mutex mutex_;
  std::deque<FileTask> tasks_;
  std::set<std::string> urls_, paths_;  // of all files that were ever added
  std::vector<FileResult> results_;
  Counts counts_;
};

}  // namespace libbcda::runtime
