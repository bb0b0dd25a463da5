#include "transfer/work_directory.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

#include "files/file.hpp"
#include "transfer/destination.hpp"
#include "transfer/owner.hpp"
#include "transfer/published.hpp"

namespace libbcda::transfer {

using files::Directory;
using files::DirectoryLock;
using Outcome = files::DirectoryLock::Outcome;

namespace {

constexpr const char* kWork = ".bcda";
constexpr std::size_t kLargestOwner = 64u << 10;
constexpr auto kForeignPartialsLast = std::chrono::hours(24);
constexpr Milliseconds kLockPause{5};
constexpr int kOpenTries = 100;

std::string who_runs(const Owner& owner) {
  return " (process " + std::to_string(owner.pid) + (owner.host.empty() ? "" : " on " + owner.host) + ")";
}

}  // namespace

Error busy_directory(const std::string& path, const std::string& who) {
  return std::move(refuse_directory(path, "is in use by another run" + who).may_retry());
}

LifecycleLock::LifecycleLock(const Directory& out, const world::Clock& clock, Milliseconds timeout) : lock_(out) {
  const Steady until = clock.now().steady + timeout;
  while ((timed_out_ = lock_.try_alone() == Outcome::busy) && clock.now().steady < until) clock.pause(kLockPause);
}

WorkDirectory::WorkDirectory(const std::string& out, Use use, Durability durability, world::Local local)
    : use_(use), durability_(durability), local_(local) {
  if (out.empty()) throw Error(Status::INVALID_ARGUMENT, "the setting out is missing; name a directory for the files");
  made_out_ = !files::exists(local_.disk, out);
  for (int tries = 0; tries < kOpenTries; ++tries) {
    out_ = std::make_shared<Directory>(Directory::open_or_create(out, local_.disk));
    const LifecycleLock lifecycle(*out_, local_.clock);
    // Another run may have removed the directory or the work directory in between, because it had created it and left
    // it empty.
    if (out_->in_place() && lock_work()) {
      check_owner();
      // Also for a directory that was there, because the run that made it may have been killed before it did this.
      if (durability_ == Durability::power) syncs_names_ = out_->sync_own_name();
      remove_abandoned_partials();
      if (use_ != Use::exporting) share();
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
  if (outcome == Outcome::busy && use_ != Use::exporting) {
    outcome = lock.try_shared();
    lock_ = Lock::shared;
  }
  if (outcome == Outcome::busy) throw busy_directory(out_->path(), "");
  if (!out_->has(*work, kWork)) return false;
  work_ = std::move(work);
  return true;
}

// Refuses a directory that another run uses although the lock is free. This happens if the file system has no locks, or
// if the other run is on a host whose locks are not visible here.
void WorkDirectory::check_owner() const {
  if (!work_->contains(kOwner)) return;
  const auto owner = parse_owner(work_->read(kOwner, kLargestOwner));
  if (owner && may_be_running(*owner, world::this_process(), lock_ == Lock::ours_alone, silence()))
    throw busy_directory(out_->path(), who_runs(*owner));
}

// The time since a run last wrote to this directory.
Milliseconds WorkDirectory::silence() const {
  const auto now = work_->now();
  std::optional<Instant> last = out_->modified(kLog);
  for (const std::string& name : work_->names()) last = std::max(last, work_->modified(name));
  if (!now || !last) return Milliseconds(0);
  return std::chrono::duration_cast<Milliseconds>(*now - *last);
}

// Removes partial files of runs that were killed. The lock proves that no process of this machine writes here. A
// process of another host might, if locks work only within one host, so its partial files are kept for a day.
void WorkDirectory::remove_abandoned_partials() const {
  if (lock_ != Lock::ours_alone) return;
  const auto now = work_->now();
  for (const std::string& name : work_->names()) {
    if (!name.ends_with(kPartialEnding)) continue;
    const auto written = work_->modified(name);
    const bool old = now && written && *now - *written > kForeignPartialsLast;
    if (old || is_of_this_machine(name)) work_->remove(name);
  }
}

// Allows other fetches to use the directory.
void WorkDirectory::share() {
  if (lock_ != Lock::ours_alone) return;
  if (DirectoryLock(*work_).try_shared() != Outcome::got) throw busy_directory(out_->path(), "");
  lock_ = Lock::shared;
}

void WorkDirectory::journal_begun() {
  if (use_ == Use::exporting) files::replace_file(*work_, kOwner, to_json(world::this_process()), Durability::process);
  if (durability_ != Durability::power) return;
  syncs_names_ = work_->sync() && out_->sync() && syncs_names_;
}

// Removes our files in the work directory, and the directory if it is then empty. What cannot be removed stays, because
// this is called by a destructor.
void WorkDirectory::try_to_remove_work() const noexcept {
  try {
    for (const std::string& name : work_->names())
      if (name == kJournal || name == kOwner || name.ends_with(kPartialEnding) || name.ends_with(".new"))
        work_->remove(name);
  } catch (const std::exception&) {
    return;
  }
  out_->remove_empty(kWork);
}

void WorkDirectory::leave(bool journal_is_done, bool wrote_journal) {
  const LifecycleLock lifecycle(*out_, local_.clock);
  const DirectoryLock lock(*work_);
  const bool alone = use_ == Use::exporting || (lock_ == Lock::shared && lock.try_alone() == Outcome::got);
  if (use_ == Use::exporting && wrote_journal) work_->remove(kOwner);
  if (alone && journal_is_done) try_to_remove_work();
  if (alone && !journal_is_done) out_->remove_empty(kWork);  // stays if it is not empty, for example with a journal
  lock.release();  // closing is not enough if a forked child has the descriptor too
  if (made_out_) out_->remove_if_empty();
}

}  // namespace libbcda::transfer
