// Writes the journal of an output directory: one JSON line for each fact that a later run needs.
#pragma once
#include <memory>
#include <mutex>
#include <string>

#include "files/file.hpp"
#include "transfer/journal.hpp"
#include "transfer/work_directory.hpp"

namespace libbcda::transfer {

// Thread-safe. The functions may wait for the disk, and they throw Error{FILESYSTEM}.
class JournalWriter {
 public:
  explicit JournalWriter(WorkDirectory& directory) : directory_(directory) {}

  void open();  // if it is not called, the first line opens the journal
  void job_accepted(const std::string& type, const std::string& status_url);
  void job_dead(const std::string& status_url);  // the job failed or expired, so no later run can use it
  void download_begun(const http::Url& url);     // the service began to give out the file; matters where it counts
  void file_coming(const FileRecord& record);    // must be called before the file gets its final name
  void close();                                  // throws if a line could not be written

  bool was_opened() const { return opened_; }
  // Whether a later run needs the journal: to continue with a job, or to find the record of a file.
  bool is_needed() const { return jobs_alive_ > 0 || files_coming_ > 0; }

 private:
  void append(const std::string& line);

  WorkDirectory& directory_;
  std::mutex mutex_;
  std::unique_ptr<files::LineFile> file_;
  bool opened_ = false;
  int jobs_alive_ = 0;
  int files_coming_ = 0;
};

}  // namespace libbcda::transfer
