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
// lock of the work directory. Without this second lock, another run would mistake it for an export. If this lock is not
// available within `timeout`, the run continues; the worst case is that wrong error.
class LifecycleLock {
 public:
  LifecycleLock(const files::Directory& out, const world::Clock& clock, Milliseconds timeout = Milliseconds(500));
  ~LifecycleLock() { lock_.release(); }
  LifecycleLock(const LifecycleLock&) = delete;
  LifecycleLock& operator=(const LifecycleLock&) = delete;

  bool timed_out() const { return timed_out_; }  // another run held the lock the whole time

 private:
  files::DirectoryLock lock_;
  bool timed_out_ = false;
};

class WorkDirectory {
 public:
  enum class Use {
    exporting,  // uses the directory exclusively
    fetching,   // shares the directory with other fetches
    file,       // the same, without a journal
  };
  // Creates OUT and OUT/.bcda if they are missing, and locks them. Throws FILESYSTEM if another run uses the directory,
  // and INVALID_ARGUMENT if `out` is empty.
  WorkDirectory(const std::string& out, Use use, files::Durability durability, world::Local local);

  const std::shared_ptr<const files::Directory>& out() const { return out_; }
  const std::shared_ptr<const files::Directory>& work() const { return work_; }
  Use use() const { return use_; }
  files::Durability durability() const { return durability_; }
  const world::Local& local() const { return local_; }
  // False if a loss of power may remove the last names in this directory, even with Durability::power.
  bool syncs_names() const { return syncs_names_; }

  // To be called after the journal was created. Makes its name durable, and writes the owner file for other machines.
  void journal_begun();
  // Releases the directory. `journal_is_done`: nothing in OUT/.bcda is needed any more. `wrote_journal`:
  // journal_begun() was called.
  void leave(bool journal_is_done, bool wrote_journal);

 private:
  enum class Lock { ours_alone, shared, none };  // none: the file system has no locks
  bool lock_work();
  void share();
  void check_owner() const;
  void remove_abandoned_partials() const;
  void try_to_remove_work() const noexcept;
  Milliseconds silence() const;

  bool made_out_ = false;  // this object created the directory
  std::shared_ptr<const files::Directory> out_, work_;
  Use use_;
  files::Durability durability_;
  world::Local local_;
  Lock lock_ = Lock::none;
  bool syncs_names_ = true;
};

Error busy_directory(const std::string& path, const std::string& who);

}  // namespace libbcda::transfer
