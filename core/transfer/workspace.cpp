#include "transfer/workspace.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "base/error.hpp"
#include "base/quote.hpp"
#include "crypto/digest.hpp"

namespace libbcda::transfer {
namespace {

constexpr std::size_t kLargestJournal = 1u << 30;
constexpr std::size_t kReadBlock = 256u << 10;
constexpr auto kReceiptLockTimeout = std::chrono::minutes(5);

// What a killed run wrote last may be in the system's memory only. From now on this run relies on it.
void sync_journals(const files::Directory& work) {
  for (const std::string& name : journal_names(work)) {
    const files::Fd file(work.disk(), work.disk().open(work.fd(), name.c_str(), O_RDONLY | O_NOFOLLOW));
    if (!file || work.disk().sync(file.get(), world::Sync::data) != 0)
      throw files::sync_error(files::join(work.path(), name), errno);
  }
  work.sync();
}

Error damaged(const std::string& out, const std::string& where) {
  return refuse_directory(out, "holds " + damaged_journal(where));
}

json::value tables_of(const json::object& intent) {
  const json::value* tables = intent.if_contains("tables");
  return tables ? *tables : json::array();
}

}  // namespace

std::string damaged_journal(const std::string& where) {
  return "a damaged journal (.bcda/" + where +
         "), so it is not certain what is there; set restart to discard what the journal lists and begin anew, or "
         "choose another directory";
}

std::string describe_difference(const json::object& then, const json::object& now) {
  std::string text;
  const auto shown = [](const json::value* value) { return value ? tidy(json::serialize(*value), 200) : "not set"; };
  const auto is_set = [](const json::value* value) { return value && *value != json::value(""); };
  for (const auto& [name, value] : now) {
    if (name == "tables" || name == "keep_ndjson") continue;  // see go_on_with
    const json::value* earlier = then.if_contains(name);
    if (earlier && *earlier == value) continue;
    const std::string setting(name);
    text += (text.empty() ? "" : ", ") + setting;
    const bool is_digest = name == "private_key" || name == "patients";
    const char* const digests = !is_set(&value)    ? " (none is given now)"
                                : !is_set(earlier) ? " (none was given then)"
                                                   : " (it was another one)";
    text += is_digest ? digests : " (then " + shown(earlier) + ", now " + shown(&value) + ")";
  }
  return text;
}

JournalState read_journals(const files::Directory& work) {
  JournalState state;
  for (const std::string& name : journal_names(work)) fold(state, work.read(name, kLargestJournal), name);
  return state;
}

Workspace::Workspace(const std::string& out, Use use, Durability durability, bool takes_over, world::Local local)
    : directory_(
          out,
          {.use = use,
           .durability = durability,
           .takes_over = takes_over,
           .keep = [&](const files::Directory& work, bool is_alone) { return read_earlier(use, work, is_alone); }},
          local) {
  journal_.go_on_from(earlier_);
}

// A part belongs to its writer, so another run takes it only if it is alone.
std::set<std::string> Workspace::read_earlier(Use use, const files::Directory& work, bool is_alone) {
  std::set<std::string> kept;
  earlier_ = read_journals(work);
  for (const auto& [path, part] : earlier_.parts) kept.insert(part.bytes_file);
  if (!is_alone) earlier_.parts.clear();
  if (use == Use::file) earlier_ = {};
  return kept;
}

std::unique_ptr<Workspace> Workspace::for_export(const std::string& out, ExportOptions options, Durability durability,
                                                 world::Local local) {
  std::unique_ptr<Workspace> space(new Workspace(out, Use::exporting, durability, options.takes_over, local));
  space->begin_export(options);
  return space;
}

std::unique_ptr<Workspace> Workspace::for_fetch(const std::string& out, Durability durability, world::Local local,
                                                bool takes_over) {
  std::unique_ptr<Workspace> space(new Workspace(out, Use::fetching, durability, takes_over, local));
  if (!space->earlier_.damage.empty()) throw damaged(out, space->earlier_.damage);
  return space;
}

std::unique_ptr<Workspace> Workspace::for_file(const std::string& out, Durability durability, world::Local local) {
  return std::unique_ptr<Workspace>(new Workspace(out, Use::file, durability, false, local));
}

void Workspace::begin_export(const ExportOptions& options) {
  const bool has_journal = !journal_names(work()).empty();
  if (directory_.out()->contains(kReceipt) && (!earlier_.intent || options.restart))
    throw refuse_directory(path(),
                           std::string("holds a finished export (export.json)") +
                               (options.restart ? ", and the setting restart discards only an unfinished export" : "") +
                               "; choose another directory, or move this one away");
  const bool discards = has_journal && options.restart;
  keep_ = has_journal;  // until it is clear that nothing in it is needed
  if (options.only_job && !(earlier_.files.empty() && earlier_.tables.empty()))
    throw refuse_directory(path(), "holds files of an unfinished export; `bcda resume " + path() +
                                       "` goes on with it, or choose another directory");
  if (has_journal && !discards) go_on_with(options.intent);
  refuse_unknown_files(has_journal, discards);
  if (!has_journal) remove_stray_journals();
  if (goes_on_ && tables_of(*earlier_.intent) != tables_of(options.intent)) discard_tables();
  if (discards) discard_earlier();
  keep_ = false;
  journal_.open();
  if (!goes_on_ || !same_members(*earlier_.intent, options.intent)) journal_.intent(options.intent);
}

// A crash came while journals were removed: without the first one, the others say nothing.
void Workspace::remove_stray_journals() { remove_from_work(is_journal_name); }

void Workspace::remove_from_work(const std::function<bool(std::string_view name)>& is_unwanted) {
  std::vector<std::string> names = work().names();
  std::erase_if(names, [&](const std::string& name) { return !is_unwanted(name); });
  for (const std::string& name : names) work().remove(name);
  if (!names.empty() && durability() == Durability::power) work().sync();
}

void Workspace::go_on_with(const json::object& intent) {
  if (!earlier_.damage.empty()) throw damaged(path(), earlier_.damage);
  if (!earlier_.intent && !earlier_.empty())
    throw refuse_directory(path(),
                           "holds files of a fetch; fetch the rest of its manifest, or choose another directory");
  if (!earlier_.intent) return;  // a run that was killed before it did anything
  json::object then = *earlier_.intent;
  const json::value* key = intent.if_contains("private_key");
  // A key that has opened no file may be another one now: most likely it was the wrong one.
  if (key && earlier_.files.empty() && earlier_.parts.empty()) then["private_key"] = *key;
  if (const std::string difference = describe_difference(then, intent); !difference.empty())
    throw refuse_directory(path(), "holds an unfinished export with other settings: " + difference +
                                       "; use the same settings, or set restart to discard it");
  if (tables_of(*earlier_.intent) != tables_of(intent) && has_replaced_files())
    throw refuse_directory(path(), "holds tables " + tidy(json::serialize(tables_of(*earlier_.intent)), 200) +
                                       " whose files are gone (keep_ndjson=false); use the same setting tables, or "
                                       "set restart to discard them");
  goes_on_ = true;
  if (durability() == Durability::power) sync_journals(work());
}

// Only the files that the journals list are removed, and only while they are as they were published.
void Workspace::discard_earlier() {
  std::int64_t files = 0;
  for (const auto& [path, record] : earlier_.files) files += published_.remove(record) ? 1 : 0;
  discard_tables();
  std::string jobs;
  for (const auto& [label, job] : earlier_.jobs)
    if (!job.is_dead && !job.status_url.empty())
      jobs += (jobs.empty() ? "" : ", ") + job.status_url.substr(0, job.status_url.find('?'));
  if (files > 0 || !jobs.empty())
    discarded_ = "restart discarded an unfinished export with " + std::to_string(files) +
                 (files == 1 ? " published file" : " published files") +
                 (jobs.empty() ? "" : "; its job goes on at the service: " + tidy(jobs, 1000));
  earlier_ = {};
  journal_.forget();
  refuse_unknown_files(true, false);  // such as one that has changed since the first look
  discard_journals();
}

void Workspace::discard_tables() {
  for (const TablesRecord& made : earlier_.tables)
    for (const TablePart& part : made.parts) published_.remove(record_of(part));
  if (durability() == Durability::power && !earlier_.tables.empty()) published_.sync();
}

// Whether there are files of which only the rows in tables are left.
bool Workspace::has_replaced_files() const {
  return std::any_of(earlier_.tables.begin(), earlier_.tables.end(), [&](const TablesRecord& made) {
    return std::any_of(made.files.begin(), made.files.end(),
                       [&](const auto& file) { return file.second.is_replaced && !published_.has(file.first); });
  });
}

// The journals go last. Otherwise a loss of power could bring back files that no journal names any more. And all of them
// are gone before there is a new one, which would have the name of the first.
void Workspace::discard_journals() {
  directory_.out()->remove(kLog);
  if (durability() == Durability::power) published_.sync();
  remove_from_work([](std::string_view name) { return is_journal_name(name) || is_bytes_name(name); });
}

// The log of an unfinished export is ours, also where a loss of power has cost its text. `reads`: a file that the
// journals list must be as it was published, so that a restart that is refused has discarded nothing.
void Workspace::refuse_unknown_files(bool knows_log, bool reads) const {
  published_.refuse_others([&](const std::string& path) {
    const auto found = earlier_.files.find(path);
    if (found == earlier_.files.end()) return knows_log && path == kLog;
    if (reads && !published_.is_still(found->second)) throw published_.changed(found->second);
    return true;
  });
  std::map<std::string, const TablePart*> parts;
  for (const TablesRecord& made : earlier_.tables)
    for (const TablePart& part : made.parts) parts[part.path] = &part;
  for (const std::string& path : published_.parts()) {
    const auto found = parts.find(path);
    if (found == parts.end())
      throw refuse_directory(this->path(), "holds a part of a table of another origin (" + tidy(path) +
                                               "), whose rows would be counted with the new ones; move it away or "
                                               "choose an empty directory");
    if (reads && !published_.is_still(record_of(*found->second))) throw published_.changed(record_of(*found->second));
  }
}

Workspace::~Workspace() {
  log_file_.reset();
  const bool needed = keep_ || journal_.is_needed();
  const bool given_up = journal_.was_opened() && directory_.use() == Use::exporting && !needed;
  directory_.leave(!(keep_ && complete_) && (complete_ || given_up));
}

std::shared_ptr<Destination> Workspace::destination() { return std::make_shared<DirectoryDestination>(directory_); }

void Workspace::know(FileRecord record) { earlier_.files.try_emplace(std::string(record.path), std::move(record)); }

int Workspace::earlier_downloads(const http::Url& url) const {
  const auto found = earlier_.downloads.find(url.without_query());
  return found == earlier_.downloads.end() ? 0 : found->second;
}

std::string Workspace::receipt() const {
  return directory_.out()->contains(kReceipt) ? directory_.out()->read(kReceipt, kLargestReceipt) : "";
}

void Workspace::log(const std::string& lines) {
  if (directory_.use() != Use::exporting) return;
  if (directory_.was_taken_over()) return;  // the log is the other run's; the next heartbeat ends this one
  std::lock_guard lock(log_mutex_);         // not mutex_, because the journal may wait for the disk
  if (!log_file_) log_file_ = std::make_unique<files::LineFile>(*directory_.out(), kLog);
  log_file_->append(lines);
}

files::OutputFile Workspace::new_packed_file() {
  return {work(), unique_name(directory_, kPackedEnding), durability()};
}

files::OutputFile Workspace::new_partial_file() {
  return {work(), unique_name(directory_, kPartialEnding), durability()};
}

void Workspace::publish(const TablesRecord& record, std::vector<files::OutputFile>& files) {
  directory_.check_still_ours();
  journal_.tables_coming(record);
  if (files.empty()) return;
  const Directory all = directory_.out()->sub(std::string(kTablesDirectory));
  std::map<std::string, Directory> tables;
  for (const TablePart& part : record.parts)
    if (!tables.contains(part.table)) tables.emplace(part.table, all.sub(part.table));
  if (durability() == Durability::power) directory_.out()->sync(), all.sync();  // the directories may be new
  for (std::size_t i = 0; i < files.size(); ++i) {
    directory_.check_still_ours();
    files[i].publish(tables.at(record.parts[i].table), split_published(record.parts[i].path).second);
  }
}

files::Spool Workspace::spool() {
  return files::Spool([work = directory_.work()] { return files::nameless_file(*work); });
}

void Workspace::keep_manifest(const std::string& label, const bulk::Manifests& pages) {
  std::vector<PageRecord> records;
  for (const auto& page : pages) {
    const std::string name =
        std::string(kManifestStart) + job_id(label) + "-" + std::to_string(records.size() + 1) + ".json";
    crypto::Sha256 digest;
    work().replace(
        name,
        [&](const files::Directory::Append& append) {
          page->each_piece([&](std::string_view piece) {
            digest.update(as_bytes(piece));
            append(piece);
          });
        },
        durability());
    records.push_back({name, page->base().text(), to_hex(digest.finish()), static_cast<std::int64_t>(page->size())});
  }
  journal_.manifest_kept(label, records);
}

bulk::Manifests Workspace::kept_manifest(const JobState& job, const std::function<bool(const http::Url&)>& allows) {
  bulk::Manifests pages;
  try {
    for (const PageRecord& record : job.pages) {
      pages.push_back(kept_page(record));
      if (!pages.back() || !allows(pages.back()->base())) return {};
    }
  } catch (const Error&) {
    return {};  // then the service is asked for it
  }
  return pages;
}

// Null if the page is not as it was written.
std::shared_ptr<const bulk::Manifest> Workspace::kept_page(const PageRecord& page) {
  files::InputFile file(work(), page.file);
  bulk::ManifestReader reader(http::parse_url(page.url, "the URL of a page"), spool());
  crypto::Sha256 digest;
  Bytes block(kReadBlock);
  while (const std::size_t n = file.read(block)) {
    digest.update({block.data(), n});
    reader.feed(as_text({block.data(), n}));
  }
  return to_hex(digest.finish()) == page.sha256 ? reader.finish() : nullptr;
}

void Workspace::complete(const WriteReceipt& write) {
  std::lock_guard lock(mutex_);
  // The lock makes sure that no other run writes a receipt now.
  const LifecycleLock lifecycle(*directory_.out(), directory_.local().clock, kReceiptLockTimeout);
  if (lifecycle.timed_out()) throw busy_directory(path(), " that keeps its lock");
  if (!directory_.out()->in_place())
    throw refuse_directory(path(),
                           "was moved or replaced during the run; the moved directory has the files, but no receipt");
  directory_.check_still_ours();
  if (log_file_) log_file_->close();
  journal_.close();
  const std::string older = receipt();
  try {
    directory_.out()->replace(
        kReceipt, [&](const files::Directory::Append& append) { write(older, append); }, directory_.durability(),
        &work());
  } catch (...) {
    if (older.empty()) directory_.out()->remove(kReceipt);  // its name may not be durable, so the run fails without it
    throw;
  }
  complete_ = true;
}

}  // namespace libbcda::transfer
