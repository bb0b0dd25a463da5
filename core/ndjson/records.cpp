#include "ndjson/records.hpp"

#include <utility>

namespace libbcda::ndjson {

std::optional<std::string_view> Records::next() {
  if (failure_) throw *failure_;
  try {
    return find();
  } catch (...) {
    failure_ = current_error();
    throw;
  }
}

std::optional<std::string_view> Records::find() {
  for (;;) {
    while (file_) {
      const auto line = file_->reader.next();
      if (!line) break;
      if (!file_->wants || file_->wants(file_->reader.line())) return line;
    }
    if (!files_) return std::nullopt;
    file_.reset();  // its bytes may come from what `files_` ends, also if that throws
    std::optional<File> next = files_();
    if (!next) return std::nullopt;
    file_.emplace(std::move(*next));
  }
}

}  // namespace libbcda::ndjson
