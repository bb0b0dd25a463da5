// The output directory of a run. While the run is active, OUT/.bcda has a lock, partial files and a journal. When it is
// complete, OUT has the receipt. At any moment every file with a final name is complete and verified.
#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "base/file.hpp"
#include "transfer/destination.hpp"
#include "transfer/journal.hpp"

namespace libbcda::transfer {

inline constexpr const char* kReceipt = "export.json";  // the receipt of a finished export

// Thread-safe after construction.
class Workspace {
 public:
  // For an export, which uses the directory exclusively. The directory may hold neither a finished export nor unknown
  // NDJSON files. It may hold an unfinished export only with `restart`, which removes the files that its journal lists.
  static std::unique_ptr<Workspace> for_export(const std::string& out, bool restart, Durability durability);
  // For a fetch. Several processes may share the directory. The journal of an earlier run tells which files it
  // published.
  static std::unique_ptr<Workspace> for_fetch(const std::string& out, Durability durability);
  // For a single file. It writes neither a journal nor a receipt.
  static std::unique_ptr<Workspace> for_file(const std::string& out, Durability durability);
  ~Workspace();

  const std::string& path() const { return out_->path(); }
  // The writers of the destination must be destroyed before this object.
  std::shared_ptr<Destination> destination();
  bool has(const std::string& path) const;  // NAME or error/NAME
  // The records of earlier runs about files in OUT, by path. The caller must check whether a file still matches its
  // record.
  const std::map<std::string, FileRecord>& earlier() const { return earlier_.files; }
  // Throws FILESYSTEM if OUT holds an NDJSON file that is not in `wanted` (paths), because claims of another origin
  // would be counted with those of this run.
  void refuse_files_but(const std::set<std::string>& wanted) const;
  std::size_t jobs_left() const { return earlier_.jobs.size(); }  // jobs that an unfinished export left behind
  void keep_journal() { keep_ = true; }                           // keeps it even if this run completes the directory
  void know(FileRecord record);                                   // from a receipt; the journal has precedence
  // Whether the file at the record's path still has its size and digest. `step`, if given, is called between blocks.
  // Its exception ends the reading.
  bool is_still(const FileRecord& record, const std::function<void()>& step = {}) const;
  std::optional<InputFile> open(const std::string& path) const;  // nullopt if there is no regular file
  std::string receipt() const;                                   // the content of OUT/export.json; "" if there is none
  // False if a loss of power may remove the last names in this directory, even with Durability::power.
  bool syncs_names() const { return syncs_names_; }

  // These write to the journal. The record of a file is written before the file gets its final name.
  void job_accepted(const std::string& type, const std::string& status_url);
  void job_dead(const std::string& status_url);  // the job failed or expired, so a later run cannot continue it
  void file_coming(const FileRecord& record);
  // Appends a line to OUT/log.ndjson. Does nothing unless this is the workspace of an export.
  void log(const std::string& line);

  // Writes OUT/export.json. OUT/.bcda is removed with this object. `receipt` is called with the existing receipt ("" if
  // there is none) and returns the new one. No other run can write a receipt in between. Throws FILESYSTEM if OUT was
  // moved or replaced.
  void complete(const std::function<std::string(const std::string& older)>& receipt);

 private:
  enum class Use { exporting, fetching, file };
  enum class Lock { ours_alone, shared, none };  // none: the file system has no locks
  Workspace(const std::string& out, Use use, Durability durability);
  void open_work();
  bool lock_work();
  bool is_our_log() const;
  void share();
  void check_owner() const;
  void remove_abandoned_partials() const;
  void refuse_or_clear_leftovers(bool restart);
  void open_journal();
  void remove_published();
  std::pair<std::shared_ptr<const Directory>, std::string> place_of(const std::string& path) const;
  void refuse_files_in(const Directory& directory, const std::string& prefix,
                       const std::set<std::string>& wanted) const;
  void remove_work() const;
  void journal(const std::string& line);
  Milliseconds silence() const;

  bool made_out_ = false;  // this object created the directory
  std::shared_ptr<const Directory> out_, work_;
  Use use_;
  Durability durability_;
  Lock lock_ = Lock::none;
  bool syncs_names_ = true;
  JournalState earlier_;
  std::mutex mutex_, log_mutex_;
  bool complete_ = false;
  bool keep_ = false;   // keep the journal, independent of the counts below
  int jobs_alive_ = 0;  // jobs that a later run could continue
  int files_coming_ = 0;
  std::unique_ptr<LineFile> journal_file_, log_file_;
};

}  // namespace libbcda::transfer
