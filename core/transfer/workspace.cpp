#include "transfer/workspace.hpp"

#include <chrono>

#include "base/error.hpp"

namespace libbcda::transfer {
namespace {

constexpr std::size_t kLargestJournal = 1u << 30;
constexpr std::size_t kLargestReceipt = 1u << 30;
constexpr auto kReceiptPatience = std::chrono::minutes(5);

}  // namespace

Workspace::Workspace(const std::string& out, Use use, Durability durability, world::Local local)
    : place_(out, use, durability, local) {
  if (use == Use::fetching && place_.work()->contains(kJournal))
    earlier_ = read_journal(place_.work()->read(kJournal, kLargestJournal));
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
  if (place_.out()->contains(kReceipt))
    throw refuse_directory(path(), std::string("holds a finished export (export.json)") +
                                       (restart ? ", and the setting restart discards an unfinished one only" : "") +
                                       "; choose another directory, or move this one away");
  if (!place_.work()->contains(kJournal)) return refuse_unknown_files();
  keep_ = true;  // until all files that the journal lists are removed
  if (!restart)
    throw refuse_directory(
        path(),
        "holds an unfinished export (.bcda); set restart to discard it and begin again, or choose another directory");
  earlier_ = read_journal(place_.work()->read(kJournal, kLargestJournal));
  for (const auto& [path, record] : earlier_.files) published_.remove(record);
  refuse_unknown_files();
  place_.work()->remove(kJournal);
  place_.out()->remove(kLog);
  keep_ = false;
}

void Workspace::refuse_unknown_files() const {
  published_.refuse_others([](const std::string&) { return false; });
}

Workspace::~Workspace() {
  log_file_.reset();
  const bool needed = keep_ || journal_.is_needed();
  const bool given_up = journal_.was_opened() && place_.use() == Use::exporting && !needed;
  place_.leave(!(keep_ && complete_) && (complete_ || given_up), journal_.was_opened());
}

std::shared_ptr<Destination> Workspace::destination() {
  return std::make_shared<DirectoryDestination>(place_.out(), place_.work(), place_.durability(),
                                                place_.local().random);
}

void Workspace::know(FileRecord record) { earlier_.files.try_emplace(record.path, std::move(record)); }

std::string Workspace::receipt() const {
  return place_.out()->contains(kReceipt) ? place_.out()->read(kReceipt, kLargestReceipt) : "";
}

void Workspace::log(const std::string& line) {
  if (place_.use() != Use::exporting) return;
  std::lock_guard lock(log_mutex_);  // not mutex_, because the journal may wait for the disk
  if (!log_file_) log_file_ = std::make_unique<files::LineFile>(*place_.out(), kLog);
  log_file_->append(line);
}

files::Spool Workspace::spool() {
  return files::Spool([work = place_.work()] { return work->nameless_file(); });
}

void Workspace::complete(const WriteReceipt& write) {
  std::lock_guard lock(mutex_);
  // The lock makes sure that no other run writes a receipt now.
  const Turn turn(*place_.out(), place_.local().clock, kReceiptPatience);
  if (turn.missed()) throw busy_directory(path(), ", which keeps its lock");
  if (!place_.out()->in_place())
    throw refuse_directory(
        path(), "was moved or replaced during the run; its files are where it was moved to, without a receipt");
  if (log_file_) log_file_->close();
  journal_.close();
  const std::string older = receipt();
  try {
    place_.out()->replace(
        kReceipt, [&](const files::Directory::Append& append) { write(older, append); }, place_.durability());
  } catch (...) {
    if (older.empty()) place_.out()->remove(kReceipt);  // its name may not be durable, so the run fails without it
    throw;
  }
  complete_ = true;
}

}  // namespace libbcda::transfer
