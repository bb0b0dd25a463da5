#include "runtime/file_queue.hpp"

#include <algorithm>

#include "transfer/destination.hpp"
#include "transfer/names.hpp"

namespace libbcda::runtime {

std::string FileTask::path() const { return transfer::published_path(name, entry.is_error); }

void FileQueue::add(const std::vector<bulk::Entry>& entries, const std::string& status_url, bool use_token) {
  const std::lock_guard lock(mutex_);
  for (const bulk::Entry& entry : entries) {
    if (!urls_.insert(entry.url.text()).second) continue;
    tasks_.push_back({entry, unique_name(entry), status_url, use_token});
    ++counts_.total;
  }
}

// A local name that no other file of this run has.
std::string FileQueue::unique_name(const bulk::Entry& entry) {
  const auto [name, other] = transfer::local_names(entry);
  if (paths_.insert(transfer::published_path(name, entry.is_error)).second) return name;
  paths_.insert(transfer::published_path(other, entry.is_error));
  return other;
}

std::optional<FileTask> FileQueue::take() {
  const std::lock_guard lock(mutex_);
  if (tasks_.empty()) return std::nullopt;
  FileTask task = std::move(tasks_.front());
  tasks_.pop_front();
  return task;
}

void FileQueue::done(FileResult file) {
  const std::lock_guard lock(mutex_);
  results_.push_back(std::move(file));
  ++counts_.done;
}

void FileQueue::failed() {
  const std::lock_guard lock(mutex_);
  ++counts_.failed;
}

std::size_t FileQueue::waiting() const {
  const std::lock_guard lock(mutex_);
  return tasks_.size();
}

FileQueue::Counts FileQueue::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

std::vector<FileResult> FileQueue::results() const {
  const std::lock_guard lock(mutex_);
  std::vector<FileResult> sorted = results_;
  std::sort(sorted.begin(), sorted.end(), [](const FileResult& a, const FileResult& b) { return a.path < b.path; });
  return sorted;
}

}  // namespace libbcda::runtime
