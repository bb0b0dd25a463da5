#include "transfer/workspace.hpp"

#include <chrono>

#include "base/error.hpp"

namespace libbcda::transfer {
namespace {

constexpr std::size_t kLargestJournal = 1u << 30;
constexpr auto kReceiptLockTimeout = std::chrono::minutes(5);

}  // namespace

Workspace::Workspace(const std::string& out, Use use, Durability durability, world::Local local)
    : directory_(out, use, durability, local) {
  if (use == Use::fetching && directory_.work()->contains(kJournal))
    earlier_ = read_journal(directory_.work()->read(kJournal, kLargestJournal));
}

std::unique_ptr<Workspace> Workspace::for_export(const std::string& out, bool restart, Durability durability,
                                                 world::Local local) {
  std::unique_ptr<Workspace> space(new Workspace(out, Use::exporting, durability, local));
  space->refuse_or_clear_leftovers(restart);
  space->journal_.open();
  return space;
}

std::unique_ptr<Workspace> Workspace::for_fetch(const std::string& out, Durability durability, world::Local local) {
  return std::unique_ptr<Workspace>(new Workspace(out, Use::fetching, durability, local));
}

std::unique_ptr<Workspace> Workspace::for_file(const std::string& out, Durability durability, world::Local local) {
  return std::unique_ptr<Workspace>(new Workspace(out, Use::file, durability, local));
}

void Workspace::refuse_or_clear_leftovers(bool restart) {
  if (directory_.out()->contains(kReceipt))
    throw refuse_directory(path(), std::string("holds a finished export (export.json)") +
                                       (restart ? ", and the setting restart discards only an unfinished export" : "") +
                                       "; choose another directory, or move this one away");
  if (!directory_.work()->contains(kJournal)) return refuse_unknown_files();
  keep_ = true;  // until all files that the journal lists are removed
  if (!restart)
    throw refuse_directory(
        path(),
        "holds an unfinished export (.bcda); set restart to discard it and start again, or choose another directory");
  earlier_ = read_journal(directory_.work()->read(kJournal, kLargestJournal));
  for (const auto& [path, record] : earlier_.files) published_.remove(record);
  // The log is ours as well. It may not look like it, because a loss of power may have cost its text.
  published_.refuse_others([](const std::string& path) { return path == kLog; });
  directory_.out()->remove(kLog);
  // The journal goes last. Otherwise a loss of power could bring back files that no journal names any more.
  if (directory_.durability() == Durability::power) published_.sync();
  directory_.work()->remove(kJournal);
  keep_ = false;
}

void Workspace::refuse_unknown_files() const {
  published_.refuse_others([](const std::string&) { return false; });
}

Workspace::~Workspace() {
  log_file_.reset();
  const bool needed = keep_ || journal_.is_needed();
  const bool given_up = journal_.was_opened() && directory_.use() == Use::exporting && !needed;
  directory_.leave(!(keep_ && complete_) && (complete_ || given_up), journal_.was_opened());
}

std::shared_ptr<Destination> Workspace::destination() {
  return std::make_shared<DirectoryDestination>(directory_.out(), directory_.work(), directory_.durability(),
                                                directory_.local().random);
}

void Workspace::know(FileRecord record) { earlier_.files.try_emplace(record.path, std::move(record)); }

int Workspace::earlier_downloads(const http::Url& url) const {
  const auto found = earlier_.downloads.find(url.without_query());
  return found == earlier_.downloads.end() ? 0 : found->second;
}

std::string Workspace::receipt() const {
  return directory_.out()->contains(kReceipt) ? directory_.out()->read(kReceipt, kLargestReceipt) : "";
}

void Workspace::log(const std::string& line) {
  if (directory_.use() != Use::exporting) return;
  std::lock_guard lock(log_mutex_);  // not mutex_, because the journal may wait for the disk
  if (!log_file_) log_file_ = std::make_unique<files::LineFile>(*directory_.out(), kLog);
  log_file_->append(line);
}

files::Spool Workspace::spool() {
  return files::Spool([work = directory_.work()] { return files::nameless_file(*work); });
}

void Workspace::complete(const WriteReceipt& write) {
  std::lock_guard lock(mutex_);
  // The lock makes sure that no other run writes a receipt now.
  const LifecycleLock lifecycle(*directory_.out(), directory_.local().clock, kReceiptLockTimeout);
  if (lifecycle.timed_out()) throw busy_directory(path(), ", which keeps its lock");
  if (!directory_.out()->in_place())
    throw refuse_directory(path(),
                           "was moved or replaced during the run; the moved directory has the files, but no receipt");
  if (log_file_) log_file_->close();
  journal_.close();
  const std::string older = receipt();
  try {
    directory_.out()->replace(
        kReceipt, [&](const files::Directory::Append& append) { write(older, append); }, directory_.durability(),
        directory_.work().get());
  } catch (...) {
    if (older.empty()) directory_.out()->remove(kReceipt);  // its name may not be durable, so the run fails without it
    throw;
  }
  complete_ = true;
}

}  // namespace libbcda::transfer
