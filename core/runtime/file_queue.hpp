// Which files a run has to fetch, which it has fetched, and how many failed.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "bulk/manifest.hpp"
#include "runtime/file_list.hpp"

namespace libbcda::runtime {

// Some files of a manifest, by their numbers in it.
struct Files {
  std::shared_ptr<const bulk::Manifest> manifest;
  std::vector<std::uint32_t> numbers;
  std::optional<Steady> expires = {};  // when the service removes them, if it says so
};
Files all_files(std::shared_ptr<const bulk::Manifest> manifest);

struct FileTask {
  std::shared_ptr<const bulk::Manifest> manifest;
  std::uint32_t number = 0;      // of the file in the manifest
  bool has_second_name = false;  // another file has its first local name
  std::string status_url;        // of its job; "" when a manifest was given
  bool use_token = true;
  // Known after load().
  bulk::Entry entry;
  std::string name;  // its local name

  void load();               // reads the entry; may wait for the disk
  std::string path() const;  // relative to the output directory
};

// Thread-safe. A file that waits is a number, because there may be hundreds of thousands of them.
class FileQueue {
 public:
  struct Counts {
    std::int64_t total = 0, done = 0, failed = 0;
    std::int64_t kept = 0;  // of those that are done or failed: an earlier run published them
    std::int64_t untried() const { return total - done - failed; }
  };
  struct Sum {
    std::int64_t files = 0, bytes = 0;
  };

  // Which of its two local names a file has in the output directory: 0, 1, or nullopt if it has none of them yet.
  // `taken`: whether another file has the first one. So a file keeps its name when a later run lists it in another order.
  struct Named {
    std::optional<int> by;
    bool taken = false;
  };
  using Names = std::function<Named(const bulk::Entry& entry)>;
  void know_names(Names names) { names_ = std::move(names); }  // before the first add()

  // Adds the files that are not known yet, and gives each a local name of its own. May wait for the disk. Throws
  // Error{PROTOCOL} if a file is listed twice in ways that contradict each other.
  void add(const Files& files, const std::string& status_url);
  std::optional<FileTask> take();  // nullopt: none is left
  std::shared_ptr<const StoredFile> done(const FileResult& file, const std::string& status_url);
  void failed(bool is_kept);
  void close() noexcept;  // the results do not change any more

  std::size_t waiting() const;  // how many are left to take
  Counts counts() const;
  Sum sum(const std::string& status_url) const;     // of the files of a job that are done
  std::shared_ptr<const FileList> results() const;  // by path; call it when no file is under way

 private:
  struct Waiting {
    std::uint32_t number = 0;
    bool has_second_name = false;
  };
  struct Batch {
    std::shared_ptr<const bulk::Manifest> manifest;
    std::string status_url;
    std::deque<Waiting> waiting;
  };

  Names names_ = [](const bulk::Entry&) { return Named(); };
  mutable std::mutex mutex_;
  std::deque<Batch> batches_;  // none of them is empty
  std::size_t waiting_ = 0;
  // Digests, of all files that were ever added. A file is known by its URL, and by its name and key if it has a key.
  std::unordered_map<std::uint64_t, std::uint64_t> urls_;  // and the identity of the file there
  std::unordered_set<std::uint64_t> identities_, paths_;
  std::map<std::string, Sum> sums_;  // by the status URL
  std::shared_ptr<FileList> results_ = std::make_shared<FileList>();
  Counts counts_;
  bool closed_ = false;
  std::shared_ptr<FileList> late_ = std::make_shared<FileList>();  // what came after close()
};

}  // namespace libbcda::runtime
