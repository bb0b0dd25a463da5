// An output directory OUT with its work directory OUT/.bcda, held open and locked for one run.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "files/directory.hpp"
#include "files/file.hpp"
#include "transfer/owner.hpp"
#include "world/world.hpp"

namespace libbcda::transfer {

inline constexpr const char* kWork = ".bcda";
inline constexpr std::string_view kManifestStart = "manifest-";  // of the pages of manifests in it

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

// What is in a work directory, by its name.
bool is_journal_name(std::string_view name);
bool is_bytes_name(std::string_view name);  // a partial file, or packed bytes

class WorkDirectory {
 public:
  enum class Use {
    exporting,  // uses the directory exclusively
    fetching,   // shares the directory with other fetches
    file,       // the same, without a journal
  };
  struct Options {
    Use use = Use::exporting;
    files::Durability durability = files::Durability::power;
    bool takes_over = false;  // uses the directory although an owner file says that another run does
    // Reads the journals. `is_alone`: no other run uses the directory. Returns the names of the files of killed runs
    // that stay, because this run goes on with them; the others are removed.
    using Keep = std::function<std::set<std::string>(const files::Directory& work, bool is_alone)>;
    Keep keep = [](const files::Directory&, bool) { return std::set<std::string>(); };
  };
  // Creates OUT and OUT/.bcda if they are missing, and locks them. Throws FILESYSTEM if another run uses the directory,
  // and INVALID_ARGUMENT if `out` is empty.
  WorkDirectory(const std::string& out, Options options, world::Local local);

  const std::shared_ptr<const files::Directory>& out() const { return out_; }
  const std::shared_ptr<const files::Directory>& work() const { return work_; }
  Use use() const { return options_.use; }
  files::Durability durability() const { return options_.durability; }
  const world::Local& local() const { return local_; }
  const world::Process& me() const { return owner_.process; }
  // False if a loss of power may remove the last names in this directory, even with Durability::power.
  bool syncs_names() const { return syncs_names_; }

  // Writes the owner file, so that runs on other machines see this one. To be called before anything else is written.
  // Throws FILESYSTEM if another run was faster.
  void claim();
  // A new journal, the next one of the directory.
  std::unique_ptr<files::LineFile> next_journal();
  // To be called after the first journal was created. Makes the names so far durable.
  void journal_begun();
  // Renews the owner file. Throws FILESYSTEM if another run has taken the directory over.
  void renew();
  // Throws FILESYSTEM if another run has taken the directory over. Does nothing for a fetch.
  void check_still_ours() const;
  // Whether another run has certainly taken the directory over.
  bool was_taken_over() const noexcept;
  // Releases the directory. `journal_is_done`: nothing in OUT/.bcda is needed any more. What cannot be removed stays.
  void leave(bool journal_is_done) noexcept;

 private:
  enum class Lock { ours_alone, shared, none };  // none: the file system has no locks
  bool lock_work();
  void share();
  void refuse_other_owners() const;
  std::vector<std::string> other_owners() const;
  void refuse_owner(const std::string& name) const;
  void refuse_newcomers();
  void remove_abandoned_files() const;
  void try_to_remove_work() const noexcept;
  std::string owner_name() const;
  bool is_still_ours() const;

  bool made_out_ = false;  // this object created the directory
  std::shared_ptr<const files::Directory> out_, work_;
  Options options_;
  world::Local local_;
  Owner owner_;  // this run
  Lock lock_ = Lock::none;
  bool claimed_ = false;
  bool syncs_names_ = true;
};

// The journals in a work directory, in their order: journal.ndjson, journal-2.ndjson and so on.
std::vector<std::string> journal_names(const files::Directory& work);

// The run that uses the directory now. nullopt: none, as far as its owner file says.
std::optional<Owner> active_owner(const files::Directory& work, const world::Local& local);

Error busy_directory(const std::string& path, const std::string& who);

}  // namespace libbcda::transfer
