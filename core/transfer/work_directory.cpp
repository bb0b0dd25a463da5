#include "transfer/work_directory.hpp"

#include <chrono>
#include <optional>
#include <utility>

#include "transfer/destination.hpp"
#include "transfer/published.hpp"

namespace libbcda::transfer {

using files::Directory;
using files::DirectoryLock;
using Outcome = files::DirectoryLock::Outcome;

namespace {

constexpr const char* kOwner = "owner.json";  // of an export
constexpr std::string_view kJournalStart = "journal", kJournalEnding = ".ndjson";
constexpr std::string_view kOwnerStart = "owner", kOwnerEnding = ".json";
constexpr std::size_t kLargestOwner = 64u << 10;
constexpr auto kForeignPartialsLast = std::chrono::hours(24);
constexpr Milliseconds kLockPause{5};
constexpr int kOpenTries = 100;

std::string journal_name(std::size_t number) {
  return std::string(kJournalStart) + (number == 1 ? "" : "-" + std::to_string(number)) + std::string(kJournalEnding);
}

bool is_owner_name(std::string_view name) { return name.starts_with(kOwnerStart) && name.ends_with(kOwnerEnding); }

std::string who_runs(const Owner& owner) {
  return " (process " + std::to_string(owner.process.pid) +
         (owner.process.host.empty() ? "" : " on " + owner.process.host) + ")";
}

// "": no owner file says it.
std::string who_uses(const Directory& work, const world::Local& local) {
  const auto owner = active_owner(work, local);
  return owner ? who_runs(*owner) : "";
}

// The time since a file in the work directory was written, by the clock of the file system.
Milliseconds silence(const Directory& work, const std::string& name) {
  const auto now = work.now(), last = work.modified(name);
  return now && last ? std::chrono::duration_cast<Milliseconds>(*now - *last) : Milliseconds(0);
}

// "": the file was removed in between.
std::string text_of(const Directory& work, const std::string& name) {
  try {
    return work.read(name, kLargestOwner);
  } catch (const Error&) {
    if (work.contains(name)) throw;
    return "";
  }
}

}  // namespace

bool is_journal_name(std::string_view name) {
  return name.starts_with(kJournalStart) && name.ends_with(kJournalEnding);
}

bool is_bytes_name(std::string_view name) { return name.ends_with(kPartialEnding) || name.ends_with(kPackedEnding); }

std::vector<std::string> journal_names(const Directory& work) {
  std::vector<std::string> names;
  while (work.contains(journal_name(names.size() + 1))) names.push_back(journal_name(names.size() + 1));
  return names;
}

std::optional<Owner> active_owner(const Directory& work, const world::Local& local) {
  for (const std::string& name : work.names()) {
    if (!is_owner_name(name)) continue;
    const auto owner = parse_owner(text_of(work, name));
    const auto renewed = work.modified(name);
    const auto silent_for = renewed ? local.clock.now().wall - *renewed : Instant::duration(0);
    if (owner && may_be_running(*owner, local.host, false, std::chrono::duration_cast<Milliseconds>(silent_for)))
      return owner;
  }
  return {};
}

Error busy_directory(const std::string& path, const std::string& who) {
  return std::move(
      refuse_directory(path, "is in use by another run" + who + "; wait until it ends, or end it").may_retry());
}

LifecycleLock::LifecycleLock(const Directory& out, const world::Clock& clock, Milliseconds timeout) : lock_(out) {
  const Steady until = clock.now().steady + timeout;
  while ((timed_out_ = lock_.try_alone() == Outcome::busy) && clock.now().steady < until) clock.pause(kLockPause);
}

WorkDirectory::WorkDirectory(const std::string& out, Options options, world::Local local)
    : options_(std::move(options)), local_(local), owner_{local.host.me(), random_mark(local.random)} {
  if (out.empty()) throw Error(Status::INVALID_ARGUMENT, "the setting out is missing; name a directory for the files");
  made_out_ = !files::exists(local_.disk, out);
  for (int tries = 0; tries < kOpenTries; ++tries) {
    out_ = std::make_shared<Directory>(Directory::open_or_create(out, local_.disk));
    const LifecycleLock lifecycle(*out_, local_.clock);
    // Another run may have removed the directory or the work directory in between, because it had created it and left
    // it empty.
    if (out_->in_place() && lock_work()) {
      refuse_other_owners();
      // Also for a directory that was there, because the run that made it may have been killed before it did this.
      if (durability() == Durability::power) syncs_names_ = out_->sync_own_name();
      remove_abandoned_files();
      if (use() != Use::exporting) share();
      return;
    }
  }
  throw refuse_directory(out, "is repeatedly removed or replaced; choose another directory");
}

// Returns false if the work directory was removed in between.
bool WorkDirectory::lock_work() {
  auto work = std::make_shared<Directory>(out_->sub(kWork));
  if (!work->make_private())
    throw refuse_directory(out_->path(),
                           "holds a work directory (.bcda) of another user; remove it or choose another directory");
  const DirectoryLock lock(*work);
  Outcome outcome = lock.try_alone();
  lock_ = outcome == Outcome::got ? Lock::ours_alone : Lock::none;
  if (outcome == Outcome::busy && use() != Use::exporting) {
    outcome = lock.try_shared();
    lock_ = Lock::shared;
  }
  if (outcome == Outcome::busy) throw busy_directory(out_->path(), who_uses(*work, local_));
  if (!out_->has(*work, kWork)) return false;
  work_ = std::move(work);
  return true;
}

// Refuses a directory that another run uses although the lock is free. This happens if the file system has no locks, or
// if the other run is on a host whose locks are not visible here. Fetches share the directory with each other.
void WorkDirectory::refuse_other_owners() const {
  if (options_.takes_over) return;
  for (const std::string& name : other_owners()) refuse_owner(name);
}

// The owner files of runs that this one must not meet.
std::vector<std::string> WorkDirectory::other_owners() const {
  std::vector<std::string> names = work_->names();
  std::erase_if(names, [&](const std::string& name) {
    const bool is_own = claimed_ && name == owner_name();
    return !is_owner_name(name) || is_own || (use() != Use::exporting && name != kOwner);
  });
  return names;
}

void WorkDirectory::refuse_owner(const std::string& name) const {
  const Milliseconds silent_for = silence(*work_, name);
  const auto owner = parse_owner(text_of(*work_, name));
  // One that is not whole yet is being written.
  const bool is_new = !owner && lock_ != Lock::ours_alone && work_->contains(name) && silent_for < kStale;
  if (!is_new && !(owner && may_be_running(*owner, local_.host, lock_ == Lock::ours_alone, silent_for))) return;
  Error error = busy_directory(out_->path(), owner ? who_runs(*owner) : "");
  error.message += "; if that run has certainly ended, set take_over";
  throw error;
}

// Removes partial files of runs that were killed. The lock proves that no process of this machine writes here. A
// process of another host might, if locks work only within one host, so its partial files are kept for a day.
void WorkDirectory::remove_abandoned_files() const {
  const bool is_alone = lock_ == Lock::ours_alone || (use() == Use::exporting && lock_ == Lock::none);
  const std::set<std::string> kept = options_.keep(*work_, is_alone);
  if (lock_ != Lock::ours_alone) return;
  const auto now = work_->now();
  for (const std::string& name : work_->names()) {
    if (!is_bytes_name(name) || kept.contains(name)) continue;
    const auto written = work_->modified(name);
    const bool old = now && written && *now - *written > kForeignPartialsLast;
    if (old || is_of_machine(name, me())) work_->remove(name);
  }
}

// Allows other fetches to use the directory.
void WorkDirectory::share() {
  if (lock_ != Lock::ours_alone) return;
  if (DirectoryLock(*work_).try_shared() != Outcome::got) throw busy_directory(out_->path(), "");
  lock_ = Lock::shared;
}

std::string WorkDirectory::owner_name() const {
  if (use() == Use::exporting) return kOwner;
  return std::string(kOwnerStart) + "-" + owner_.nonce + std::string(kOwnerEnding);
}

void WorkDirectory::claim() {
  if (claimed_) return;
  const std::string name = owner_name();
  // Another run may have written its own since.
  if (!options_.takes_over && work_->contains(name)) refuse_owner(name);
  work_->remove(name);  // it names a run that has ended
  for (const std::string& other : other_owners()) {
    if (!options_.takes_over) refuse_owner(other);
    work_->remove(other);  // so that its run, if it should live, notices that it was passed over
  }
  if (!files::create_file(*work_, name, to_json(owner_))) throw busy_directory(out_->path(), " that was faster");
  claimed_ = true;
  refuse_newcomers();
}

// Where locks do not work, another run may have begun at the same time. Each of two writes its owner file before it looks
// for the other's, so at least one of them sees the other.
void WorkDirectory::refuse_newcomers() {
  if (lock_ != Lock::none) return;
  try {
    refuse_other_owners();
  } catch (...) {
    work_->remove(owner_name());
    claimed_ = false;
    throw;
  }
}

std::unique_ptr<files::LineFile> WorkDirectory::next_journal() {
  for (std::size_t number = journal_names(*work_).size() + 1;; ++number) {
    std::unique_ptr<files::LineFile> file;
    try {
      file = std::make_unique<files::LineFile>(*work_, journal_name(number), durability(),
                                               files::LineFile::Open::only_new);
    } catch (const Error&) {
      if (!work_->contains(journal_name(number))) throw;
      continue;  // another fetch has taken the number
    }
    if (durability() == Durability::power) work_->sync();
    return file;
  }
}

void WorkDirectory::journal_begun() {
  if (durability() == Durability::power) syncs_names_ = work_->sync() && out_->sync() && syncs_names_;
}

bool WorkDirectory::is_still_ours() const {
  const std::string name = owner_name();
  if (!work_->contains(name)) return false;
  const auto owner = parse_owner(work_->read(name, kLargestOwner));
  return owner && owner->nonce == owner_.nonce;
}

void WorkDirectory::check_still_ours() const {
  if (!claimed_ || is_still_ours()) return;
  throw refuse_directory(out_->path(),
                         "was taken over by another run, so this run ends; the other one goes on with what is there");
}

bool WorkDirectory::was_taken_over() const noexcept {
  try {
    return claimed_ && !is_still_ours();
  } catch (const std::exception&) {
    return false;  // the owner file cannot be read at the moment
  }
}

void WorkDirectory::renew() {
  if (!claimed_) return;
  check_still_ours();
  try {
    files::replace_file(*work_, owner_name(), to_json(owner_), Durability::process);
  } catch (const Error&) {
    // A full disk ends the run where data is lost by it. Until then the owner file only looks older than it is.
  }
}

// Removes our files in the work directory, and the directory if it is then empty. What cannot be removed stays, because
// this is called by a destructor.
void WorkDirectory::try_to_remove_work() const noexcept {
  try {
    // First the journal with the intent, so that after a loss of power the directory is no unfinished export.
    work_->remove(journal_name(1));
    if (durability() == Durability::power) work_->disk().sync(work_->fd(), world::Sync::all);  // if it can
    for (const std::string& name : work_->names())
      if (is_journal_name(name) || is_owner_name(name) || is_bytes_name(name) || name.starts_with(kManifestStart) ||
          name.ends_with(".new"))
        work_->remove(name);
  } catch (const std::exception&) {
    return;
  }
  out_->remove_empty(kWork);
}

void WorkDirectory::leave(bool journal_is_done) noexcept {
  const LifecycleLock lifecycle(*out_, local_.clock);
  const DirectoryLock lock(*work_);
  try {
    const bool ours = !claimed_ || is_still_ours();
    const bool alone = ours && (use() == Use::exporting || (lock_ == Lock::shared && lock.try_alone() == Outcome::got));
    if (claimed_ && ours) work_->remove(owner_name());
    if (alone && journal_is_done) try_to_remove_work();
    if (alone && !journal_is_done) out_->remove_empty(kWork);  // stays if it is not empty, for example with a journal
    if (made_out_) out_->remove_if_empty();
  } catch (const std::exception&) {
    // What stays is like that of a run that was killed.
  }
  lock.release();  // closing is not enough if a forked child has the descriptor too
}

}  // namespace libbcda::transfer
