#include "transfer/journal_writer.hpp"

namespace libbcda::transfer {

void JournalWriter::open() {
  file_ = std::make_unique<files::LineFile>(*directory_.work(), kJournal, directory_.durability());
  opened_ = true;
  directory_.journal_begun();
}

void JournalWriter::append(const std::string& line) {
  if (!file_) open();
  file_->append(line);
}

void JournalWriter::job_accepted(const std::string& type, const std::string& status_url) {
  const std::lock_guard lock(mutex_);
  append(job_line(type, status_url));
  ++jobs_alive_;
}

void JournalWriter::job_dead(const std::string& status_url) {
  const std::lock_guard lock(mutex_);
  --jobs_alive_;
  append(dead_line(status_url));
}

void JournalWriter::download_begun(const http::Url& url) {
  const std::lock_guard lock(mutex_);
  append(download_line(url));
}

void JournalWriter::file_coming(const FileRecord& record) {
  const std::lock_guard lock(mutex_);
  append(file_line(record));
  ++files_coming_;
}

void JournalWriter::close() {
  const std::lock_guard lock(mutex_);
  if (file_) file_->close();
}

}  // namespace libbcda::transfer
