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

std::string unknown_files(const std::string& path) {
  return "NDJSON files that are not known (" + tidy(path) +
         "): they are of another origin, or the journal has lost them; they would be counted with the new ones, so "
         "move them away or choose another directory";
}

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

Error Published::changed(const FileRecord& record) const {
  const auto file = open(record.path);
  const std::string path = files::join(out_->path(), record.path);
  const char* what = !file ? "it is no file any more" : file->size() != record.facts.bytes ? "its size" : "its SHA-256";
  return std::move(Error(Status::FILESYSTEM, path + " has changed since it was verified (" + what +
                                                 "); remove it or move it away, and run this again")
                       .at_file(path));
}

bool Published::remove(const FileRecord& record, const std::function<void()>& step) const {
  if (!is_still(record, step)) return false;
  if (step) step();
  const auto [directory, name] = find(record.path);
  directory->remove(name);
  return true;
}

std::vector<std::string> Published::data_files() const {
  std::vector<std::string> paths;
  const auto add = [&](const Directory& directory, const std::string& prefix) {
    for (const std::string& name : directory.names())
      if (name.ends_with(kDataEnding) && !(prefix + name == kLog && is_our_log())) paths.push_back(prefix + name);
  };
  add(*out_, "");
  for (const std::string_view name : {kErrorDirectory, kDeletedDirectory})
    if (const std::string directory(name); out_->contains(directory)) add(out_->sub(directory), directory + "/");
  return paths;
}

void Published::refuse_others(const Wanted& wanted) const {
  for (const std::string& path : data_files())
    if (!wanted(path)) throw refuse_directory(out_->path(), "holds " + unknown_files(path));
}

void Published::sync() const {
  for (const std::string_view name : {kErrorDirectory, kDeletedDirectory})
    if (const std::string directory(name); out_->contains(directory)) out_->sub(directory).sync();
  each_table([](const Directory& table) { table.sync(); });
  out_->sync();
}

void Published::each_table(const std::function<void(const Directory&)>& use) const {
  const std::string name(kTablesDirectory);
  if (!out_->contains(name)) return;
  const Directory all = out_->sub(name);
  for (const std::string& table : all.names()) use(all.sub(table));
}

std::vector<std::string> Published::parts() const {
  std::vector<std::string> paths;
  each_table([&](const Directory& table) {
    const std::string prefix = table.path().substr(out_->path().size() + 1) + "/";
    for (const std::string& name : table.names()) paths.push_back(prefix + name);
  });
  return paths;
}

// Whether the log was written by this library. Such a log starts with the line of a kick-off.
bool Published::is_our_log() const {
  if (!files::is_file(*out_, kLog)) return false;
  InputFile file(*out_, kLog);
  Bytes start(kLogStart.size());
  return file.size() == 0 || as_text({start.data(), file.read(start)}) == kLogStart;
}

}  // namespace libbcda::transfer
