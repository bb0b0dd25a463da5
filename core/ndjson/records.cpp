#include "ndjson/records.hpp"

#include <utility>

namespace libbcda::ndjson {

std::optional<std::string_view> Records::next() {
  for (;;) {
    while (file_) {
      const auto line = file_->reader.next();
      if (!line) break;
      if (!file_->wants || file_->wants(file_->reader.line())) return line;
    }
    std::optional<File> next = files_ ? files_() : std::nullopt;
    if (!next) return std::nullopt;
    file_.emplace(std::move(*next));
  }
}

}  // namespace libbcda::ndjson
