#include "transfer/workspace.hpp"

#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <sstream>
#include <thread>

#include "base/error.hpp"
#include "base/json.hpp"

namespace libbcda::transfer {
namespace {

constexpr const char* kWork = ".bcda";
constexpr const char* kJournal = "journal.ndjson";
constexpr const char* kLog = "log.ndjson";
constexpr const char* kErrors = "error";
constexpr std::string_view kPartial = ".partial";
constexpr std::string_view kErrorPrefix = "error/";
constexpr std::size_t kLargestJournal = 1u << 30;

bool exists(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

Error refuse(const std::string& path, const std::string& why) {
  return std::move(Error(Status::FILESYSTEM, "the output directory " + path + " " + why).at_file(path));
}

// A name of ours: one level, or one level under error/. The journal may have been tampered with.
bool own_name(std::string_view name) {
  if (name.starts_with(kErrorPrefix)) name.remove_prefix(kErrorPrefix.size());
  return !name.empty() && name.find('/') == std::string_view::npos && name != "." && name != "..";
}

// Whoever begins or ends takes a turn: for that moment a fetch holds the work directory's lock alone too, which another
// one must not take for an export. A lock on the directory that somebody else keeps is waited for only so long; without a
// turn all goes on, but for that mistake.
class Turn {
 public:
  explicit Turn(const Directory& out) : fd_(out.fd()) {
    constexpr int kTries = 100;
    for (int i = 0; i < kTries && ::flock(fd_, LOCK_EX | LOCK_NB) != 0; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  ~Turn() { ::flock(fd_, LOCK_UN); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  int fd_;
};

}  // namespace

Workspace::Workspace(const std::string& out, Lock lock, Durability durability) : durability_(durability) {
  if (out.empty()) throw Error(Status::INVALID_ARGUMENT, "the setting out is missing; name a directory for the files");
  made_out_ = !exists(out);
  for (;;) {
    out_ = std::make_shared<Directory>(Directory::open_or_create(out));
    const Turn turn(*out_);
    if (out_->removed()) continue;  // by a run that made it, and left nothing in it
    lock_work(lock);
    return;
  }
}

void Workspace::lock_work(Lock lock) {
  for (;;) {
    auto work = std::make_shared<Directory>(out_->sub(kWork));
    bool alone = ::flock(work->fd(), LOCK_EX | LOCK_NB) == 0;
    bool locked = alone || (lock == Lock::shared && ::flock(work->fd(), LOCK_SH | LOCK_NB) == 0);
    if (!locked) {
      Error busy = refuse(path(), "is in use by another run");
      busy.retriable = true;
      throw busy;
    }
    if (work->removed()) continue;  // by a run that ended just now
    if (alone)                      // what a run that was killed was writing
      for (const std::string& name : work->names())
        if (name.ends_with(kPartial)) work->remove(name);
    if (lock == Lock::shared && alone && ::flock(work->fd(), LOCK_SH | LOCK_NB) != 0) continue;
    work_ = std::move(work);
    return;
  }
}

std::unique_ptr<Workspace> Workspace::for_export(const std::string& out, bool restart, Durability durability) {
  std::unique_ptr<Workspace> space(new Workspace(out, Lock::exclusive, durability));
  space->journaled_ = true;
  space->refuse_or_clear_leftovers(restart);
  space->journal_file_ = std::make_unique<LineFile>(*space->work_, kJournal, durability);
  if (durability == Durability::power) space->out_->sync();
  return space;
}

std::unique_ptr<Workspace> Workspace::for_fetch(const std::string& out, Durability durability) {
  return std::unique_ptr<Workspace>(new Workspace(out, Lock::shared, durability));
}

void Workspace::refuse_or_clear_leftovers(bool restart) {
  if (out_->contains(kReceipt))
    throw refuse(path(), "holds a finished export (export.json); choose another one or move it away");
  if (!work_->contains(kJournal)) return refuse_strangers();
  if (!restart) {
    keep_ = true;
    throw refuse(
        path(),
        "holds an unfinished export (.bcda); set restart to discard it and begin anew, or choose another directory");
  }
  keep_ = true;  // until all it lists is gone
  remove_published();
  work_->remove(kJournal);
  out_->remove(kLog);
  refuse_strangers();
  keep_ = false;
}

// Claims of another origin beside those of this export would be counted with them.
void Workspace::refuse_strangers() const {
  for (const std::string& name : out_->names())
    if (name.ends_with(".ndjson") && name != kLog)
      throw refuse(path(), "holds NDJSON files already (" + name + "); choose an empty one");
}

// What the journal says was published. A crash may have cut its last line.
void Workspace::remove_published() {
  std::istringstream lines(work_->read(kJournal, kLargestJournal));
  for (std::string line; std::getline(lines, line);) {
    auto entry = parse_json(line);
    std::string name = entry && entry->is_object() ? string_member(entry->get_object(), "path") : "";
    if (!own_name(name)) continue;
    if (!name.starts_with(kErrorPrefix))
      out_->remove(name);
    else if (out_->contains(kErrors))
      out_->sub(kErrors).remove(name.substr(kErrorPrefix.size()));
  }
}

Workspace::~Workspace() {
  journal_file_.reset();
  if (!out_) return;
  const Turn turn(*out_);
  bool needed = keep_ || jobs_alive_ > 0 || files_coming_ > 0;
  if (work_ && journaled_ && (complete_ || !needed)) {
    out_->remove_directory(kWork);
  } else if (work_ && !journaled_ && ::flock(work_->fd(), LOCK_EX | LOCK_NB) == 0) {
    // Nobody else is in it. It goes only when it is empty: in the directory of an unfinished export a fetch is a guest.
    ::unlinkat(out_->fd(), kWork, AT_REMOVEDIR);
  }
  if (work_) ::flock(work_->fd(), LOCK_UN);      // closing is not enough where a forked child has the descriptor too
  if (made_out_) ::rmdir(out_->path().c_str());  // only when empty
}

std::shared_ptr<Destination> Workspace::destination() {
  return std::make_shared<DirectoryDestination>(out_, work_, durability_,
                                                [this](const std::string& path) { file_coming(path); });
}

bool Workspace::has(const std::string& name, bool is_error) const {
  if (!is_error) return out_->contains(name);
  return out_->contains(kErrors) && out_->sub(kErrors).contains(name);
}

void Workspace::journal(const std::string& line) {
  if (journal_file_) journal_file_->append(line);
}

void Workspace::job_accepted(const std::string& type, const std::string& status_url) {
  std::lock_guard lock(mutex_);
  journal(json::serialize(json::object{{"event", "job"}, {"type", type}, {"statusUrl", status_url}}));
  ++jobs_alive_;
}

void Workspace::job_dead(const std::string& status_url) {
  std::lock_guard lock(mutex_);
  --jobs_alive_;
  journal(json::serialize(json::object{{"event", "dead"}, {"statusUrl", status_url}}));
}

void Workspace::file_coming(const std::string& path) {
  std::lock_guard lock(mutex_);
  journal(json::serialize(json::object{{"event", "coming"}, {"path", path}}));
  ++files_coming_;
}

void Workspace::file_published(const std::string& url, const std::string& path, const Facts& facts) {
  std::lock_guard lock(mutex_);
  journal(json::serialize(json::object{{"event", "file"},
                                       {"url", url},
                                       {"path", path},
                                       {"bytes", facts.bytes},
                                       {"records", facts.records},
                                       {"sha256", facts.sha256},
                                       {"decrypted", facts.decrypted}}));
}

void Workspace::log(const std::string& line) {
  if (!journaled_) return;
  std::lock_guard lock(log_mutex_);  // not the journal's, which may wait for a disk
  if (!log_file_) log_file_ = std::make_unique<LineFile>(*out_, kLog);
  log_file_->append(line);
}

void Workspace::complete(const std::string& receipt) {
  std::lock_guard lock(mutex_);
  out_->replace(kReceipt, receipt, durability_);
  complete_ = true;
}

}  // namespace libbcda::transfer
