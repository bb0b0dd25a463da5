#include "transfer/journal_writer.hpp"

#include <utility>

#include "files/shared_sync.hpp"

namespace libbcda::transfer {

struct JournalWriter::Lines {
  explicit Lines(std::unique_ptr<files::LineFile> f) : file(std::move(f)) {}
  std::unique_ptr<files::LineFile> file;
  files::SharedSync sync;
};

JournalWriter::JournalWriter(WorkDirectory& directory) : directory_(directory) {}

JournalWriter::~JournalWriter() = default;

void JournalWriter::go_on_from(const JournalState& earlier) {
  for (const auto& [label, job] : earlier.jobs)
    if (!job.is_dead) alive_.insert(label);  // several kick-offs of an earlier run count as one
  has_files_ = !earlier.files.empty() || !earlier.parts.empty();
}

void JournalWriter::forget() {
  alive_.clear();
  has_files_ = false;
}

bool JournalWriter::is_needed() const {
  const std::lock_guard lock(mutex_);
  return !alive_.empty() || has_files_;
}

void JournalWriter::open() {
  const std::lock_guard lock(mutex_);
  open_next();
}

void JournalWriter::open_next() {
  directory_.claim();
  lines_ = std::make_shared<Lines>(directory_.next_journal());
  seq_ = 0;
  if (!std::exchange(opened_, true)) directory_.journal_begun();
}

// Returns when the line is durable. The lock is released while the disk works, so that several lines need one sync. After
// a line that failed, the next one goes to a new journal. So a line that is cut is always the last one.
void JournalWriter::append(std::unique_lock<std::mutex>& lock, json::object record) {
  if (!lines_) open_next();
  const std::shared_ptr<Lines> lines = std::move(lines_);
  lines->file->append(journal_line(std::move(record), ++seq_));
  const auto round = lines->sync.join();
  lines_ = lines;
  lock.unlock();
  try {
    lines->sync.wait(round, [&] { return lines->file->sync(), true; });
  } catch (...) {
    lock.lock();
    if (lines_ == lines) lines_.reset();
    throw;
  }
  lock.lock();
}

void JournalWriter::intent(const json::object& request) {
  std::unique_lock lock(mutex_);
  append(lock, intent_record(request));
}

void JournalWriter::kick_off_coming(const std::string& label, Instant now) {
  std::unique_lock lock(mutex_);
  append(lock, kick_off_record(label, now));
  alive_.insert(label);
}

void JournalWriter::kick_off_refused(const std::string& label) {
  std::unique_lock lock(mutex_);
  append(lock, refused_record(label));
  if (const auto own = alive_.find(label); own != alive_.end()) alive_.erase(own);  // not one before it
}

void JournalWriter::job_accepted(const std::string& label, const std::string& status_url, bool is_adopted) {
  std::unique_lock lock(mutex_);
  append(lock, job_record(label, status_url, is_adopted));
  alive_.erase(label);
  alive_.insert(label);
}

void JournalWriter::job_dead(const std::string& label) {
  std::unique_lock lock(mutex_);
  alive_.erase(label);
  append(lock, dead_record(label));
}

void JournalWriter::manifest_kept(const std::string& label, const std::vector<PageRecord>& pages) {
  std::unique_lock lock(mutex_);
  append(lock, manifest_record(label, pages));
}

void JournalWriter::download_begun(const http::Url& url) {
  std::unique_lock lock(mutex_);
  append(lock, download_record(url));
}

void JournalWriter::file_coming(const FileRecord& record) {
  std::unique_lock lock(mutex_);
  append(lock, file_record(record));
  has_files_ = true;
}

void JournalWriter::tables_coming(const TablesRecord& record) {
  std::unique_lock lock(mutex_);
  append(lock, tables_record(record));
}

void JournalWriter::file_under_way(const PartRecord& record) {
  std::unique_lock lock(mutex_);
  append(lock, part_record(record));
  has_files_ = true;
}

void JournalWriter::close() {
  const std::lock_guard lock(mutex_);
  if (lines_) lines_->file->close();
}

}  // namespace libbcda::transfer
