// The output directory of a run. While the run is active, OUT/.bcda has a lock, partial files and a journal. When it is
// complete, OUT has the receipt. At any moment every file with a final name is complete and verified.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
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

// Reads all journals of a work directory. Throws Error{FILESYSTEM} if one cannot be read; damage is in the result.
JournalState read_journals(const files::Directory& work);

// A damaged journal, and what to do about it. `where` is JournalState::damage.
std::string damaged_journal(const std::string& where);

// "types (then ["Patient"], now ["Coverage"])", for each setting of `now` that differs. Digests are not shown.
std::string describe_difference(const json::object& then, const json::object& now);

// Thread-safe after construction. Its functions may wait for the disk.
class Workspace {
 public:
  struct ExportOptions {
    json::object intent = {};  // what the export asks for, by the names of settings
    bool restart = false;      // discards what an unfinished export left
    bool takes_over = false;   // see WorkDirectory::Options
    bool only_job = false;     // for a manifest alone: refuses a directory with files of an export
  };
  // For an export, which uses the directory exclusively. It may hold neither a finished export nor unknown NDJSON files.
  // If it holds an unfinished export with the same intent, this one goes on with it; with another one, that is an error
  // which names the difference. `restart` removes the files that the journals list. If one of them has changed, or one is
  // unknown, it removes nothing.
  static std::unique_ptr<Workspace> for_export(const std::string& out, ExportOptions options, Durability durability,
                                               world::Local local = world::system_local());
  // For a fetch. Several processes may share the directory. The journals of earlier runs list the files that they
  // published.
  static std::unique_ptr<Workspace> for_fetch(const std::string& out, Durability durability,
                                              world::Local local = world::system_local(), bool takes_over = false);
  // For a single file. It writes neither a journal nor a receipt.
  static std::unique_ptr<Workspace> for_file(const std::string& out, Durability durability,
                                             world::Local local = world::system_local());
  ~Workspace();

  const std::string& path() const { return directory_.out()->path(); }
  const Published& published() const { return published_; }
  // The writers of the destination must be destroyed before this object.
  std::shared_ptr<Destination> destination();
  // What earlier runs left in OUT. The caller must check whether a file still matches its record.
  const JournalState& earlier() const { return earlier_; }
  bool goes_on() const { return goes_on_; }  // with an unfinished export
  // What `restart` discarded, for a warning. "": nothing.
  const std::string& discarded() const { return discarded_; }
  int earlier_downloads(const http::Url& url) const;  // how often earlier runs were given that file
  void keep_journal() { keep_ = true; }               // keeps it even if this run completes the directory
  void know(FileRecord record);                       // from a receipt; the journal has precedence
  std::string receipt() const;                        // the content of OUT/export.json; "" if there is none
  bool syncs_names() const { return directory_.syncs_names(); }

  files::OutputFile new_packed_file();   // for the bytes of a gzipped file, in OUT/.bcda
  files::OutputFile new_partial_file();  // for a part of a table
  // Publishes the parts of tables, each with its file. Their record goes into the journal first.
  void publish(const TablesRecord& record, std::vector<files::OutputFile>& files);
  files::Spool spool();  // its file, if it needs one, is in OUT/.bcda and has no name

  JournalWriter& journal() { return journal_; }
  const files::Directory& work() const { return *directory_.work(); }
  Durability durability() const { return directory_.durability(); }
  const world::Process& me() const { return directory_.me(); }
  // Renews the owner file. Throws FILESYSTEM if another run has taken the directory over.
  void renew() { directory_.renew(); }
  void check_still_ours() const { directory_.check_still_ours(); }  // throws as renew() does
  // Appends lines, with line breaks between them, to OUT/log.ndjson. Does nothing unless this is the workspace of an export.
  void log(const std::string& lines);

  // Keeps the pages of a whole manifest, so that a later run need not ask for them.
  void keep_manifest(const std::string& label, const bulk::Manifests& pages);
  // The pages that an earlier run kept. `allows`: whether a page may come from there. {}: there are none, or one is not
  // as it was written.
  bulk::Manifests kept_manifest(const JobState& job, const std::function<bool(const http::Url&)>& allows);

  // Writes OUT/export.json. OUT/.bcda is removed with this object. `write` gets the existing receipt ("" if there
  // is none) and writes the new one. No other run can write a receipt in between. Throws FILESYSTEM if OUT was moved or
  // replaced, or taken over by another run.
  using WriteReceipt = std::function<void(const std::string& older, const files::Directory::Append& append)>;
  void complete(const WriteReceipt& write);

 private:
  using Use = WorkDirectory::Use;
  Workspace(const std::string& out, Use use, Durability durability, bool takes_over, world::Local local);
  std::set<std::string> read_earlier(Use use, const files::Directory& work, bool is_alone);
  void begin_export(const ExportOptions& options);
  void remove_stray_journals();
  void remove_from_work(const std::function<bool(std::string_view name)>& is_unwanted);
  void go_on_with(const json::object& intent);
  void discard_earlier();
  void discard_tables();
  bool has_replaced_files() const;
  void discard_journals();
  void refuse_unknown_files(bool knows_log, bool reads) const;
  std::shared_ptr<const bulk::Manifest> kept_page(const PageRecord& page);

  JournalState earlier_;
  WorkDirectory directory_;
  Published published_{directory_.out()};
  std::mutex mutex_, log_mutex_;
  bool goes_on_ = false;
  bool complete_ = false;
  bool keep_ = false;  // the journal must be kept, even if no job or file in it is needed
  std::string discarded_;
  JournalWriter journal_{directory_};
  std::unique_ptr<files::LineFile> log_file_;
};

}  // namespace libbcda::transfer
