#include "partition/files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "crypto/digest.hpp"
#include "partition/lines.hpp"
#include "runtime/table_source.hpp"

namespace libbcda::partition {
namespace {

// ---- A file at hand -------------------------------------------------------------------------------------------------

Error changed(const std::string& path) {
  return std::move(Error(Status::VERIFICATION,
                         path + " was changed after the partitions were made; export it again, or make them again")
                       .at_file(path));
}

// An open file, whose bytes are compared with the token: before they are handed out, or while they are.
class FileAtHand {
 public:
  FileAtHand(const File& about, bool verifies_first) : about_(about), file_(files::open_system_file(about.path)) {
    struct stat info {};
    if (!file_ || file_.status(info) != 0) throw files::file_error("cannot read", about.path, errno);
    if (about.bytes >= 0 && info.st_size != about.bytes) throw changed(about.path);
    size_ = info.st_size;
    is_verified_ = about.sha256.empty();
    if (verifies_first) verify();
  }

  // Reads from `at` on, and returns 0 at the end.
  std::size_t read(std::int64_t at, MutableBytes room) const {
    const auto size =
        static_cast<std::size_t>(std::min<std::int64_t>(size_ - at, static_cast<std::int64_t>(room.size())));
    if (size > 0) files::read_all_at(file_, at, room.first(size), about_.path);
    return size;
  }
  bool is_verified() const { return is_verified_; }
  void compare(crypto::Sha256& digest) const {
    if (to_hex(digest.finish()) != about_.sha256) throw changed(about_.path);
  }

 private:
  void verify() {
    if (is_verified_) return;
    crypto::Sha256 digest;
    Bytes block(ndjson::Reader::kBuffer);
    for (std::int64_t at = 0; at < size_;) {
      const std::size_t size = read(at, block);
      digest.update(ByteView(block).first(size));
      at += static_cast<std::int64_t>(size);
    }
    compare(digest);
    is_verified_ = true;
  }

  const File about_;
  files::Fd file_;
  std::int64_t size_ = 0;
  bool is_verified_ = false;
};

ndjson::Reader::Source source_of(std::shared_ptr<const FileAtHand> file) {
  auto digest = file->is_verified() ? nullptr : std::make_shared<crypto::Sha256>();
  return [file = std::move(file), digest, at = std::int64_t{0}, ended = false](MutableBytes room) mutable {
    const std::size_t size = file->read(at, room);
    at += static_cast<std::int64_t>(size);
    if (digest && size > 0) digest->update(room.first(size));
    if (digest && size == 0 && !std::exchange(ended, true)) file->compare(*digest);
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
    if (is_canceled_) throw Error(Status::CANCELED, "canceled");
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
  const auto opened = std::make_shared<const FileAtHand>(file, !streams());
  tables::ScanFile found{file.path, generation_of(file), wanted_lines(file)};
  found.type = file.type;
  found.open = [opened, path = file.path] { return ndjson::Reader(source_of(opened), path); };
  return found;
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
