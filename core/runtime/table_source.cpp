#include "runtime/table_source.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "ndjson/reader.hpp"
#include "runtime/current_state.hpp"
#include "runtime/deleted.hpp"
#include "runtime/series.hpp"
#include "tables/date_time.hpp"
#include "tables/record.hpp"
#include "transfer/published.hpp"
#include "transfer/workspace.hpp"

namespace libbcda::runtime {
namespace {

namespace fs = std::filesystem;

Error not_a_source(const std::string& path, const std::string& why) {
  return std::move(Error(Status::FILESYSTEM, path + " " + why).at_file(path));
}

bool has_receipt(const fs::path& directory) {
  std::error_code ignored;
  return fs::exists(directory / transfer::kReceipt, ignored);
}

bool is_unfinished(const fs::path& directory) {
  std::error_code ignored;
  return fs::exists(directory / transfer::kWork, ignored);
}

TableRun run_of(const std::string& directory) {
  std::error_code error;
  const auto receipt = fs::last_write_time(fs::path(directory) / transfer::kReceipt, error);
  RunResult result = open_receipt(directory);
  const auto generation = generation_of_request(result.request);
  return {std::move(result), "", error ? fs::file_time_type::min() : receipt, generation};
}

Error changed(const StoredFile& file, const std::string& what) {
  return std::move(
      Error(Status::VERIFICATION,
            std::string(file.path()) + " " + what +
                ": it was changed after it was verified; restore it, or export again into another directory")
          .at_file(file.path()));
}

void check_size(const StoredFile& file) {
  std::error_code error;
  const auto size = fs::file_size(file.path(), error);
  if (error == std::errc::no_such_file_or_directory)
    throw not_a_source(
        file.path(),
        file.in_tables()
            ? "was removed, because the Arrow files in the directory tables have its rows; read those files"
            : "is missing");
  if (error) throw not_a_source(file.path(), "cannot be read: " + error.message());
  if (static_cast<std::int64_t>(size) != file.bytes())
    throw changed(file, "has " + std::to_string(size) + " bytes, but its receipt says " + std::to_string(file.bytes()));
}

// A file that was written to after its receipt is verified again. The clock of a file system has steps of some
// milliseconds, so a file with the time of its receipt may be a later one.
void check_content(const StoredFile& file, fs::file_time_type receipt) {
  std::error_code error;
  const auto written = fs::last_write_time(file.path(), error);
  if (!error && written < receipt) return;
  const fs::path path = file.path();
  const transfer::Published there(
      std::make_shared<const files::Directory>(files::Directory::open_or_create(path.parent_path().string())));
  transfer::FileRecord record;
  record.path = path.filename().string();
  record.facts = file.result().facts;
  if (!there.is_still(record)) throw changed(file, "has not the SHA-256 of its receipt");
}

// Goes through the files of all runs.
class Files {
 public:
  Files(std::vector<TableRun> runs, std::vector<std::string> types)
      : runs_(std::move(runs)), types_(std::move(types)) {}

  const std::vector<TableRun>& runs() const { return runs_; }

  struct Found {
    std::string path;
    std::size_t run = 0;
    std::uint32_t number = 0;  // of the files so far
    std::optional<tables::Generation> generation;
    const StoredFile* stored = nullptr;  // null: it has no receipt
  };
  std::optional<Found> next() {
    for (; run_ < runs_.size(); ++run_, file_ = 0) {
      const TableRun& run = runs_[run_];
      if (!run.file.empty()) {
        if (file_++ == 0) return found(run.file);
        continue;
      }
      while (file_ < run.result.files->size()) {
        const StoredFile& file = (*run.result.files)[file_++];
        if (file.kind() != FileKind::data || !may_have(types_, file.type())) continue;
        check_size(file);
        check_content(file, run.receipt);
        Found next = found(file.path());
        next.stored = &file;
        return next;
      }
    }
    return std::nullopt;
  }

 private:
  Found found(const std::string& path) { return {path, run_, number_++, runs_[run_].generation}; }

  std::vector<TableRun> runs_;
  std::vector<std::string> types_;
  std::size_t run_ = 0, file_ = 0;
  std::uint32_t number_ = 0;
};

// Reads what identifies a record.
class Identity {
 public:
  Identity() {
    tables::Names& names = projection_.names();
    type_ = names.add("resourceType").id;
    id_ = names.add("id").id;
    meta_ = names.add("meta").id;
    updated_ = names.add("lastUpdated").id;
    tables::Wanted& root = projection_.root();
    projection_.want(root, type_);
    projection_.want(root, id_);
    projection_.want(projection_.want(root, meta_), updated_);
  }

  void read(std::string_view line) {
    type = id = "";
    updated = CurrentState::kNoTime;
    for (const tables::Node* member = parser_.parse(line).first; member; member = member->next) {
      if (member->name == type_) type = member->view();
      if (member->name == id_) id = member->view();
      if (member->name == meta_) read_meta(*member);
    }
  }

  std::string_view type, id;  // "": it has none
  std::int64_t updated = CurrentState::kNoTime;

 private:
  void read_meta(const tables::Node& meta) {
    const tables::Node* member = meta.first;
    const auto time = member ? tables::parse_date_time(member->view()) : std::nullopt;
    if (time) updated = tables::instant_of(*time).value_or(CurrentState::kNoTime);
  }

  tables::Projection projection_;
  tables::NameId type_, id_, meta_, updated_;
  tables::RecordParser parser_{projection_};
};

void add_file(CurrentState& state, Identity& identity, const Files::Found& file) {
  ndjson::Reader reader(file.path);
  while (const auto line = reader.next()) {
    const RecordPlace place{file.number, static_cast<std::uint32_t>(reader.line())};
    if (reader.line() > UINT32_MAX)
      throw std::move(Error(Status::LIMIT, file.path + " has more than 4 billion lines").at_file(file.path));
    try {
      identity.read(*line);
    } catch (const tables::MalformedRecord&) {
      identity.id = "";  // it is kept, so that the scan reports it
    }
    if (identity.id.empty() || identity.type.empty())
      state.keep(place);
    else
      state.add(identity.type, identity.id, identity.updated, static_cast<std::uint32_t>(file.run), place);
  }
}

// Reads all files, of which `files` has given none yet.
std::shared_ptr<const CurrentState> choose_current(Files files) {
  auto state = std::make_shared<CurrentState>();
  const std::vector<TableRun>& runs = files.runs();
  for (std::size_t run = 0; run < runs.size(); ++run) {
    if (!runs[run].file.empty()) continue;
    for (const json::value& deleted : read_deleted(runs[run].result))
      state->add_deletion(deleted.at("type").as_string(), deleted.at("id").as_string(),
                          static_cast<std::uint32_t>(run));
  }
  Identity identity;
  while (const auto file = files.next()) add_file(*state, identity, *file);
  state->choose();
  return state;
}

}  // namespace

std::optional<tables::Generation> generation_of_request(const json::object& request) {
  const std::string base = string_member(request, "base"), profile = string_member(request, "profile");
  if (!profile.starts_with("bcda") && profile != "ab2d") return std::nullopt;
  for (const auto& [version, generation] :
       {std::pair("/v1", tables::Generation::stu3), std::pair("/v2", tables::Generation::v2),
        std::pair("/v3", tables::Generation::v3)})
    if (base.ends_with(version) || base.find(std::string(version) + "/") != std::string::npos) return generation;
  return std::nullopt;
}

bool may_have(const std::vector<std::string>& types, std::string_view type_of_file) {
  return types.empty() || type_of_file.empty() || type_of_file == "Unknown" ||
         std::find(types.begin(), types.end(), type_of_file) != types.end();
}

TableSource::TableSource(const std::vector<std::string>& paths) {
  if (paths.empty()) throw Error(Status::INVALID_ARGUMENT, "a table needs the directory of an export, or files");
  for (const std::string& path : paths) add(path);
}

void TableSource::add(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  struct stat place {};
  if (::stat(path.c_str(), &place) == 0 && !given_.emplace(place.st_dev, place.st_ino).second)
    throw Error(Status::INVALID_ARGUMENT, path + " is named twice, so its rows would count twice");
  if (status.type() == fs::file_type::not_found) throw not_a_source(path, "does not exist");
  if (status.type() == fs::file_type::none) throw not_a_source(path, "cannot be read: " + error.message());
  if (status.type() != fs::file_type::directory && status.type() != fs::file_type::regular)
    throw not_a_source(path, "is no regular file; a pipe can be read only once");
  if (status.type() != fs::file_type::directory) {
    runs_.push_back({.result = {}, .file = path});
  } else if (has_receipt(path)) {
    runs_.push_back(run_of(path));
  } else if (!add_series(path)) {
    if (is_unfinished(path))
      throw not_a_source(path, "has an export that has not finished; `bcda resume " + path + "` goes on with it");
    throw not_a_source(path, "is no finished export: it has no " + std::string(transfer::kReceipt) +
                                 "; NDJSON files without a receipt can be named one by one");
  }
}

bool TableSource::add_series(const std::string& path) {
  std::vector<fs::path> runs;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path, error))
    if (is_run_name(entry.path().filename()) && has_receipt(entry.path())) runs.push_back(entry.path());
  if (error) throw not_a_source(path, "cannot be read: " + error.message());
  std::sort(runs.begin(), runs.end());  // the names are times
  for (const fs::path& run : runs) runs_.push_back(run_of(run));
  is_series_ |= !runs.empty();
  return !runs.empty();
}

tables::Scan::Files TableSource::files(const std::vector<std::string>& types,
                                       std::optional<tables::Generation> generation, bool current) const {
  std::shared_ptr<const CurrentState> state;
  return [files = Files(runs_, types), generation, current, state]() mutable -> std::optional<tables::ScanFile> {
    if (current && !state) state = choose_current(files);
    const auto file = files.next();
    if (!file) return std::nullopt;
    tables::ScanFile found{file->path, generation ? generation : file->generation};
    if (const StoredFile* stored = file->stored) {
      found.type = stored->type();
      found.bytes = stored->bytes();
      found.sha256 = stored->sha256();
    }
    if (state) {
      found.last_line = state->last_line(file->number);
      found.wants = [state, number = file->number](std::int64_t line) {
        return state->counts({number, static_cast<std::uint32_t>(line)});
      };
    }
    return found;
  };
}

}  // namespace libbcda::runtime
