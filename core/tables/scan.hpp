// Reads NDJSON files once, and makes batches of several tables.
#pragma once
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ndjson/reader.hpp"
#include "tables/batch.hpp"
#include "tables/generation.hpp"
#include "tables/raw.hpp"
#include "tables/record.hpp"
#include "tables/view.hpp"

namespace libbcda::tables {

struct TableRequest {
  // A preset has a definition for each generation, with the same columns.
  std::function<ViewDefinition(Generation)> definition;
  bool depends_on_generation = true;
  ViewOptions options;
  bool is_raw = false;  // RawTable: it has no definition

  // The resource type whose records it reads; "": all.
  std::string resource() const { return is_raw ? "" : definition(Generation::v3).resource; }
};

// The request for a table by its name ("raw" too), or by the JSON text of a ViewDefinition. Throws Error{INVALID_ARGUMENT}.
TableRequest request_table(const std::string& name_or_view, ViewOptions options);

struct ScanFile {
  std::string path;
  std::optional<Generation> generation;          // nullopt: each record says it
  std::function<bool(std::int64_t)> wants = {};  // whether the record in this line is read; empty: all are
  std::function<ndjson::Reader()> open = {};     // empty: by its path
  bool is_read_once = false;                     // `open` may be called only once
  std::string type = {};                         // of its resources; "": not known
  std::int64_t bytes = -1;                       // -1: not known
  std::string sha256 = {};                       // "": not known
  std::int64_t last_line = 0;                    // with `wants`: no record after this line is read
};

// The types of files that some tables need; {}: any type.
std::vector<std::string> types_of(const std::vector<TableRequest>& tables);

class Scan {
 public:
  // Returns the next file, or nullopt. It is called while the scan goes on, so the list need not be in memory.
  using Files = std::function<std::optional<ScanFile>()>;

  // Throws Error{INVALID_ARGUMENT} for a view that is wrong.
  Scan(std::vector<TableRequest> tables, BatchBuilder::Limits limits);
  ~Scan();

  // Says what to read; once, before next().
  void read(Files files) { files_ = std::move(files); }

  std::size_t size() const { return tables_.size(); }
  const std::vector<Column>& columns(std::size_t table) const;
  const std::string& name(std::size_t table) const;  // "": its view has none
  bool depends_on_generation() const { return depends_on_generation_; }
  void schema(std::size_t table, ArrowSchema& out) const;
  std::int64_t rows(std::size_t table) const { return rows_[table]; }  // that were handed out
  std::int64_t nulled() const;                                         // values that did not fit their column or a path
  std::int64_t files() const { return file_count_; }                   // that were begun
  std::int64_t bytes() const { return bytes_ + (reader_ ? reader_->consumed() : 0); }  // that were read of them
  std::int64_t unused() const { return unused_; }  // records that are in no table: see View::rows

  // Makes the next batch, which the caller releases, and returns its table. nullopt after the last one. Throws
  // Error{FILESYSTEM, RECORD, LIMIT} with the file, and the line in the message; the scan is at its end then.
  std::optional<std::size_t> next(ArrowArray& out);

 private:
  struct Pass;

  // A batch that waits to be handed out.
  struct Ready {
    Ready() = default;
    Ready(const Ready&) = delete;
    Ready& operator=(const Ready&) = delete;
    ~Ready() {
      if (batch.release) batch.release(&batch);
    }
    std::size_t table = 0;
    ArrowArray batch{};
  };

  Pass& pass_of(Generation generation);
  bool open_next();
  bool read_record();
  const Node& parse(std::string_view line);
  void add_rows(std::string_view line);  // throws RowError, MalformedRecord
  void finish_batch(std::size_t table);
  void read_until_ready();

  Files files_;
  std::vector<TableRequest> tables_;
  std::vector<std::unique_ptr<RawTable>> raw_;  // by table; null: it is a view
  std::vector<std::unique_ptr<BatchBuilder>> builders_;
  bool depends_on_generation_ = false, has_views_ = false;
  bool allows_misfits_ = false;  // on_error=null
  std::map<Generation, std::unique_ptr<Pass>> passes_;
  ScanFile file_;
  std::string shown_path_;  // in the table raw
  std::unique_ptr<ndjson::Reader> reader_;
  Pass* pass_ = nullptr;  // of the last record
  std::vector<std::int64_t> rows_;
  std::int64_t unused_ = 0, misfits_ = 0;
  std::int64_t file_count_ = 0, bytes_ = 0;   // bytes: of the files that were read to their end
  std::deque<std::unique_ptr<Ready>> ready_;  // one record may fill several batches
  bool is_at_end_ = false;
};

}  // namespace libbcda::tables
