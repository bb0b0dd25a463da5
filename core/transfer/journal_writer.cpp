#include "transfer/journal_writer.hpp"

#include <utility>

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
  const std::lock_guard lock(mutex_);
  open_next();
}

void JournalWriter::open_next() {
  directory_.claim();
  file_ = directory_.next_journal();
  seq_ = 0;
  if (!std::exchange(opened_, true)) directory_.journal_begun();
}

// After a line that failed, the next one goes to a new journal. So a line that is cut is always the last one.
void JournalWriter::append(json::object record) {
  if (!file_) open_next();
  std::unique_ptr<files::LineFile> file = std::move(file_);
  file->append(journal_line(std::move(record), ++seq_));
  file_ = std::move(file);
}

void JournalWriter::intent(const json::object& request) {
  const std::lock_guard lock(mutex_);
  append(intent_record(request));
}

void JournalWriter::kick_off_coming(const std::string& label, Instant now) {
  const std::lock_guard lock(mutex_);
  append(kick_off_record(label, now));
  alive_.insert(label);
}

void JournalWriter::kick_off_refused(const std::string& label) {
  const std::lock_guard lock(mutex_);
  append(refused_record(label));
  if (const auto own = alive_.find(label); own != alive_.end()) alive_.erase(own);  // not one before it
}

void JournalWriter::job_accepted(const std::string& label, const std::string& status_url, bool is_adopted) {
  const std::lock_guard lock(mutex_);
  append(job_record(label, status_url, is_adopted));
  alive_.erase(label);
  alive_.insert(label);
}

void JournalWriter::job_dead(const std::string& label) {
  const std::lock_guard lock(mutex_);
  alive_.erase(label);
  append(dead_record(label));
}

void JournalWriter::manifest_kept(const std::string& label, const std::vector<PageRecord>& pages) {
  const std::lock_guard lock(mutex_);
  append(manifest_record(label, pages));
}

void JournalWriter::download_begun(const http::Url& url) {
  const std::lock_guard lock(mutex_);
  append(download_record(url));
}

void JournalWriter::file_coming(const FileRecord& record) {
  const std::lock_guard lock(mutex_);
  append(file_record(record));
  has_files_ = true;
}

void JournalWriter::tables_coming(const TablesRecord& record) {
  const std::lock_guard lock(mutex_);
  append(tables_record(record));
}

void JournalWriter::file_under_way(const PartRecord& record) {
  const std::lock_guard lock(mutex_);
  append(part_record(record));
  has_files_ = true;
}

void JournalWriter::close() {
  const std::lock_guard lock(mutex_);
  if (file_) file_->close();
}

}  // namespace libbcda::transfer
