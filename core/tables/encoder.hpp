// Writes batches of a table as a file: CSV (RFC 4180), NDJSON, or Arrow's IPC file format.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tables/arrow_abi.hpp"
#include "tables/view.hpp"

namespace libbcda::tables {

class Encoder {
 public:
  virtual ~Encoder() = default;

  // Each appends bytes to `out`: the begin of the file, a batch, and the end of the file.
  virtual void begin(std::string& out) = 0;
  virtual void add(std::string& out, const ArrowArray& batch) = 0;
  virtual void end(std::string& out) = 0;
};

// `format`: "csv", "ndjson" or "arrow". Throws Error{INVALID_ARGUMENT} for another one. `table`: its name, or "".
// `columns` must outlive it.
std::unique_ptr<Encoder> make_encoder(std::string_view format, const std::string& table,
                                      const std::vector<Column>& columns);

std::unique_ptr<Encoder> make_csv_encoder(const std::vector<Column>& columns);
std::unique_ptr<Encoder> make_ndjson_encoder(const std::vector<Column>& columns);
std::unique_ptr<Encoder> make_arrow_encoder(const std::string& table, const std::vector<Column>& columns);

}  // namespace libbcda::tables
