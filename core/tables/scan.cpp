#include "tables/scan.hpp"

#include "base/error.hpp"

namespace libbcda::tables {
namespace {

Error record_error(const std::string& file, std::int64_t line, const std::string& what) {
  return std::move(Error(Status::RECORD, file + ": the record in line " + std::to_string(line) + " " + what).at_file(file));
}

}  // namespace

Scan::Scan(std::vector<std::string> files, const std::vector<TableRequest>& tables, BatchBuilder::Limits limits)
    : files_(std::move(files)) {
  for (const TableRequest& request : tables) {
    auto table = std::make_unique<Table>();
    table->view = std::make_unique<View>(request.definition, request.options, projection_);
    table->builder = std::make_unique<BatchBuilder>(table->view->columns(), limits);
    tables_.push_back(std::move(table));
  }
}

bool Scan::read_record() {
  for (;;) {
    if (!reader_) {
      if (next_file_ == files_.size()) return false;
      reader_ = std::make_unique<ndjson::Reader>(files_[next_file_++]);
    }
    const auto line = reader_->next();
    if (!line) {
      reader_.reset();
      continue;
    }
    const std::string& file = files_[next_file_ - 1];
    try {
      const Node& record = parser_.parse(*line);
      for (const auto& table : tables_)
        table->view->rows(record, [&](const std::vector<Cell>& row) { table->builder->add(row); });
    } catch (const MalformedRecord& malformed) {
      throw record_error(file, reader_->line(), malformed.reason);
    } catch (const RowError& error) {
      throw record_error(file, reader_->line(), error.what);
    }
    return true;
  }
}

std::optional<std::size_t> Scan::take(bool only_full, ArrowArray& out) {
  for (std::size_t i = 0; i < tables_.size(); ++i) {
    BatchBuilder& builder = *tables_[i]->builder;
    if (builder.rows() == 0 || (only_full && !builder.full())) continue;
    builder.take(out);
    return i;
  }
  return std::nullopt;
}

std::optional<std::size_t> Scan::next(ArrowArray& out) {
  for (;;) {
    if (const auto table = take(true, out)) return table;
    if (!read_record()) return take(false, out);
  }
}

}  // namespace libbcda::tables
