#include "runtime/file_queue.hpp"

#include <algorithm>
#include <cstring>

#include "base/bytes.hpp"
#include "crypto/digest.hpp"
#include "transfer/destination.hpp"
#include "transfer/names.hpp"

namespace libbcda::runtime {
namespace {

std::uint64_t digest(std::string_view text) {
  crypto::Sha256 hash;
  hash.update(as_bytes(text));
  std::uint64_t value = 0;
  const auto bytes = hash.finish();
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

}  // namespace

std::string FileTask::path() const { return transfer::published_path(name, entry.is_error); }

void FileQueue::add(const Files& files, const std::string& status_url, bool use_token) {
  Batch batch{files, status_url, use_token, {}};
  const std::lock_guard lock(mutex_);
  for (std::size_t i = files->size(); i > 0; --i) batch.waiting.push_back(static_cast<std::uint32_t>(i - 1));
  // Of two entries with one URL the first one counts, so they are looked at in the order of the manifest.
  const auto known = [&](std::uint32_t i) { return !urls_.insert(digest((*files)[i].url.text())).second; };
  const auto first = std::remove_if(batch.waiting.rbegin(), batch.waiting.rend(), known);
  batch.waiting.erase(batch.waiting.begin(), first.base());
  counts_.total += static_cast<std::int64_t>(batch.waiting.size());
  waiting_ += batch.waiting.size();
  if (!batch.waiting.empty()) batches_.push_back(std::move(batch));
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
  if (batches_.empty()) return std::nullopt;
  Batch& batch = batches_.front();
  const bulk::Entry& entry = (*batch.files)[batch.waiting.back()];
  FileTask task{entry, unique_name(entry), batch.status_url, batch.use_token};
  batch.waiting.pop_back();
  if (batch.waiting.empty()) batches_.pop_front();
  --waiting_;
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
  return waiting_;
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
