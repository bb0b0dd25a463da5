#include "partition/files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "partition/lines.hpp"
#include "runtime/digest_check.hpp"
#include "runtime/table_source.hpp"

namespace libbcda::partition {
namespace {

// ---- A file at hand -------------------------------------------------------------------------------------------------

Error changed(const std::string& path) {
  return std::move(Error(Status::VERIFICATION,
                         path + " was changed after the partitions were made; export it again, or make them again")
                       .at_file(path));
}

// An open file, whose size is that of the token.
class FileAtHand {
 public:
  explicit FileAtHand(const File& about) : path_(about.path) {
    std::error_code missing;  // which opening tells
    const auto kind = std::filesystem::status(path_, missing).type();
    if (kind == std::filesystem::file_type::fifo) throw changed(path_);  // opening it might never return
    file_ = files::open_system_file(path_);
    struct stat info {};
    if (!file_ || file_.status(info) != 0) throw files::file_error("cannot read", path_, errno);
    if (about.bytes >= 0 && info.st_size != about.bytes) throw changed(path_);
    size_ = info.st_size;
  }
  const std::string& path() const { return path_; }

  // Reads from `at` on, and returns 0 at the end.
  std::size_t read(std::int64_t at, MutableBytes room) const {
    const auto size =
        static_cast<std::size_t>(std::min<std::int64_t>(size_ - at, static_cast<std::int64_t>(room.size())));
    if (size > 0) files::read_all_at(file_, at, room.first(size), path_);
    return size;
  }

 private:
  const std::string path_;
  files::Fd file_;
  std::int64_t size_ = 0;
};

using Source = ndjson::Reader::Source;

Source source_of(std::shared_ptr<const FileAtHand> file) {
  return [file = std::move(file), at = std::int64_t{0}](MutableBytes room) mutable {
    const std::size_t size = file->read(at, room);
    at += static_cast<std::int64_t>(size);
    return size;
  };
}

// The same, but it throws at the end if the bytes have another SHA-256.
Source checked_source(const std::shared_ptr<const FileAtHand>& file, const std::string& sha256) {
  runtime::DigestCheck check(sha256, [path = file->path()] { return changed(path); });
  return [source = source_of(file), check](MutableBytes room) mutable {
    const std::size_t size = source(room);
    check(room.first(size));
    return size;
  };
}

std::function<bool(std::int64_t)> wanted_lines(const File& file) {
  if (file.lines.empty()) return {};
  return [lines = Lines(file.lines)](std::int64_t line) { return lines.count(line); };
}

}  // namespace

Files::Files(std::shared_ptr<runtime::Session> session, Partition partition, Settings settings)
    : session_(std::move(session)), partition_(std::move(partition)), settings_(std::move(settings)) {
  if (!partition_.downloads()) return;
  if (!session_) throw Error(Status::INTERNAL, "a partition to download needs a session");
  const std::string own = session_->service().origin.origin();
  if (own != partition_.service)
    throw Error(Status::INVALID_ARGUMENT,
                "the partition token is for " + partition_.service + ", but the setting url names " + own);
  session_->tokens();  // throws if a credential is missing
}

Files::~Files() = default;

bool Files::may_fetch_ahead() const { return !streams() && session_->profile().downloads_per_file == 0; }

std::optional<tables::Generation> Files::generation_of(const File& file) const {
  const auto chosen = tables::find_generation(settings_.text("generation"));
  return chosen ? chosen : file.generation;
}

std::optional<std::size_t> Files::find(std::size_t from, const std::vector<std::string>& types) const {
  for (; from < partition_.files.size(); ++from)
    if (runtime::may_have(types, partition_.files[from].type)) return from;
  return std::nullopt;
}

std::optional<tables::ScanFile> Files::next(const std::vector<std::string>& types) {
  if (failure_) throw *failure_;
  const auto number = find(at_, types);
  if (!number) return std::nullopt;
  at_ = *number + 1;
  try {
    return partition_.downloads() ? fetched(*number, types) : at_hand(partition_.files[*number]);
  } catch (...) {
    failure_ = current_error();
    throw;
  }
}

std::shared_ptr<Fetch> Files::start(std::size_t number) {
  return start_fetch(session_, settings_, partition_, partition_.files[number]);
}

// While the rows of this file are read, the next one is fetched, so at most one is under way.
tables::ScanFile Files::fetched(std::size_t number, const std::vector<std::string>& types) {
  {
    const std::lock_guard lock(mutex_);
    check_canceled();
    current_ = ahead_ ? std::exchange(ahead_, nullptr) : nullptr;
    if (!current_) current_ = start(number);
  }
  current_->wait();
  if (const auto following = find(number + 1, types); following && may_fetch_ahead()) {
    const std::lock_guard lock(mutex_);
    if (!is_canceled_) ahead_ = start(*following);
  }
  const File& file = partition_.files[number];
  const std::string name = name_of(file);
  tables::ScanFile found{name, generation_of(file), wanted_lines(file)};
  found.type = file.type;
  found.is_read_once = streams();
  found.open = [fetch = current_, name] { return ndjson::Reader(fetch->open(), name); };
  return found;
}

tables::ScanFile Files::at_hand(const File& file) const {
  const auto opened = std::make_shared<const FileAtHand>(file);
  const std::string to_check = streams() ? file.sha256 : "";  // while the rows are handed out
  if (!streams() && !file.sha256.empty()) drain(checked_source(opened, file.sha256));
  tables::ScanFile found{file.path, generation_of(file), wanted_lines(file)};
  found.type = file.type;
  found.open = [opened, to_check] {
    return ndjson::Reader(to_check.empty() ? source_of(opened) : checked_source(opened, to_check), opened->path());
  };
  return found;
}

void Files::drain(ndjson::Reader::Source source) const {
  Bytes block(ndjson::Reader::kBuffer);
  while (source(block) > 0) check_canceled();
}

void Files::check_canceled() const {
  if (is_canceled_) throw Error(Status::CANCELED, "canceled");
}

void Files::cancel() noexcept {
  const std::lock_guard lock(mutex_);
  is_canceled_ = true;
  if (current_) current_->cancel();
  if (ahead_) ahead_->cancel();
}

tables::Scan::Files scan_files(std::shared_ptr<Files> files, std::vector<std::string> types) {
  return [files = std::move(files), types = std::move(types)] { return files->next(types); };
}

ndjson::Records::Files record_files(std::shared_ptr<Files> files) {
  return [files = std::move(files)]() -> std::optional<ndjson::Records::File> {
    const auto found = files->next({});
    if (!found) return std::nullopt;
    return ndjson::Records::File{found->open(), found->path, found->type, found->wants};
  };
}

}  // namespace libbcda::partition
