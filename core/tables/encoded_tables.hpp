// The tables of a scan as files, piece by piece.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tables/encoder.hpp"
#include "tables/scan.hpp"

namespace libbcda::tables {

class EncodedTables {
 public:
  // `scan` must outlive it. Throws Error{INVALID_ARGUMENT} if there is no such format.
  EncodedTables(Scan& scan, std::string_view format);

  const std::string& format() const { return format_; }

  // Makes the next piece of some file, which is valid until the next call, and returns the table of that file. nullopt
  // when all files are complete, and after a failure. The first bytes of a file come with its first batch, so a scan that
  // fails at once writes nothing. Throws what Scan::next() throws.
  std::optional<std::size_t> next(std::string_view& piece);

 private:
  struct File {
    std::unique_ptr<Encoder> encoder;
    bool has_begun = false;
  };

  void begin(File& file);
  std::optional<std::size_t> add_batch();

  Scan& scan_;
  std::string format_;
  std::vector<File> files_;
  std::size_t ended_ = 0;  // how many files are complete
  std::string piece_;
  bool has_failed_ = false;
};

}  // namespace libbcda::tables
