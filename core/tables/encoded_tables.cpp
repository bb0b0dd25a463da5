#include "tables/encoded_tables.hpp"

#include <utility>

namespace libbcda::tables {

EncodedTables::EncodedTables(Scan& scan, std::string_view format) : scan_(scan), format_(format) {
  for (std::size_t i = 0; i < scan.size(); ++i) files_.push_back({make_encoder(format, scan.name(i), scan.columns(i))});
}

std::optional<std::size_t> EncodedTables::next(std::string_view& piece) {
  piece_.clear();
  if (std::exchange(has_failed_, true)) return std::nullopt;  // until this call has succeeded
  std::optional<std::size_t> table = ended_ == 0 ? add_batch() : std::nullopt;
  if (!table && ended_ < files_.size()) {
    table = ended_++;
    begin(files_[*table]);
    files_[*table].encoder->end(piece_);
  }
  has_failed_ = false;
  piece = piece_;
  return table;
}

void EncodedTables::begin(File& file) {
  if (!std::exchange(file.has_begun, true)) file.encoder->begin(piece_);
}

std::optional<std::size_t> EncodedTables::add_batch() {
  ArrowArray batch{};
  const auto table = scan_.next(batch);
  if (!table) return table;
  const std::unique_ptr<ArrowArray, void (*)(ArrowArray*)> owned(&batch,
                                                                 [](ArrowArray* array) { array->release(array); });
  begin(files_[*table]);
  files_[*table].encoder->add(piece_, batch);
  return table;
}

}  // namespace libbcda::tables
