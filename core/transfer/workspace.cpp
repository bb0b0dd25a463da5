#include "transfer/workspace.hpp"

#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/quote.hpp"
#include "crypto/digest.hpp"
#include "transfer/owner.hpp"

namespace libbcda::transfer {
namespace {

constexpr const char* kWork = ".bcda";
constexpr const char* kJournal = "journal.ndjson";
constexpr const char* kOwner = "owner.json";
constexpr const char* kLog = "log.ndjson";
constexpr std::string_view kDataEnding = ".ndjson";
constexpr std::string_view kLogStart = "{\"exportId\":";
constexpr std::size_t kLargestJournal = 1u << 30;
constexpr std::size_t kLargestReceipt = 256u << 20;
constexpr std::size_t kLargestOwner = 64u << 10;
constexpr auto kForeignPartialsLast = std::chrono::hours(24);
constexpr auto kReceiptPatience = std::chrono::minutes(5);
constexpr int kOpenTries = 100;
constexpr std::size_t kReadBuffer = 256u << 10;

bool exists(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

Error refuse(const std::string& path, const std::string& why) {
  return std::move(Error(Status::FILESYSTEM, "the output directory " + path + " " + why).at_file(path));
}

Error busy(const std::string& path, const std::string& who) {
  return std::move(refuse(path, "is in use by another run" + who).may_retry());
}

enum class Locking { got, busy, unsupported };

Locking try_lock(int fd, int how) {
  for (;;) {
    if (::flock(fd, how | LOCK_NB) == 0) return Locking::got;
    if (errno != EINTR) return errno == EWOULDBLOCK ? Locking::busy : Locking::unsupported;
  }
}

// Serializes the start and the end of runs that share a directory. While it starts, a fetch briefly holds the exclusive
// lock of the work directory. Without this second lock, another run would mistake it for an export. If this lock is not
// available within half a second, the run continues; the worst case is that wrong error.
class Turn {
 public:
  explicit Turn(const Directory& out, Milliseconds patience = Milliseconds(500)) : fd_(out.fd()) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (try_lock(fd_, LOCK_EX) == Locking::busy && !missed_) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      missed_ = std::chrono::steady_clock::now() >= until;
    }
  }
  bool missed() const { return missed_; }  // another process kept the lock the whole time
  ~Turn() { ::flock(fd_, LOCK_UN); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  int fd_;
  bool missed_ = false;
};

std::string who_runs(const Owner& owner) {
  return " (process " + std::to_string(owner.pid) + (owner.host.empty() ? "" : " on " + owner.host) + ")";
}

}  // namespace

Workspace::Workspace(const std::string& out, Use use, Durability durability) : use_(use), durability_(durability) {
  if (out.empty()) throw Error(Status::INVALID_ARGUMENT, "the setting out is missing; name a directory for the files");
  made_out_ = !exists(out);
  for (int tries = 0; tries < kOpenTries; ++tries) {
    out_ = std::make_shared<Directory>(Directory::open_or_create(out));
    const Turn turn(*out_);
    // Another run may have removed the directory or the work directory in between, because it had created it and left
    // it empty.
    if (out_->in_place() && lock_work()) {
      check_owner();
      if (made_out_ && durability_ == Durability::power) syncs_names_ = out_->sync_own_name();
      remove_abandoned_partials();
      if (use_ != Use::exporting) share();
      return;
    }
  }
  throw refuse(out, "is removed or replaced again and again; choose another directory");
}

// Returns false if the work directory was removed in between.
bool Workspace::lock_work() {
  auto work = std::make_shared<Directory>(out_->sub(kWork));
  if (!work->make_private())
    throw refuse(path(), "holds a work directory (.bcda) of another user; remove it or choose another directory");
  Locking locking = try_lock(work->fd(), LOCK_EX);
  lock_ = locking == Locking::got ? Lock::ours_alone : Lock::none;
  if (locking == Locking::busy && use_ != Use::exporting) {
    locking = try_lock(work->fd(), LOCK_SH);
    lock_ = Lock::shared;
  }
  if (locking == Locking::busy) throw busy(path(), "");
  if (!out_->has(*work, kWork)) return false;
  work_ = std::move(work);
  return true;
}

// Detects a run that the lock does not reveal: on a file system without locks, or on another host whose locks are not
// visible here.
void Workspace::check_owner() const {
  if (!work_->contains(kOwner)) return;
  const auto owner = parse_owner(work_->read(kOwner, kLargestOwner));
  if (owner && may_be_running(*owner, this_process(), lock_ == Lock::ours_alone, silence()))
    throw busy(path(), who_runs(*owner));
}

// The time since a run last wrote to this directory.
Milliseconds Workspace::silence() const {
  const auto now = work_->now();
  std::optional<Instant> last = out_->modified(kLog);
  for (const std::string& name : work_->names()) last = std::max(last, work_->modified(name));
  if (!now || !last) return Milliseconds(0);
  return std::chrono::duration_cast<Milliseconds>(*now - *last);
}

// Removes partial files of runs that were killed. The lock proves that no process of this machine writes here. A
// process of another host might, if locks work only within one host, so its partial files are kept for a day.
void Workspace::remove_abandoned_partials() const {
  if (lock_ != Lock::ours_alone) return;
  const auto now = work_->now();
  for (const std::string& name : work_->names()) {
    if (!name.ends_with(kPartialEnding)) continue;
    const auto written = work_->modified(name);
    const bool old = now && written && *now - *written > kForeignPartialsLast;
    if (old || is_of_this_machine(name)) work_->remove(name);
  }
}

std::unique_ptr<Workspace> Workspace::for_export(const std::string& out, bool restart, Durability durability) {
  std::unique_ptr<Workspace> space(new Workspace(out, Use::exporting, durability));
  space->refuse_or_clear_leftovers(restart);
  space->open_journal();
  return space;
}

std::unique_ptr<Workspace> Workspace::for_fetch(const std::string& out, Durability durability) {
  return std::unique_ptr<Workspace>(new Workspace(out, Use::fetching, durability));
}

std::unique_ptr<Workspace> Workspace::for_file(const std::string& out, Durability durability) {
  return std::unique_ptr<Workspace>(new Workspace(out, Use::file, durability));
}

// Allows other fetches to use the directory. The caller must hold a Turn.
void Workspace::share() {
  if (use_ == Use::fetching && work_->contains(kJournal))
    earlier_ = read_journal(work_->read(kJournal, kLargestJournal));
  if (lock_ == Lock::ours_alone && try_lock(work_->fd(), LOCK_SH) == Locking::got) lock_ = Lock::shared;
}

void Workspace::open_journal() {
  journal_file_ = std::make_unique<LineFile>(*work_, kJournal, durability_);
  if (use_ == Use::exporting) work_->replace(kOwner, to_json(this_process()), Durability::process);
  if (durability_ != Durability::power) return;
  syncs_names_ = work_->sync() && out_->sync() && syncs_names_;
}

void Workspace::refuse_or_clear_leftovers(bool restart) {
  if (out_->contains(kReceipt))
    throw refuse(path(), "holds a finished export (export.json); choose another one or move it away");
  if (!work_->contains(kJournal)) return refuse_files_but({});
  keep_ = true;  // until all files that the journal lists are removed
  if (!restart)
    throw refuse(
        path(),
        "holds an unfinished export (.bcda); set restart to discard it and begin again, or choose another directory");
  earlier_ = read_journal(work_->read(kJournal, kLargestJournal));
  remove_published();
  refuse_files_but({});
  work_->remove(kJournal);
  out_->remove(kLog);
  keep_ = false;
}

void Workspace::refuse_files_but(const std::set<std::string>& wanted) const {
  refuse_files_in(*out_, "", wanted);
  if (out_->contains(kErrorDirectory))
    refuse_files_in(out_->sub(kErrorDirectory), kErrorDirectory + std::string("/"), wanted);
}

void Workspace::refuse_files_in(const Directory& directory, const std::string& prefix,
                                const std::set<std::string>& wanted) const {
  for (const std::string& name : directory.names()) {
    const std::string path = prefix + name;
    if (!name.ends_with(kDataEnding) || wanted.count(path) || (path == kLog && is_our_log())) continue;
    throw refuse(this->path(), "holds NDJSON files of another origin (" + tidy(path) +
                                   "), which would be counted with these; move them away or choose an empty directory");
  }
}

// Removes our files in the work directory, and the directory if it is then empty.
void Workspace::remove_work() const {
  for (const std::string& name : work_->names())
    if (name == kJournal || name == kOwner || name.ends_with(kPartialEnding) || name.ends_with(".new"))
      work_->remove(name);
  ::unlinkat(out_->fd(), kWork, AT_REMOVEDIR);  // fails if the directory is not empty
}

// Whether the log was written by this library. Such a log starts with the line of a kick-off.
bool Workspace::is_our_log() const {
  if (!out_->has_file(kLog)) return false;
  InputFile file(*out_, kLog);
  Bytes start(kLogStart.size());
  return file.size() == 0 || as_text({start.data(), file.read(start)}) == kLogStart;
}

// Removes the files that the unfinished export published. A file that has changed since then is an unknown file and is
// kept.
void Workspace::remove_published() {
  for (const auto& [path, record] : earlier_.files) {
    if (!is_still(record)) continue;
    const auto [directory, name] = place_of(path);
    directory->remove(name);
  }
}

bool Workspace::is_still(const FileRecord& record, const std::function<void()>& step) const {
  auto file = open(record.path);
  if (record.facts.sha256.empty() || !file || file->size() != record.facts.bytes) return false;
  crypto::Sha256 digest;
  Bytes buffer(kReadBuffer);
  while (const std::size_t n = file->read(buffer)) {
    digest.update({buffer.data(), n});
    if (step) step();
  }
  return to_hex(digest.finish()) == record.facts.sha256;
}

// Splits a path relative to OUT into its directory (null if it does not exist) and the name in it.
std::pair<std::shared_ptr<const Directory>, std::string> Workspace::place_of(const std::string& path) const {
  if (!path.starts_with(kErrorPrefix)) return {out_, path};
  if (!out_->contains(kErrorDirectory)) return {nullptr, ""};
  return {std::make_shared<const Directory>(out_->sub(kErrorDirectory)), path.substr(kErrorPrefix.size())};
}

Workspace::~Workspace() {
  const bool wrote_journal = journal_file_ != nullptr;
  journal_file_.reset();
  log_file_.reset();
  if (!out_ || !work_) return;
  const Turn turn(*out_);
  const bool needed = keep_ || jobs_alive_ > 0 || files_coming_ > 0;
  const bool alone =
      use_ == Use::exporting || (lock_ == Lock::shared && try_lock(work_->fd(), LOCK_EX) == Locking::got);
  if (use_ == Use::exporting && wrote_journal) work_->remove(kOwner);
  if (alone && !(keep_ && complete_) && (complete_ || (wrote_journal && use_ == Use::exporting && !needed)))
    remove_work();
  else if (alone)
    ::unlinkat(out_->fd(), kWork, AT_REMOVEDIR);  // fails if the directory is not empty, for example with a journal
  ::flock(work_->fd(), LOCK_UN);                  // closing is not enough if a forked child has the descriptor too
  if (made_out_) out_->remove_if_empty();
}

std::shared_ptr<Destination> Workspace::destination() {
  return std::make_shared<DirectoryDestination>(out_, work_, durability_);
}

bool Workspace::has(const std::string& path) const {
  const auto [directory, name] = place_of(path);
  return directory && directory->contains(name);
}

std::optional<InputFile> Workspace::open(const std::string& path) const {
  const auto [directory, name] = place_of(path);
  if (!directory || !directory->has_file(name)) return std::nullopt;
  return InputFile(*directory, name);
}

void Workspace::know(FileRecord record) { earlier_.files.try_emplace(record.path, std::move(record)); }

std::string Workspace::receipt() const { return out_->contains(kReceipt) ? out_->read(kReceipt, kLargestReceipt) : ""; }

void Workspace::journal(const std::string& line) {
  if (!journal_file_) open_journal();
  journal_file_->append(line);
}

void Workspace::job_accepted(const std::string& type, const std::string& status_url) {
  std::lock_guard lock(mutex_);
  journal(job_line(type, status_url));
  ++jobs_alive_;
}

void Workspace::job_dead(const std::string& status_url) {
  std::lock_guard lock(mutex_);
  --jobs_alive_;
  journal(dead_line(status_url));
}

void Workspace::file_coming(const FileRecord& record) {
  std::lock_guard lock(mutex_);
  journal(file_line(record));
  ++files_coming_;
}

void Workspace::log(const std::string& line) {
  if (use_ != Use::exporting) return;
  std::lock_guard lock(log_mutex_);  // not mutex_, because the journal may wait for the disk
  if (!log_file_) log_file_ = std::make_unique<LineFile>(*out_, kLog);
  log_file_->append(line);
}

void Workspace::complete(const std::function<std::string(const std::string&)>& receipt) {
  std::lock_guard lock(mutex_);
  const Turn turn(*out_, kReceiptPatience);  // so that no other run writes a receipt now
  if (turn.missed()) throw busy(path(), ", which keeps its lock");
  if (!out_->in_place())
    throw refuse(path(),
                 "was moved or replaced during the run; its files are where it was moved to, without a receipt");
  if (log_file_) log_file_->close();
  if (journal_file_) journal_file_->close();
  const std::string older = this->receipt();
  try {
    out_->replace(kReceipt, receipt(older), durability_);
  } catch (...) {
    if (older.empty()) out_->remove(kReceipt);  // its name may not be durable, so the run fails without a receipt
    throw;
  }
  complete_ = true;
}

}  // namespace libbcda::transfer
