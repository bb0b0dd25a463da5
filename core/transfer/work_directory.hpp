// An output directory OUT with its work directory OUT/.bcda, held open and locked for one run.
#pragma once
#include <memory>
#include <string>

#include "base/error.hpp"
#include "files/directory.hpp"
#include "world/world.hpp"

namespace libbcda::transfer {

inline constexpr const char* kJournal = "journal.ndjson";  // in the work directory
inline constexpr const char* kOwner = "owner.json";

// Serializes the start and the end of runs that share a directory. While it starts, a fetch briefly holds the exclusive
// lock of the work directory; without this second lock another run would mistake it for an export. If this lock cannot be
// had within `patience`, the run goes on: the worst case is that wrong error.
class Turn {
 public:
  Turn(const files::Directory& out, const world::Clock& clock, Milliseconds patience = Milliseconds(500));
  ~Turn() { lock_.release(); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  bool missed() const { return missed_; }  // another run holds the lock all the time

 private:
  files::DirectoryLock lock_;
  bool missed_ = false;
};

class WorkDirectory {
 public:
  enum class Use {
    exporting,  // has the directory to itself
    fetching,   // shares it with other fetches
    file,       // the same, and leaves no journal
  };
  // Makes OUT and OUT/.bcda when they are not there, and locks. Throws FILESYSTEM when another run uses the directory, or
  // INVALID_ARGUMENT when `out` is empty.
  WorkDirectory(const std::string& out, Use use, files::Durability durability, world::Local local);

  const std::shared_ptr<const files::Directory>& out() const { return out_; }
  const std::shared_ptr<const files::Directory>& work() const { return work_; }
  Use use() const { return use_; }
  files::Durability durability() const { return durability_; }
  const world::Local& local() const { return local_; }
  // False: a loss of power may cost the last names in this directory, whatever `durability` says.
  bool syncs_names() const { return syncs_names_; }

  // The journal has begun: makes its name durable, and tells other machines who exports here.
  void journal_begun();
  // Gives the directory back. `journal_is_done`: nothing in OUT/.bcda is needed any more. `wrote_journal`: journal_begun()
  // was called.
  void leave(bool journal_is_done, bool wrote_journal);

 private:
  enum class Lock { ours_alone, shared, none };  // none: this file system has no locks
  bool lock_work();
  void share();
  void check_owner() const;
  void remove_abandoned_partials() const;
  void remove_work() const;
  Milliseconds silence() const;

  bool made_out_ = false;  // the directory did not exist before
  std::shared_ptr<const files::Directory> out_, work_;
  Use use_;
  files::Durability durability_;
  world::Local local_;
  Lock lock_ = Lock::none;
  bool syncs_names_ = true;
};

Error busy_directory(const std::string& path, const std::string& who);

}  // namespace libbcda::transfer
