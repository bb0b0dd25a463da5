// The output directory of a run: a lock, partial files and a journal under OUT/.bcda while it runs, the receipt when it
// is complete. At any moment a file under its final name is whole and verified.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "files/file.hpp"
#include "transfer/destination.hpp"
#include "transfer/journal.hpp"
#include "transfer/published.hpp"
#include "transfer/work_directory.hpp"

namespace libbcda::transfer {

inline constexpr const char* kReceipt = "export.json";  // what a finished export leaves in its directory

// Thread-safe once opened. Its functions may wait for the disk.
class Workspace {
 public:
  // For a whole export, which has the directory to itself. It must hold neither a finished export, nor NDJSON files of
  // unknown origin, nor, unless `restart`, an unfinished export; with `restart`, what its journal lists is removed.
  static std::unique_ptr<Workspace> for_export(const std::string& out, bool restart, Durability durability,
                                               world::Local local = world::system_local());
  // For the files of a manifest: several processes may share a directory. What an earlier run published there is known by
  // the journal that it left.
  static std::unique_ptr<Workspace> for_fetch(const std::string& out, Durability durability,
                                              world::Local local = world::system_local());
  // For a single file: neither journal nor receipt.
  static std::unique_ptr<Workspace> for_file(const std::string& out, Durability durability,
                                             world::Local local = world::system_local());
  ~Workspace();

  const std::string& path() const { return place_.out()->path(); }
  const Published& published() const { return published_; }
  // Its writers must be gone before this object is.
  std::shared_ptr<Destination> destination();
  // What earlier runs say of the files in OUT, by path. Whether a file is still that one is for the caller to check.
  const std::map<std::string, FileRecord>& earlier() const { return earlier_.files; }
  std::size_t jobs_left() const { return earlier_.jobs.size(); }  // that an unfinished export has left behind
  void keep_journal() { keep_ = true; }                           // although this run completes the directory
  void know(FileRecord record);                                   // from a receipt; what the journal says goes first
  std::string receipt() const;                                    // OUT/export.json as it is; "" when there is none
  bool syncs_names() const { return place_.syncs_names(); }

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
  using Use = WorkDirectory::Use;
  Workspace(const std::string& out, Use use, Durability durability, world::Local local);
  void refuse_or_clear_leftovers(bool restart);
  void open_journal();
  void journal(const std::string& line);

  WorkDirectory place_;
  Published published_{place_.out()};
  JournalState earlier_;
  std::mutex mutex_, log_mutex_;
  bool complete_ = false;
  bool keep_ = false;   // the journal is needed, whatever the counts below say
  int jobs_alive_ = 0;  // that a later run could go on with
  int files_coming_ = 0;
  std::unique_ptr<files::LineFile> journal_file_, log_file_;
};

}  // namespace libbcda::transfer
