#include "transfer/published.hpp"

#include "base/error.hpp"
#include "base/quote.hpp"
#include "crypto/digest.hpp"
#include "transfer/destination.hpp"

namespace libbcda::transfer {

using files::Directory;
using files::InputFile;

namespace {

constexpr std::string_view kDataEnding = ".ndjson";
constexpr std::string_view kLogStart = "{\"exportId\":";
constexpr std::size_t kReadBuffer = 256u << 10;

}  // namespace

Error refuse_directory(const std::string& path, const std::string& why) {
  return std::move(Error(Status::FILESYSTEM, "the directory " + path + " " + why).at_file(path));
}

// Splits a path into its directory (null if it does not exist) and the name in it.
std::pair<std::shared_ptr<const Directory>, std::string> Published::find(const std::string& path) const {
  auto [rest, name] = split_published(path);
  std::shared_ptr<const Directory> directory = out_;
  while (!rest.empty()) {
    const std::string next = rest.substr(0, rest.find('/'));
    if (!directory->contains(next)) return {nullptr, ""};
    directory = std::make_shared<const Directory>(directory->sub(next));
    rest.erase(0, next.size() + 1);
  }
  return {directory, name};
}

bool Published::has(const std::string& path) const {
  const auto [directory, name] = find(path);
  return directory && directory->contains(name);
}

std::optional<InputFile> Published::open(const std::string& path) const {
  const auto [directory, name] = find(path);
  if (!directory || !files::is_file(*directory, name)) return std::nullopt;
  return InputFile(*directory, name);
}

bool Published::is_still(const FileRecord& record, const std::function<void()>& step) const {
  auto file = open(record.path);
  if (record.facts.sha256.empty() || !file || file->size() != record.facts.bytes) return false;
  crypto::Sha256 digest;
  Bytes buffer(kReadBuffer);
  while (const std::size_t n = file->read(buffer)) {
    digest.update({buffer.data(), n});
    if (step) step();
  }
  return to_hex(digest.finish()) == record.facts.sha256;
}

bool Published::remove(const FileRecord& record) const {
  if (!is_still(record)) return false;
  const auto [directory, name] = find(record.path);
  directory->remove(name);
  return true;
}

void Published::refuse_others(const Wanted& wanted) const {
  refuse_others_in(*out_, "", wanted);
  for (const std::string_view name : {kErrorDirectory, kDeletedDirectory})
    if (const std::string directory(name); out_->contains(directory))
      refuse_others_in(out_->sub(directory), directory + "/", wanted);
}

void Published::sync() const {
  for (const std::string_view name : {kErrorDirectory, kDeletedDirectory})
    if (const std::string directory(name); out_->contains(directory)) out_->sub(directory).sync();
  out_->sync();
}

void Published::refuse_others_in(const Directory& directory, const std::string& prefix, const Wanted& wanted) const {
  for (const std::string& name : directory.names()) {
    const std::string path = prefix + name;
    if (!name.ends_with(kDataEnding) || wanted(path) || (path == kLog && is_our_log())) continue;
    throw refuse_directory(
        out_->path(), "holds NDJSON files of another origin (" + tidy(path) +
                          "), which would be counted with the new ones; move them away or choose an empty directory");
  }
}

// Whether the log was written by this library. Such a log starts with the line of a kick-off.
bool Published::is_our_log() const {
  if (!files::is_file(*out_, kLog)) return false;
  InputFile file(*out_, kLog);
  Bytes start(kLogStart.size());
  return file.size() == 0 || as_text({start.data(), file.read(start)}) == kLogStart;
}

}  // namespace libbcda::transfer
