// The output directory of a run: a lock, partial files and a journal under OUT/.bcda while it runs, the receipt when it
// is complete. At any moment a file under its final name is whole and verified.
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

inline constexpr const char* kReceipt = "export.json";  // what a finished export leaves in its directory

// Thread-safe once opened.
class Workspace {
 public:
  // For a whole export, which has the directory to itself. It must hold neither a finished export, nor NDJSON files of
  // unknown origin, nor, unless `restart`, an unfinished export; with `restart`, what its journal lists is removed.
  static std::unique_ptr<Workspace> for_export(const std::string& out, bool restart, Durability durability);
  // For the files of a manifest: several processes may share a directory. What an earlier run published there is known by
  // the journal that it left.
  static std::unique_ptr<Workspace> for_fetch(const std::string& out, Durability durability);
  // For a single file: neither journal nor receipt.
  static std::unique_ptr<Workspace> for_file(const std::string& out, Durability durability);
  ~Workspace();

  const std::string& path() const { return out_->path(); }
  // Its writers must be gone before this object is.
  std::shared_ptr<Destination> destination();
  bool has(const std::string& path) const;  // NAME or error/NAME
  // What earlier runs say of the files in OUT, by path. Whether a file is still that one is for the caller to check.
  const std::map<std::string, FileRecord>& earlier() const { return earlier_.files; }
  // Throws FILESYSTEM when OUT holds an NDJSON file that is not one of `wanted` (paths): claims of another origin would be
  // counted with those of this run.
  void refuse_files_but(const std::set<std::string>& wanted) const;
  std::size_t jobs_left() const { return earlier_.jobs.size(); }  // that an unfinished export has left behind
  void keep_journal() { keep_ = true; }                           // although this run completes the directory
  void know(FileRecord record);                                   // from a receipt; the journal goes before it
  // Whether the file at the record's path still has its size and digest. `step`, if given, is called between blocks; what it
  // throws ends the reading.
  bool is_still(const FileRecord& record, const std::function<void()>& step = {}) const;
  std::optional<InputFile> open(const std::string& path) const;  // nullopt: no regular file is there
  std::string receipt() const;                                   // OUT/export.json as it is; "" when there is none
  // False: a loss of power may cost the last names in this directory, whatever `durability` says.
  bool syncs_names() const { return syncs_names_; }

  // The journal: one JSON line for each thing that a later run must know. A file's record is in it before the file appears.
  void job_accepted(const std::string& type, const std::string& status_url);
  void job_dead(const std::string& status_url);  // it failed or expired: nothing to go on with
  void file_coming(const FileRecord& record);
  // One line of OUT/log.ndjson. Does nothing unless this is an export's.
  void log(const std::string& line);

  // Writes OUT/export.json; OUT/.bcda goes with this object. `receipt` gets the one that is there ("" when none is) and makes
  // the new one; no other run can write one in between. Throws FILESYSTEM when OUT was moved or replaced meanwhile.
  void complete(const std::function<std::string(const std::string& older)>& receipt);

 private:
  enum class Use { exporting, fetching, file };
  enum class Lock { ours_alone, shared, none };  // none: this file system has no locks
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

  bool made_out_ = false;  // the directory did not exist before
  std::shared_ptr<const Directory> out_, work_;
  Use use_;
  Durability durability_;
  Lock lock_ = Lock::none;
  bool syncs_names_ = true;
  JournalState earlier_;
  std::mutex mutex_, log_mutex_;
  bool complete_ = false;
  bool keep_ = false;   // the journal is needed, whatever the counts below say
  int jobs_alive_ = 0;  // that a later run could go on with
  int files_coming_ = 0;
  std::unique_ptr<LineFile> journal_file_, log_file_;
};

}  // namespace libbcda::transfer
