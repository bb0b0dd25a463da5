// Writes the journal of a run: one JSON line for each fact that a later run needs, or for several that came together.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "files/file.hpp"
#include "transfer/journal.hpp"
#include "transfer/work_directory.hpp"

namespace libbcda::transfer {

// Thread-safe. The functions may wait for the disk, and they throw Error{FILESYSTEM}.
class JournalWriter {
 public:
  explicit JournalWriter(WorkDirectory& directory) : directory_(directory) {}

  // What earlier runs left, so that is_needed() counts it.
  void go_on_from(const JournalState& earlier);
  void forget();  // what earlier runs left, because it was removed
  void open();    // if it is not called, the first line opens the journal
  void intent(const json::object& request);
  void kick_off_coming(const std::string& label, Instant now);  // must be called before the request is sent
  void kick_off_refused(const std::string& label);
  void job_accepted(const std::string& label, const std::string& status_url, bool is_adopted);
  void job_dead(const std::string& label);  // the job failed or expired, so no later run can use it
  void manifest_kept(const std::string& label, const std::vector<PageRecord>& pages);
  void download_begun(const http::Url& url);       // the service began to give out the file; matters where it counts
  void file_coming(const FileRecord& record);      // must be called before the file gets its final name
  void tables_coming(const TablesRecord& record);  // must be called before their parts get their final names
  void file_under_way(const PartRecord& record);
  void close();  // throws if a line could not be written

  bool was_opened() const { return opened_; }
  // Whether a later run needs the journal: to continue with a job, or to find the record of a file.
  bool is_needed() const;

 private:
  // Records that are written together, and what became of them.
  struct Batch {
    std::vector<json::object> records;
    bool is_over = false;
    std::optional<Error> failure;
  };
  void append(std::unique_lock<std::mutex>& lock, json::object record);
  void write_next(std::unique_lock<std::mutex>& lock);
  void write(std::vector<json::object>& records);
  void wait_for_writer(std::unique_lock<std::mutex>& lock);
  void open_next();

  WorkDirectory& directory_;
  mutable std::mutex mutex_;
  std::condition_variable over_;
  std::shared_ptr<Batch> next_;  // nobody writes it yet; null: it is empty
  bool is_writing_ = false;
  std::unique_ptr<files::LineFile> file_;  // this and the number are the writer's while it writes
  std::int64_t seq_ = 0;
  bool opened_ = false;
  std::multiset<std::string> alive_;  // labels of the jobs that run, or may: one for each kick-off
  bool has_files_ = false;
};

}  // namespace libbcda::transfer
