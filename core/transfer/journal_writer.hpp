// Writes the journal of an output directory: one JSON line for each thing that a later run must know.
#pragma once
#include <memory>
#include <mutex>
#include <string>

#include "files/file.hpp"
#include "transfer/journal.hpp"
#include "transfer/work_directory.hpp"

namespace libbcda::transfer {

// Thread-safe. Its functions may wait for the disk. Each throws Error{FILESYSTEM}.
class JournalWriter {
 public:
  explicit JournalWriter(WorkDirectory& directory) : directory_(directory) {}

  void open();  // otherwise the first line opens it
  void job_accepted(const std::string& type, const std::string& status_url);
  void job_dead(const std::string& status_url);  // it failed or expired: nothing to go on with
  void file_coming(const FileRecord& record);    // before the file appears
  void close();                                  // throws when a line could not be written

  bool was_opened() const { return opened_; }
  // A later run could go on with a job, or finds a file by its record.
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
