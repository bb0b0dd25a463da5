// Reads NDJSON files once, and makes batches of several tables.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ndjson/reader.hpp"
#include "tables/batch.hpp"
#include "tables/record.hpp"
#include "tables/view.hpp"

namespace libbcda::tables {

struct TableRequest {
  ViewDefinition definition;
  ViewOptions options;
};

class Scan {
 public:
  // `files` are read one after the other. Throws Error{INVALID_ARGUMENT} for a view that is wrong.
  Scan(std::vector<std::string> files, const std::vector<TableRequest>& tables, BatchBuilder::Limits limits);

  const View& view(std::size_t table) const { return *tables_[table]->view; }

  // Makes the next batch, which the caller releases, and returns its table. nullopt after the last one. Throws
  // Error{FILESYSTEM, RECORD, LIMIT} with the file, and the line in the message; after that it is at its end.
  std::optional<std::size_t> next(ArrowArray& out);

 private:
  struct Table {
    std::unique_ptr<View> view;
    std::unique_ptr<BatchBuilder> builder;
    bool wanted = true;
  };

  bool read_record();
  std::optional<std::size_t> take(bool only_full, ArrowArray& out);

  std::vector<std::string> files_;
  Projection projection_;
  std::vector<std::unique_ptr<Table>> tables_;
  RecordParser parser_{projection_};
  std::size_t next_file_ = 0;
  std::unique_ptr<ndjson::Reader> reader_;
};

}  // namespace libbcda::tables
