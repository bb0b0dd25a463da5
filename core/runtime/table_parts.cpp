#include "runtime/table_parts.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <utility>

#include "base/version.hpp"
#include "crypto/digest.hpp"
#include "runtime/digest_check.hpp"
#include "runtime/outcome.hpp"
#include "runtime/table_source.hpp"
#include "tables/encoder.hpp"
#include "tables/presets.hpp"
#include "tables/scan.hpp"

namespace libbcda::runtime {
namespace {

using crypto::short_digest;
using transfer::TablePart;
using transfer::TablesRecord;

// Small enough to stay in the cache of the processor.
constexpr tables::BatchBuilder::Limits kBatch{.rows = 8 << 10, .bytes = 4 << 20};

// Parts that have no names yet.
struct Unpublished {
  TablesRecord record;
  std::vector<files::OutputFile> files;
};

// Writes the batches of one table to files in the work directory.
class PartWriter {
 public:
  PartWriter(transfer::Workspace& space, std::string table, const std::vector<tables::Column>& columns)
      : space_(space),
        table_(std::move(table)),
        columns_(columns),
        full_size_(space.work().disk().checkpoints().table_part) {}

  void add(const ArrowArray& batch) {
    if (!encoder_) begin();
    encoder_->add(bytes_, batch);
    parts_.back().rows += batch.length;
    flush();
    if (parts_.back().bytes >= full_size_) end();
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
    files_.back().end();
  }
  void hand_over(Unpublished& to) {
    std::move(parts_.begin(), parts_.end(), std::back_inserter(to.record.parts));
    std::move(files_.begin(), files_.end(), std::back_inserter(to.files));
  }

 private:
  void begin() {
    encoder_ = tables::make_arrow_encoder(table_, columns_);
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
  const std::string table_;
  const std::vector<tables::Column>& columns_;
  const std::int64_t full_size_;
  std::unique_ptr<tables::Encoder> encoder_;  // of the part that is being written
  crypto::Sha256 digest_;
  std::string bytes_;
  std::vector<TablePart> parts_;
  std::vector<files::OutputFile> files_;
};

// A published file whose rows are in no part yet.
struct Source {
  transfer::FileRecord file;
  files::Stamp stamp = {};   // not known if an earlier run published it
  bool is_replaced = false;  // found out while it is read: all its records are in some table
};

Error changed(const std::string& path) {
  return std::move(Error(Status::VERIFICATION, path + " was changed or removed after it was verified; move it away, " +
                                                   "and the same export again fetches it anew")
                       .at_file(path));
}

std::size_t thread_count(const Settings& settings) {
  const std::int64_t wanted = settings.integer("threads");
  return wanted > 0 ? static_cast<std::size_t>(wanted) : std::max(1u, std::thread::hardware_concurrency());
}

// The number in a path tables/TABLE/NUMBER.arrow.
int number_of(const TablePart& part) {
  int number = 0;
  const std::size_t begin = part.path.rfind('/') + 1;
  std::from_chars(part.path.data() + begin, part.path.data() + part.path.size(), number);
  return number;
}

std::string path_of(const std::string& table, int number) {
  const std::string digits = std::to_string(number);
  return std::string(transfer::kTablesDirectory) + "/" + table + "/" +
         std::string(digits.size() < 5 ? 5 - digits.size() : 0, '0') + digits + std::string(transfer::kPartEnding);
}

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

class Parts : public TableParts {
 public:
  Parts(world::World& world, const Settings& settings, std::optional<tables::Generation> generation,
        transfer::Workspace& space, const Outcome& outcome)
      : world_(world),
        space_(space),
        directory_(space.path()),
        outcome_(outcome),
        tables_(sorted(settings.list("tables"))),
        generation_(generation),
        keeps_files_(settings.boolean("keep_ndjson")),
        bytes_together_(world.disk().checkpoints().table_input),
        workers_(world.make_workers(thread_count(settings), "bcda-table")) {
    for (const std::string& name : tables_) types_.push_back(tables::request_table(name, {}).resource());
  }

  Task<> take_up() override {
    co_await world::run_on(*workers_, [&] {
      for (const TablesRecord& record : space_.earlier().tables) take_up(record);
    });
  }

  bool stand_for(const transfer::FileRecord& file) const override {
    const std::lock_guard lock(mutex_);
    const Covered* covered = find(file);
    return !keeps_files_ && covered && covered->is_replaced;
  }

  std::vector<bool> stand_for(const FileList& files) const override {
    if (keeps_files_) return {};
    std::vector<bool> found(files.size());
    for (std::size_t i = 0; i < files.size(); ++i) found[i] = stand_for(source_of(files[i]).file);
    return found;
  }

  Task<> add(const std::string& path, const FileResult& file) override {
    std::vector<Source> batch;
    {
      const std::lock_guard lock(mutex_);
      Source source = source_of(path, file);
      if (!is_wanted(file.kind, file.type) || find(source.file)) co_return;
      waiting_.push_back(std::move(source));
      waiting_bytes_ += file.facts.bytes;
      if (waiting_bytes_ < bytes_together_) co_return;
      waiting_bytes_ = 0;
      batch = std::exchange(waiting_, {});
    }
    co_await make(batch);
  }

  Task<> finish(const FileList& files) override {
    std::vector<Source> left;
    co_await world::run_on(*workers_, [&] {
      drop_outdated(files);
      left = what_is_left(files);
      waiting_.clear();
    });
    while (!left.empty()) {
      std::int64_t bytes = 0;
      auto end = left.begin();
      while (end != left.end() && bytes < bytes_together_) bytes += (end++)->file.facts.bytes;
      std::vector<Source> batch(left.begin(), end);
      left.erase(left.begin(), end);
      co_await make(batch);
    }
    std::vector<Source> none;
    co_await make(none);
    co_await world::run_on(*workers_, [&] { remove_replaced(files); });
  }

  json::array describe() const override {
    const std::lock_guard lock(mutex_);
    std::map<std::string, const TablePart*> parts;
    for (const auto& [number, record] : records_)
      for (const TablePart& part : record.parts) parts[part.path] = &part;
    json::array described;
    for (const auto& [path, part] : parts) described.push_back(transfer::describe(*part));
    return described;
  }

  bool replace_held(const world::Workers::Period& began) override { return workers_->replace_held(began); }

 private:
  // A file whose rows are in the parts of a record. Its path is known by a digest, because there may be very many.
  struct Covered {
    int record = 0;
    std::uint64_t sha256 = 0;  // a digest of that text
    bool is_replaced = false;
  };
  // What is left of a TablesRecord.
  struct Kept {
    std::vector<TablePart> parts;
    std::size_t files = 0;
  };

  void check_stopped() const {
    if (outcome_.stopped()) throw Error(Status::CANCELED, "canceled");
  }
  std::function<void()> step() const {
    return [this] { check_stopped(); };
  }
  bool is_wanted(FileKind kind, std::string_view type) const {
    return kind == FileKind::data && may_have(types_, type);
  }
  static Source source_of(std::string path, const FileResult& file) {
    Source source;
    source.file.path = std::move(path);
    source.file.type = file.type;
    source.file.facts = file.facts;
    source.stamp = file.stamp;
    return source;
  }
  Source source_of(const StoredFile& file) const {
    return source_of(file.path() + directory_.size() + 1, file.result());
  }
  // Null if no part has the rows of this file as it is. Needs the lock.
  const Covered* find(const transfer::FileRecord& file) const {
    const auto found = covered_.find(short_digest(file.path));
    const bool is_it = found != covered_.end() && found->second.sha256 == short_digest(file.facts.sha256);
    return is_it ? &found->second : nullptr;
  }

  // ---- What there is -------------------------------------------------------------------------------------------------

  void take_up(const TablesRecord& record) {
    for (const TablePart& part : record.parts) numbers_[part.table] = std::max(numbers_[part.table], number_of(part));
    bool is_whole = record.tables == tables_ && record.version == kVersion;
    for (const TablePart& part : record.parts) {
      const transfer::FileRecord file = record_of(part);
      const bool is_there = space_.published().has(part.path);
      if (is_there && !space_.published().is_still(file, step())) throw space_.published().changed(file);
      is_whole = is_whole && is_there;
    }
    if (!is_whole) return remove(record.parts);
    // A later record of a file stands for an earlier one, whose parts may have come back after a loss of power.
    for (const auto& [path, file] : record.files)
      if (const auto earlier = covered_.find(short_digest(path)); earlier != covered_.end())
        drop(earlier->second.record);
    keep(record);
  }

  void keep(const TablesRecord& record) {
    const std::lock_guard lock(mutex_);
    const int number = ++last_record_;
    for (const auto& [path, file] : record.files)
      covered_[short_digest(path)] = {number, short_digest(file.sha256), file.is_replaced};
    records_[number] = {record.parts, record.files.size()};
  }

  // Removes the parts of a record. No part has the rows of its files any more.
  void drop(int record) {
    std::vector<TablePart> parts;
    {
      const std::lock_guard lock(mutex_);
      parts = std::move(records_.at(record).parts);
      records_.erase(record);
      std::erase_if(covered_, [&](const auto& file) { return file.second.record == record; });
    }
    remove(parts);
  }

  void remove(const std::vector<TablePart>& parts) {
    for (const TablePart& part : parts) space_.published().remove(record_of(part), step());
    if (space_.durability() == files::Durability::power) space_.published().sync();
  }

  // Drops the records with a file that was not published now, or as another one.
  void drop_outdated(const FileList& files) {
    std::map<int, std::size_t> found;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [number, record] : records_) found[number] = 0;
      for (std::size_t i = 0; i < files.size(); ++i)
        if (const Covered* covered = find(source_of(files[i]).file)) ++found[covered->record];
      std::erase_if(found, [&](const auto& record) { return record.second == records_.at(record.first).files; });
    }
    for (const auto& [number, count] : found) drop(number);
  }

  std::vector<Source> what_is_left(const FileList& files) const {
    const std::lock_guard lock(mutex_);
    std::unordered_map<std::uint64_t, files::Stamp> stamps;
    for (const Source& source : waiting_) stamps[short_digest(source.file.path)] = source.stamp;
    std::vector<Source> left;
    for (std::size_t i = 0; i < files.size(); ++i) {
      if (!is_wanted(files[i].kind(), files[i].type())) continue;
      Source source = source_of(files[i]);
      if (const auto stamp = stamps.find(short_digest(source.file.path)); stamp != stamps.end())
        source.stamp = stamp->second;
      if (!find(source.file)) left.push_back(std::move(source));
    }
    return left;
  }

  // Also those that an earlier run left, because it ended before it removed them.
  void remove_replaced(const FileList& files) {
    for (std::size_t i = 0; i < files.size() && !keeps_files_; ++i)
      if (const transfer::FileRecord file = source_of(files[i]).file; stand_for(file)) remove_replaced(file);
  }

  void remove_replaced(const transfer::FileRecord& file) {
    space_.published().remove(file, [this] {
      check_stopped();
      space_.check_still_ours();
    });
  }

  // ---- New parts -----------------------------------------------------------------------------------------------------

  // Without sources: an empty part of each table that has none.
  Task<> make(std::vector<Source>& sources) {
    Unpublished parts;
    co_await world::run_on(*workers_, [&] { parts = read(sources); });
    if (parts.record.files.empty() && parts.files.empty()) co_return;
    co_await world::run_on(world_.disk_workers(), [&] {
      Unpublished mine = std::move(parts);  // destroyed here, because that may remove large files
      publish(mine);
    });
    co_await world::run_on(*workers_, [&] {
      for (const Source& source : sources)
        if (!keeps_files_ && source.is_replaced) remove_replaced(source.file);
    });
  }

  Unpublished read(std::vector<Source>& sources) {
    std::vector<tables::TableRequest> requests;
    for (const std::string& name : tables_) requests.push_back(tables::request_table(name, {}));
    tables::Scan scan(std::move(requests), kBatch);
    scan.read(files_of(sources, scan));
    std::vector<PartWriter> writers;
    for (std::size_t i = 0; i < tables_.size(); ++i) writers.emplace_back(space_, tables_[i], scan.columns(i));
    ArrowArray batch{};
    while (const auto table = scan.next(batch)) {
      const std::unique_ptr<ArrowArray, void (*)(ArrowArray*)> owned(&batch, [](ArrowArray* a) { a->release(a); });
      writers[*table].add(batch);
    }
    Unpublished made;
    made.record.version = kVersion;
    made.record.tables = tables_;
    for (const Source& source : sources)
      made.record.files[source.file.path] = {source.file.facts.sha256, source.is_replaced};
    for (PartWriter& writer : writers) writer.end();
    for (std::size_t i = 0; i < tables_.size(); ++i) {
      if (sources.empty() && !has_part(tables_[i])) writers[i].add_empty();
      writers[i].hand_over(made);
    }
    return made;
  }

  // The files of the scan. When the next one is asked for, the one before it was read to its end.
  tables::Scan::Files files_of(std::vector<Source>& sources, const tables::Scan& scan) const {
    return [this, &sources, &scan, next = std::size_t{0},
            unused = std::int64_t{0}]() mutable -> std::optional<tables::ScanFile> {
      if (next > 0) {
        const bool is_of_one_type =
            std::find(types_.begin(), types_.end(), sources[next - 1].file.type) != types_.end();
        sources[next - 1].is_replaced = is_of_one_type && scan.unused() == unused;
        unused = scan.unused();
      }
      if (next == sources.size()) return std::nullopt;
      return scan_file(sources[next++]);
    };
  }

  // A file that this run has verified is not verified again if nobody has written to it since.
  tables::ScanFile scan_file(const Source& source) const {
    const std::string shown = directory_ + "/" + source.file.path;
    const auto open = [this, &record = source.file, stamp = source.stamp, shown] {
      auto file = space_.published().open(record.path);
      if (!file || file->size() != record.facts.bytes) throw changed(shown);
      const bool is_known = file->stamp() == stamp;
      files::Fd fd = std::move(*file).take();
      if (!is_known)
        return ndjson::Reader(std::move(fd), shown, [this, check = DigestCheck(record.facts.sha256, [shown] {
                                                             return changed(shown);
                                                           })](ByteView block) mutable {
          check_stopped();
          check(block);
        });
      return ndjson::Reader(std::move(fd), shown, [this, &record, stamp, shown](ByteView block) {
        check_stopped();
        if (block.empty() && !is_as_written(record.path, stamp)) throw changed(shown);
      });
    };
    return {shown, generation_, {}, open};
  }

  bool is_as_written(const std::string& path, const files::Stamp& stamp) const {
    const auto file = space_.published().open(path);
    return file && file->stamp() == stamp;
  }

  bool has_part(const std::string& table) const {
    const std::lock_guard lock(mutex_);
    return std::any_of(records_.begin(), records_.end(), [&](const auto& record) {
      return std::any_of(record.second.parts.begin(), record.second.parts.end(),
                         [&](const TablePart& part) { return part.table == table; });
    });
  }

  void publish(Unpublished& parts) {
    check_stopped();
    {
      const std::lock_guard lock(mutex_);
      for (TablePart& part : parts.record.parts) part.path = path_of(part.table, ++numbers_[part.table]);
    }
    space_.publish(parts.record, parts.files);
    keep(parts.record);
  }

  world::World& world_;
  transfer::Workspace& space_;
  const std::string directory_;  // of the workspace, for calls after its end
  const Outcome& outcome_;
  const std::vector<std::string> tables_;  // sorted
  const std::optional<tables::Generation> generation_;
  const bool keeps_files_;
  const std::int64_t bytes_together_;  // of files whose rows share parts
  std::vector<std::string> types_;     // of the resources
  std::unique_ptr<world::Workers> workers_;

  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, Covered> covered_;  // by a digest of the path
  std::map<int, Kept> records_;
  int last_record_ = 0;
  std::vector<Source> waiting_;
  std::int64_t waiting_bytes_ = 0;
  std::map<std::string, int> numbers_;  // of the last part, by table
};

}  // namespace

void check_tables(const Settings& settings) {
  for (const std::string& name : settings.list("tables"))
    if (!tables::find_preset(name, tables::Generation::v3)) tables::refuse_preset(name);
}

std::unique_ptr<TableParts> make_table_parts(world::World& world, const Settings& settings, const json::object& request,
                                             transfer::Workspace& space, const Outcome& outcome) {
  if (settings.list("tables").empty()) return nullptr;
  return std::make_unique<Parts>(world, settings, generation_of_request(request), space, outcome);
}

}  // namespace libbcda::runtime
