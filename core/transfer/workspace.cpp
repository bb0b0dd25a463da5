#include "transfer/workspace.hpp"

#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sstream>

#include "base/error.hpp"
#include "base/json.hpp"

namespace libbcda::transfer {
namespace {

constexpr const char* kWork = ".bcda";
constexpr const char* kJournal = "journal.ndjson";
constexpr const char* kReceipt = "export.json";
constexpr const char* kLog = "log.ndjson";
constexpr const char* kErrors = "error";
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

}  // namespace

Workspace::Workspace(const std::string& out, Durability durability) : durability_(durability) {
  if (out.empty()) throw Error(Status::INVALID_ARGUMENT, "the setting out is missing; name a directory for the files");
  made_out_ = !exists(out);
  out_ = std::make_shared<Directory>(Directory::open_or_create(out));
  work_ = std::make_shared<Directory>(out_->sub(kWork));
  if (::flock(work_->fd(), LOCK_EX | LOCK_NB) != 0) {
    keep_ = true;  // it is somebody else's
    throw refuse(out, "is in use by another run");
  }
}

std::unique_ptr<Workspace> Workspace::for_export(const std::string& out, bool restart, Durability durability) {
  std::unique_ptr<Workspace> space(new Workspace(out, durability));
  space->journaled_ = true;
  space->refuse_or_clear_leftovers(restart);
  space->journal_file_ = std::make_unique<LineFile>(*space->work_, kJournal);
  return space;
}

std::unique_ptr<Workspace> Workspace::for_fetch(const std::string& out, Durability durability) {
  return std::unique_ptr<Workspace>(new Workspace(out, durability));
}

void Workspace::refuse_or_clear_leftovers(bool restart) {
  if (out_->contains(kReceipt))
    throw refuse(path(), "holds a finished export (export.json); choose another one or move it away");
  if (!work_->contains(kJournal)) return;
  if (!restart) {
    keep_ = true;
    throw refuse(path(), "holds an unfinished export (.bcda); set restart to discard it and begin anew, or choose another directory");
  }
  keep_ = true;  // until all it lists is gone
  remove_published();
  work_->remove(kJournal);
  out_->remove(kLog);
  keep_ = false;
}

// What the journal says was published. A crash may have cut its last line.
void Workspace::remove_published() {
  std::istringstream lines(work_->read(kJournal, kLargestJournal));
  for (std::string line; std::getline(lines, line);) {
    auto entry = parse_json(line);
    std::string name = entry && entry->is_object() ? string_member(entry->get_object(), "path") : "";
    if (!own_name(name)) continue;
    if (!name.starts_with(kErrorPrefix)) out_->remove(name);
    else if (out_->contains(kErrors)) out_->sub(kErrors).remove(name.substr(kErrorPrefix.size()));
  }
}

Workspace::~Workspace() {
  if (journaled_ && !complete_ && (keep_ || jobs_alive_ > 0 || files_published_ > 0)) return;
  journal_file_.reset();
  if (journaled_) out_->remove_directory(kWork);
  // The two below go only when they are empty: in the directory of an unfinished export a fetch is a guest.
  ::unlinkat(out_->fd(), kWork, AT_REMOVEDIR);
  if (made_out_) ::rmdir(out_->path().c_str());
}

std::shared_ptr<Destination> Workspace::destination() const {
  return std::make_shared<DirectoryDestination>(out_, work_, durability_);
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
  ++jobs_alive_;
  journal(json::serialize(json::object{{"event", "job"}, {"type", type}, {"statusUrl", status_url}}));
}

void Workspace::job_dead(const std::string& status_url) {
  std::lock_guard lock(mutex_);
  --jobs_alive_;
  journal(json::serialize(json::object{{"event", "dead"}, {"statusUrl", status_url}}));
}

void Workspace::file_published(const std::string& url, const std::string& path, const Facts& facts) {
  std::lock_guard lock(mutex_);
  ++files_published_;
  journal(json::serialize(json::object{{"event", "file"}, {"url", url}, {"path", path}, {"bytes", facts.bytes},
                                       {"records", facts.records}, {"sha256", facts.sha256}, {"decrypted", facts.decrypted}}));
}

void Workspace::log(const std::string& line) {
  if (!journaled_) return;
  std::lock_guard lock(mutex_);
  if (!log_file_) log_file_ = std::make_unique<LineFile>(*out_, kLog);
  log_file_->append(line);
}

void Workspace::complete(const std::string& receipt) {
  std::lock_guard lock(mutex_);
  out_->replace(kReceipt, receipt, durability_);
  complete_ = true;
}

}  // namespace libbcda::transfer
