#include "runtime/table_source.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "files/file.hpp"
#include "runtime/series.hpp"
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

TableRun run_of(const RunResult& result) { return {result.files, "", generation_of_request(result.request)}; }

void check_size(const StoredFile& file) {
  std::error_code error;
  const auto size = fs::file_size(file.path(), error);
  if (error) throw not_a_source(file.path(), "cannot be read: " + error.message());
  if (static_cast<std::int64_t>(size) == file.bytes()) return;
  throw std::move(Error(Status::VERIFICATION, std::string(file.path()) + " has " + std::to_string(size) +
                                                  " bytes, but its receipt says " + std::to_string(file.bytes()) +
                                                  ": it was changed after it was verified; fetch it again")
                      .at_file(file.path()));
}

// Goes through the files of all runs.
class Files {
 public:
  Files(std::vector<TableRun> runs, std::vector<std::string> types, std::optional<tables::Generation> generation)
      : runs_(std::move(runs)), types_(std::move(types)), generation_(generation) {}

  std::optional<tables::ScanFile> operator()() {
    for (; run_ < runs_.size(); ++run_, file_ = 0) {
      const TableRun& run = runs_[run_];
      const auto generation = generation_ ? generation_ : run.generation;
      if (!run.files) {
        if (file_++ == 0) return tables::ScanFile{run.file, generation, {}};
        continue;
      }
      while (file_ < run.files->size()) {
        const StoredFile& file = (*run.files)[file_++];
        if (file.kind() != FileKind::data || !is_wanted(file.type())) continue;
        check_size(file);
        return tables::ScanFile{file.path(), generation, {}};
      }
    }
    return std::nullopt;
  }

 private:
  // A file that organizes resources of several types has the type "Unknown".
  bool is_wanted(std::string_view type) const {
    return type.empty() || type == "Unknown" || std::find(types_.begin(), types_.end(), type) != types_.end();
  }

  std::vector<TableRun> runs_;
  std::vector<std::string> types_;
  std::optional<tables::Generation> generation_;
  std::size_t run_ = 0, file_ = 0;
};

}  // namespace

std::optional<tables::Generation> generation_of_request(const json::object& request) {
  const std::string base = string_member(request, "base"), profile = string_member(request, "profile");
  if (!profile.starts_with("bcda") && profile != "ab2d") return std::nullopt;
  for (const auto& [version, generation] : {std::pair("/v1", tables::Generation::stu3), std::pair("/v2", tables::Generation::v2),
                                            std::pair("/v3", tables::Generation::v3)})
    if (base.ends_with(version) || base.find(std::string(version) + "/") != std::string::npos) return generation;
  return std::nullopt;
}

TableSource::TableSource(const std::vector<std::string>& paths) {
  if (paths.empty()) throw Error(Status::INVALID_ARGUMENT, "a table needs the directory of an export, or files");
  for (const std::string& path : paths) add(path);
}

void TableSource::add(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) throw not_a_source(path, "does not exist");
  if (status.type() == fs::file_type::none) throw not_a_source(path, "cannot be read: " + error.message());
  if (status.type() != fs::file_type::directory) {
    runs_.push_back({nullptr, path, std::nullopt});
  } else if (has_receipt(path)) {
    runs_.push_back(run_of(open_receipt(path)));
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
  for (const fs::path& run : runs) runs_.push_back(run_of(open_receipt(run)));
  is_series_ |= !runs.empty();
  return !runs.empty();
}

tables::Scan::Files TableSource::files(std::vector<std::string> types, std::optional<tables::Generation> generation) const {
  return [files = Files(runs_, std::move(types), generation)]() mutable { return files(); };
}

}  // namespace libbcda::runtime
