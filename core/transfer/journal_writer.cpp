#include "transfer/journal_writer.hpp"

#include <utility>

#include "base/failure_of.hpp"

namespace libbcda::transfer {

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
  std::unique_lock lock(mutex_);
  wait_for_writer(lock);
  open_next();
}

void JournalWriter::wait_for_writer(std::unique_lock<std::mutex>& lock) {
  over_.wait(lock, [this] { return !is_writing_; });
}

void JournalWriter::open_next() {
  directory_.claim();
  file_ = directory_.next_journal();
  seq_ = 0;
  if (!std::exchange(opened_, true)) directory_.journal_begun();
}

// Returns when the record is durable. A disk may take milliseconds for a line, so the records that come meanwhile are one
// line, which one of those who wait writes.
void JournalWriter::append(std::unique_lock<std::mutex>& lock, json::object record) {
  if (!next_) next_ = std::make_shared<Batch>();
  const std::shared_ptr<Batch> mine = next_;
  mine->records.push_back(std::move(record));
  over_.wait(lock, [&] { return mine->is_over || !is_writing_; });
  if (!mine->is_over) write_next(lock);
  if (mine->failure) throw Error(*mine->failure);  // a copy, because two threads must not share an exception
}

void JournalWriter::write_next(std::unique_lock<std::mutex>& lock) {
  const std::shared_ptr<Batch> batch = std::exchange(next_, nullptr);
  is_writing_ = true;
  lock.unlock();
  batch->failure = failure_of([&] { write(batch->records); });
  lock.lock();
  is_writing_ = false;
  batch->is_over = true;
  over_.notify_all();
}

// A single line, so that a loss of power leaves all of it or nothing, and no line after one that is lost. After a line that
// failed, the next one goes to a new journal. So a line that is cut is always the last one.
void JournalWriter::write(std::vector<json::object>& records) {
  if (!file_) open_next();
  std::unique_ptr<files::LineFile> file = std::move(file_);
  file->append(journal_line(records.size() == 1 ? std::move(records.front()) : batch_record(records), ++seq_));
  file_ = std::move(file);
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
  std::unique_lock lock(mutex_);
  wait_for_writer(lock);
  if (file_) file_->close();
}

}  // namespace libbcda::transfer
