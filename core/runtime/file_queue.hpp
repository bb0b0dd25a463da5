// Which files a run has to fetch, which it has fetched, and how many failed. It does no I/O.
#pragma once
#include <cstdint>
#include <deque>
#include <memory>
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

// Files of a manifest, which they keep alive.
using Files = std::shared_ptr<const std::vector<bulk::Entry>>;

// Thread-safe. A file that waits is a number, because there may be hundreds of thousands of them.
class FileQueue {
 public:
  struct Counts {
    std::int64_t total = 0, done = 0, failed = 0;
    std::int64_t untried() const { return total - done - failed; }
  };

  // Adds the files of a manifest that are not known yet, each with a local name of its own.
  void add(const Files& files, const std::string& status_url, bool use_token);
  std::optional<FileTask> take();  // nullopt: none is left
  void done(FileResult file);
  void failed();

  std::size_t waiting() const;  // how many are left to take
  Counts counts() const;
  std::vector<FileResult> results() const;  // by path

 private:
  struct Batch {
    Files files;
    std::string status_url;
    bool use_token = true;
    std::vector<std::uint32_t> waiting;  // positions in `files`, the next one last
  };
  std::string unique_name(const bulk::Entry& entry);

  mutable std::mutex mutex_;
  std::deque<Batch> batches_;  // none of them is empty
  std::size_t waiting_ = 0;
  std::set<std::uint64_t> urls_;  // digests of the URLs of all files that were ever added
  std::set<std::string> paths_;   // of all files that were ever taken
  std::vector<FileResult> results_;
  Counts counts_;
};

}  // namespace libbcda::runtime
