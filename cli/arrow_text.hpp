// Writes batches of a table as text: CSV (RFC 4180), or NDJSON.
#pragma once
#include <bcda/arrow.h>

#include <memory>
#include <string>
#include <vector>

namespace cli {

// The values of one column as text.
class TextColumn {
 public:
  explicit TextColumn(const ArrowSchema& schema);
  virtual ~TextColumn() = default;

  const std::string& name() const { return name_; }
  void add_csv(std::string& out, const ArrowArray& array, std::int64_t row) const;
  void add_json(std::string& out, const ArrowArray& array, std::int64_t row) const;

 private:
  enum class Kind { text, bytes, boolean, int32, int64, decimal, real, date, timestamp, time, list };

  static Kind kind_of(const std::string& format);
  bool is_quoted() const;  // in JSON
  std::string value(const ArrowArray& array, std::int64_t row) const;

  std::string name_;
  Kind kind_ = Kind::text;
  int scale_ = 0;
  std::unique_ptr<TextColumn> item_;  // of a list
};

enum class TextFormat { csv, ndjson };

class TableText {
 public:
  TableText(const ArrowSchema& schema, TextFormat format);

  std::string head() const;  // the first line of CSV; "" for NDJSON
  void add(std::string& out, const ArrowArray& batch) const;

 private:
  std::vector<std::unique_ptr<TextColumn>> columns_;
  TextFormat format_;
};

}  // namespace cli
