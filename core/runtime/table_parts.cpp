#include "runtime/table_parts.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "crypto/digest.hpp"
#include "runtime/outcome.hpp"
#include "runtime/table_source.hpp"
#include "tables/encoder.hpp"
#include "tables/presets.hpp"
#include "tables/scan.hpp"

namespace libbcda::runtime {
namespace {

using transfer::TablePart;
using transfer::TablesRecord;

// Writes the batches of one table to files, in the work directory.
class PartWriter {
 public:
  PartWriter(transfer::Workspace& space, std::string table, const std::vector<tables::Column>& columns)
      : space_(space),
        table_(std::move(table)),
        columns_(columns),
        size_(space.work().disk().checkpoints().table_part) {}

  void add(const ArrowArray& batch) {
    if (!encoder_) begin();
    encoder_->add(bytes_, batch);
    parts_.back().rows += batch.length;
    flush();
    if (parts_.back().bytes >= size_) end();
  }
  void add_empty() {
    begin();
    end();
  }
  void end() {
    if (!encoder_) return;
    std::exchange(encoder_, nullptr)->end(bytes_);
    flush();
    parts_.back().sha256 = to_hex(digest_.finish());
  }
  void hand_over(TablesRecord& record, std::vector<files::OutputFile>& files) {
    std::move(parts_.begin(), parts_.end(), std::back_inserter(record.parts));
    std::move(files_.begin(), files_.end(), std::back_inserter(files));
  }

 private:
  void begin() {
    encoder_ = tables::make_arrow_encoder(columns_);
    digest_ = crypto::Sha256();
    files_.push_back(space_.new_partial_file());
    parts_.push_back({table_, "", 0, 0, ""});
    encoder_->begin(bytes_);
  }
  void flush() {
    const ByteView bytes = as_bytes(bytes_);
    digest_.update(bytes);
    files_.back().write(bytes);
    parts_.back().bytes += static_cast<std::int64_t>(bytes.size());
    bytes_.clear();
  }

  transfer::Workspace& space_;
  std::string table_;
  const std::vector<tables::Column>& columns_;
  const std::int64_t size_;                   // of a part that is full
  std::unique_ptr<tables::Encoder> encoder_;  // of the part that is being written
  crypto::Sha256 digest_;
  std::string bytes_;
  std::vector<TablePart> parts_;
  std::vector<files::OutputFile> files_;
};

// A published file whose rows are in no part yet.
struct Source {
  std::string path, sha256;
  std::int64_t bytes = 0;
  bool is_mixed = false;  // it may have resources of other types too
};

std::vector<std::string> checked_tables(const Settings& settings) {
  std::vector<std::string> names = settings.list("tables");
  for (const std::string& name : names)
    if (!tables::find_preset(name, tables::Generation::v3)) tables::refuse_preset(name);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::size_t thread_count(const Settings& settings) {
  const std::int64_t wanted = settings.integer("threads");
  return wanted > 0 ? static_cast<std::size_t>(wanted) : std::max(1u, std::thread::hardware_concurrency());
}

class Parts : public TableParts {
 public:
  Parts(world::World& world, const Settings& settings, std::vector<std::string> names,
        std::optional<tables::Generation> generation, transfer::Workspace& space, const Outcome& outcome)
      : world_(world),
        space_(space),
        outcome_(outcome),
        names_(std::move(names)),
        generation_(generation),
        keeps_files_(settings.boolean("keep_ndjson")),
        together_(world.disk().checkpoints().table_input),
        workers_(world.make_workers(thread_count(settings), "bcda-table")) {
    for (const std::string& name : names_)
      types_.push_back(tables::request_table(name, {}).definition(tables::Generation::v3).resource);
  }

  Task<> take_up() override {
    co_await world::run_on(*workers_, [&] {
      for (const TablesRecord& record : space_.earlier().tables) take_up(record);
    });
  }

  bool replace(const transfer::FileRecord& file) const override {
    const std::lock_guard lock(mutex_);
    const auto found = held_.find(file.path);
    return !keeps_files_ && found != held_.end() && found->second == file.facts.sha256;
  }

  Task<> add(const std::string& path, const FileResult& file) override {
    std::vector<Source> enough;
    {
      const std::lock_guard lock(mutex_);
      if (file.kind != FileKind::data || !may_have(types_, file.type) || held_.contains(path)) co_return;
      waiting_.push_back(source(path, file.type, file.facts.bytes, file.facts.sha256));
      waiting_bytes_ += file.facts.bytes;
      if (waiting_bytes_ < together_) co_return;
      waiting_bytes_ = 0;
      enough = std::exchange(waiting_, {});
    }
    co_await make(enough);
  }

  Task<> finish(const FileList& files) override {
    std::vector<Source> left;
    co_await world::run_on(*workers_, [&] { left = what_is_left(files); });
    while (!left.empty()) {
      std::int64_t bytes = 0;
      auto end = left.begin();
      while (end != left.end() && bytes < together_) bytes += (end++)->bytes;
      co_await make({left.begin(), end});
      left.erase(left.begin(), end);
    }
    co_await make({});
  }

  json::array describe() const override {
    const std::lock_guard lock(mutex_);
    std::map<std::string, const TablePart*> parts;
    for (const TablesRecord& record : made_)
      for (const TablePart& part : record.parts) parts[part.path] = &part;
    json::array described;
    for (const auto& [path, part] : parts) described.push_back(transfer::describe(*part));
    return described;
  }

  bool replace_held(const world::Workers::Period& began) override { return workers_->replace_held(began); }

 private:
  struct Made {
    TablesRecord record;
    std::vector<files::OutputFile> files;
  };

  Source source(std::string path, std::string_view type, std::int64_t bytes, std::string sha256) const {
    const bool is_one_type = std::find(types_.begin(), types_.end(), type) != types_.end();
    return {std::move(path), std::move(sha256), bytes, !is_one_type};
  }

  void check_stopped() const {
    if (outcome_.stopped()) throw Error(Status::CANCELED, "canceled");
  }

  // ---- What earlier runs made ----------------------------------------------------------------------------------------

  void take_up(const TablesRecord& record) {
    for (const TablePart& part : record.parts) ++numbers_[part.table];
    const auto is_there = [&](const TablePart& part) {
      return space_.published().is_still(record_of(part), [this] { check_stopped(); });
    };
    if (record.tables != names_ || !std::all_of(record.parts.begin(), record.parts.end(), is_there))
      return remove_parts(record);
    // A later record of a file stands for an earlier one, whose parts may have come back after a loss of power.
    drop([&](const TablesRecord& other) {
      return std::any_of(record.files.begin(), record.files.end(),
                         [&](const auto& file) { return other.files.contains(file.first); });
    });
    keep(record);
  }

  void remove_parts(const TablesRecord& record) {
    for (const TablePart& part : record.parts) space_.published().remove(record_of(part));
  }

  void keep(TablesRecord record) {
    const std::lock_guard lock(mutex_);
    for (const auto& [path, sha256] : record.files) held_[path] = sha256;
    made_.push_back(std::move(record));
  }

  // Removes the tables that `is_wrong` names. Their files are in no part any more.
  void drop(const std::function<bool(const TablesRecord&)>& is_wrong) {
    const std::lock_guard lock(mutex_);
    const auto first = std::stable_partition(made_.begin(), made_.end(),
                                             [&](const TablesRecord& record) { return !is_wrong(record); });
    for (auto wrong = first; wrong != made_.end(); ++wrong) {
      remove_parts(*wrong);
      for (const auto& [path, sha256] : wrong->files) held_.erase(path);
    }
    made_.erase(first, made_.end());
  }

  // The published files that no part holds as they are now.
  std::vector<Source> what_is_left(const FileList& files) {
    std::vector<Source> all;
    std::map<std::string_view, std::string_view> digests;
    for (std::size_t i = 0; i < files.size(); ++i) {
      const StoredFile& file = files[i];
      if (file.kind() != FileKind::data || !may_have(types_, file.type())) continue;
      all.push_back(source(file.path() + space_.path().size() + 1, file.type(), file.bytes(), file.sha256()));
    }
    for (const Source& file : all) digests[file.path] = file.sha256;
    drop([&](const TablesRecord& record) {
      return !std::all_of(record.files.begin(), record.files.end(), [&](const auto& file) {
        const auto found = digests.find(file.first);
        return found != digests.end() && found->second == file.second;
      });
    });
    std::erase_if(all, [&](const Source& file) { return held_.contains(file.path); });
    return all;
  }

  // ---- New parts -----------------------------------------------------------------------------------------------------

  // Without files: an empty part of each table that has none.
  Task<> make(std::vector<Source> sources) {
    Made made;
    co_await world::run_on(*workers_, [&] { made = read(sources); });
    if (sources.empty() && made.files.empty()) co_return;
    co_await world::run_on(world_.disk_workers(), [&] { publish(made, sources); });
  }

  Made read(const std::vector<Source>& sources) {
    std::vector<tables::TableRequest> requests;
    for (const std::string& name : names_) requests.push_back(tables::request_table(name, {}));
    tables::Scan scan(std::move(requests), {});
    scan.read([this, &sources, next = sources.begin()]() mutable -> std::optional<tables::ScanFile> {
      if (next == sources.end()) return std::nullopt;
      return scan_file(*next++);
    });
    std::vector<PartWriter> writers;
    for (std::size_t i = 0; i < names_.size(); ++i) writers.emplace_back(space_, names_[i], scan.columns(i));
    ArrowArray batch{};
    while (const auto table = scan.next(batch)) {
      const std::unique_ptr<ArrowArray, void (*)(ArrowArray*)> owned(&batch, [](ArrowArray* a) { a->release(a); });
      writers[*table].add(batch);
    }
    Made made;
    made.record.tables = names_;
    for (const Source& file : sources) made.record.files[file.path] = file.sha256;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (sources.empty() && !has_part(names_[i])) writers[i].add_empty();
      writers[i].end();
      writers[i].hand_over(made.record, made.files);
    }
    return made;
  }

  tables::ScanFile scan_file(const Source& source) const {
    const std::string shown = space_.path() + "/" + source.path;
    return {
        .path = shown,
        .generation = generation_,
        .wants =
            [this](std::int64_t) {
              check_stopped();
              return true;
            },
        .open =
            [this, shown, &source] {
              auto file = space_.published().open(source.path);
              if (!file || file->size() != source.bytes)
                throw std::move(Error(Status::VERIFICATION, shown + " was changed or removed after it was published; " +
                                                                "the same export again fetches it anew")
                                    .at_file(shown));
              return ndjson::Reader(std::move(*file).take(), shown);
            }};
  }

  bool has_part(const std::string& table) const {
    const std::lock_guard lock(mutex_);
    return std::any_of(made_.begin(), made_.end(), [&](const TablesRecord& record) {
      return std::any_of(record.parts.begin(), record.parts.end(),
                         [&](const auto& part) { return part.table == table; });
    });
  }

  void publish(Made& made, const std::vector<Source>& sources) {
    {
      const std::lock_guard lock(mutex_);
      for (TablePart& part : made.record.parts) part.path = path_of(part.table, ++numbers_[part.table]);
    }
    space_.publish(made.record, made.files);
    keep(std::move(made.record));
    if (keeps_files_) return;
    for (const Source& source : sources) {
      transfer::FileRecord file;
      file.path = source.path;
      file.facts.bytes = source.bytes;
      file.facts.sha256 = source.sha256;
      if (!source.is_mixed) space_.published().remove(file);
    }
  }

  static std::string path_of(const std::string& table, int number) {
    const std::string digits = std::to_string(number);
    return std::string(transfer::kTablesDirectory) + "/" + table + "/" +
           std::string(digits.size() < 5 ? 5 - digits.size() : 0, '0') + digits + ".arrow";
  }

  world::World& world_;
  transfer::Workspace& space_;
  const Outcome& outcome_;
  const std::vector<std::string> names_;  // sorted
  const std::optional<tables::Generation> generation_;
  const bool keeps_files_;
  const std::int64_t together_;     // bytes of files whose rows share parts
  std::vector<std::string> types_;  // of the resources
  std::unique_ptr<world::Workers> workers_;

  mutable std::mutex mutex_;
  std::vector<TablesRecord> made_;
  std::map<std::string, std::string> held_;  // the SHA-256 of the files in made_, by path
  std::vector<Source> waiting_;
  std::int64_t waiting_bytes_ = 0;
  std::map<std::string, int> numbers_;  // of the last part, by table
};

}  // namespace

std::unique_ptr<TableParts> make_table_parts(world::World& world, const Settings& settings, const json::object& request,
                                             transfer::Workspace& space, const Outcome& outcome) {
  std::vector<std::string> names = checked_tables(settings);
  if (names.empty()) return nullptr;
  return std::make_unique<Parts>(world, settings, std::move(names), generation_of_request(request), space, outcome);
}

}  // namespace libbcda::runtime
