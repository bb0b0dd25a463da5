#include "tables/encoder.hpp"

#include "base/error.hpp"
#include "base/quote.hpp"

namespace libbcda::tables {

std::unique_ptr<Encoder> make_encoder(std::string_view format, const std::string& table,
                                      const std::vector<Column>& columns) {
  if (format == "csv") return make_csv_encoder(columns);
  if (format == "ndjson") return make_ndjson_encoder(columns);
  if (format == "arrow") return make_arrow_encoder(table, columns);
  throw Error(Status::INVALID_ARGUMENT, "there is no format " + quote(format) + "; there are csv, ndjson and arrow");
}

}  // namespace libbcda::tables
