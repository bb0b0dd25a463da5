// The output directory of a run: a lock, partial files and a journal under OUT/.bcda while it runs, the receipt when it
// is complete. At any moment a file under its final name is whole and verified.
#pragma once
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/file.hpp"
#include "transfer/decoder.hpp"

namespace libbcda::transfer {

inline constexpr const char* kReceipt = "export.json";  // what a finished export leaves in its directory

// Thread-safe once opened.
class Workspace {
 public:
  // For a whole export, which has the directory to itself. It must hold neither a finished export, nor NDJSON files of
  // unknown origin, nor, unless `restart`, an unfinished export; with `restart`, what its journal lists is removed.
  static std::unique_ptr<Workspace> for_export(const std::string& out, bool restart, Durability durability);
  // For single files: no journal and no receipt; several at once may share a directory.
  static std::unique_ptr<Workspace> for_fetch(const std::string& out, Durability durability);
  ~Workspace();

  const std::string& path() const { return out_->path(); }
  // Its writers must be gone before this object is.
  std::shared_ptr<Destination> destination();
  bool has(const std::string& name, bool is_error) const;  // a file of that final name

  // The journal: one JSON line for each thing a later run must know. A file's name is in it before the file is there.
  void job_accepted(const std::string& type, const std::string& status_url);
  void job_dead(const std::string& status_url);  // it failed or expired: nothing to go on with
  void file_coming(const std::string& path);
  void file_published(const std::string& url, const std::string& path, const Facts& facts);
  // One line of OUT/log.ndjson.
  void log(const std::string& line);

  // Writes OUT/export.json; OUT/.bcda goes with this object.
  void complete(const std::string& receipt);

 private:
  enum class Lock { exclusive, shared };
  Workspace(const std::string& out, Lock lock, Durability durability);
  void lock_work(Lock lock);
  void refuse_or_clear_leftovers(bool restart);
  void remove_published();
  void refuse_strangers() const;
  void journal(const std::string& line);

  bool made_out_ = false;  // the directory did not exist before
  std::shared_ptr<const Directory> out_, work_;
  Durability durability_;
  std::mutex mutex_, log_mutex_;
  bool journaled_ = false;
  bool complete_ = false;
  bool keep_ = false;   // the journal is needed, whatever the counts below say
  int jobs_alive_ = 0;  // that a later run could go on with
  int files_coming_ = 0;
  std::unique_ptr<LineFile> journal_file_, log_file_;
};

}  // namespace libbcda::transfer
