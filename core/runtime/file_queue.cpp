#include "runtime/file_queue.hpp"

#include <array>
#include <numeric>

#include "crypto/digest.hpp"
#include "transfer/destination.hpp"
#include "transfer/names.hpp"

namespace libbcda::runtime {
namespace {

// Digests of what identifies a file, and of the paths that it may get.
struct Digests {
  std::uint64_t identity, url;
  bool is_encrypted;
  std::array<std::uint64_t, 2> paths;
  FileQueue::Named named;
};

Digests digests_of(const bulk::Entry& entry, std::uint64_t identity, const FileQueue::Names& names) {
  const auto [first, second] = transfer::local_names(entry);
  const auto path = [&](const std::string& name) {
    return crypto::short_digest(transfer::published_path(name, entry.kind));
  };
  return {identity,
          crypto::short_digest(entry.url.text()),
          !entry.encrypted_key.empty(),
          {path(first), path(second)},
          names(entry)};
}

Error contradiction(const bulk::Manifest& manifest, std::uint32_t number, const char* what) {
  const bulk::Entry entry = manifest.entry(number);
  return std::move(
      Error(Status::PROTOCOL, "the manifest lists the file " + entry.shown() + " " + what).at_file(entry.name));
}

}  // namespace

Files all_files(std::shared_ptr<const bulk::Manifest> manifest) {
  std::vector<std::uint32_t> numbers(manifest->size());
  std::iota(numbers.begin(), numbers.end(), 0u);
  return {std::move(manifest), std::move(numbers), {}};
}

void FileTask::load() {
  entry = manifest->entry(number);
  name = transfer::local_names(entry)[has_second_name ? 1 : 0];
}

std::string FileTask::path() const { return transfer::published_path(name, entry.kind); }

void FileQueue::add(const Files& files, const std::string& status_url) {
  std::deque<Digests> digests;
  for (const std::uint32_t number : files.numbers)
    digests.push_back(digests_of(files.manifest->entry(number), files.manifest->identity(number), names_));
  Batch batch{files.manifest, status_url, {}};
  const std::lock_guard lock(mutex_);
  for (const std::uint32_t number : files.numbers) {
    const Digests file = digests.front();
    digests.pop_front();
    const auto [known, is_new] = urls_.emplace(file.url, file.identity);
    if (!is_new && known->second != file.identity)
      throw contradiction(*files.manifest, number, "twice, with different keys or in both lists");
    const bool is_known_file = file.is_encrypted && !identities_.insert(file.identity).second;
    if (!is_new || is_known_file) continue;
    const bool may_be_first = file.named.by ? *file.named.by == 0 : !file.named.taken;
    const bool has_second_name = !may_be_first || !paths_.insert(file.paths[0]).second;
    if (has_second_name && !paths_.insert(file.paths[1]).second)
      throw contradiction(*files.manifest, number, "more than twice");
    batch.waiting.push_back({number, has_second_name});
  }
  counts_.total += static_cast<std::int64_t>(batch.waiting.size());
  waiting_ += batch.waiting.size();
  if (!batch.waiting.empty()) batches_.push_back(std::move(batch));
}

std::optional<FileTask> FileQueue::take() {
  const std::lock_guard lock(mutex_);
  if (batches_.empty()) return std::nullopt;
  Batch& batch = batches_.front();
  const Waiting next = batch.waiting.front();
  FileTask task;
  task.manifest = batch.manifest;
  task.number = next.number;
  task.has_second_name = next.has_second_name;
  task.status_url = batch.status_url;
  task.use_token = batch.manifest->requires_access_token;
  batch.waiting.pop_front();
  if (batch.waiting.empty()) batches_.pop_front();
  --waiting_;
  return task;
}

std::shared_ptr<const StoredFile> FileQueue::done(const FileResult& file, const std::string& status_url) {
  const std::lock_guard lock(mutex_);
  const std::shared_ptr<FileList>& list = closed_ ? late_ : results_;
  const StoredFile& stored = list->add(file);
  ++counts_.done;
  if (file.is_kept) ++counts_.kept;
  Sum& sum = sums_[status_url];
  ++sum.files;
  sum.bytes += file.facts.bytes;
  return {list, &stored};
}

void FileQueue::failed(bool is_kept) {
  const std::lock_guard lock(mutex_);
  ++counts_.failed;
  if (is_kept) ++counts_.kept;
}

void FileQueue::close() noexcept {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

std::size_t FileQueue::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_;
}

FileQueue::Counts FileQueue::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

FileQueue::Sum FileQueue::sum(const std::string& status_url) const {
  const std::lock_guard lock(mutex_);
  const auto found = sums_.find(status_url);
  return found == sums_.end() ? Sum{} : found->second;
}

std::shared_ptr<const FileList> FileQueue::results() const {
  const std::lock_guard lock(mutex_);
  results_->sort();
  return results_;
}

}  // namespace libbcda::runtime
