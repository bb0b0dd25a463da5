// The output directory of a run. While the run is active, OUT/.bcda has a lock, partial files and a journal. When it is
// complete, OUT has the receipt. At any moment every file with a final name is complete and verified.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "files/file.hpp"
#include "files/spool.hpp"
#include "transfer/destination.hpp"
#include "transfer/journal.hpp"
#include "transfer/journal_writer.hpp"
#include "transfer/published.hpp"
#include "transfer/work_directory.hpp"

namespace libbcda::transfer {

inline constexpr const char* kReceipt = "export.json";  // the receipt of a finished export
inline constexpr std::size_t kLargestReceipt = 1u << 30;

// Thread-safe after construction. Its functions may wait for the disk.
class Workspace {
 public:
  // For an export, which uses the directory exclusively. The directory may hold neither a finished export nor unknown
  // NDJSON files. It may hold an unfinished export only with `restart`, which removes the files that its journal lists.
  static std::unique_ptr<Workspace> for_export(const std::string& out, bool restart, Durability durability,
                                               world::Local local = world::system_local());
  // For a fetch. Several processes may share the directory. The journal of an earlier run lists the files that it
  // published.
  static std::unique_ptr<Workspace> for_fetch(const std::string& out, Durability durability,
                                              world::Local local = world::system_local());
  // For a single file. It writes neither a journal nor a receipt.
  static std::unique_ptr<Workspace> for_file(const std::string& out, Durability durability,
                                             world::Local local = world::system_local());
  ~Workspace();

  const std::string& path() const { return directory_.out()->path(); }
  const Published& published() const { return published_; }
  // The writers of the destination must be destroyed before this object.
  std::shared_ptr<Destination> destination();
  // The records of earlier runs about files in OUT, by path. The caller must check whether a file still matches its
  // record.
  const std::map<std::string, FileRecord>& earlier() const { return earlier_.files; }
  int earlier_downloads(const http::Url& url) const;              // how often earlier runs were given that file
  std::size_t jobs_left() const { return earlier_.jobs.size(); }  // jobs that an unfinished export left behind
  void keep_journal() { keep_ = true; }                           // keeps it even if this run completes the directory
  void know(FileRecord record);                                   // from a receipt; the journal has precedence
  std::string receipt() const;                                    // the content of OUT/export.json; "" if there is none
  bool syncs_names() const { return directory_.syncs_names(); }

  files::Spool spool();  // its file, if it needs one, is in OUT/.bcda and has no name

  JournalWriter& journal() { return journal_; }
  // Appends a line to OUT/log.ndjson. Does nothing unless this is the workspace of an export.
  void log(const std::string& line);

  // Writes OUT/export.json. OUT/.bcda is removed with this object. `write` gets the existing receipt ("" if there
  // is none) and writes the new one. No other run can write a receipt in between. Throws FILESYSTEM if OUT was moved or
  // replaced.
  using WriteReceipt = std::function<void(const std::string& older, const files::Directory::Append& append)>;
  void complete(const WriteReceipt& write);

 private:
  using Use = WorkDirectory::Use;
  Workspace(const std::string& out, Use use, Durability durability, world::Local local);
  void refuse_or_clear_leftovers(bool restart);
  void refuse_unknown_files() const;

  WorkDirectory directory_;
  Published published_{directory_.out()};
  JournalState earlier_;
  std::mutex mutex_, log_mutex_;
  bool complete_ = false;
  bool keep_ = false;  // the journal must be kept, even if no job or file in it is needed
  JournalWriter journal_{directory_};
  std::unique_ptr<files::LineFile> log_file_;
};

}  // namespace libbcda::transfer
