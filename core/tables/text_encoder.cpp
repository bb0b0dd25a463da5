// Tables as text: CSV and NDJSON. Both write a value in the same way: dates and times as ISO 8601, instants in UTC,
// decimals with all places of their column, bytes in base64.
#include <array>
#include <charconv>
#include <chrono>

#include "base/bytes.hpp"
#include "base/json.hpp"
#include "tables/array_view.hpp"
#include "tables/decimal.hpp"
#include "tables/encoder.hpp"

namespace libbcda::tables {
namespace {

void add_padded(std::string& out, std::int64_t value, std::size_t width) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  const auto size = static_cast<std::size_t>(end - digits.data());
  if (size < width) out.append(width - size, '0');
  out.append(digits.data(), size);
}

void add_date(std::string& out, std::int64_t days) {
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
  add_padded(out, static_cast<int>(date.year()), 4);
  out += '-';
  add_padded(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  add_padded(out, static_cast<unsigned>(date.day()), 2);
}

void add_time(std::string& out, std::int64_t microseconds) {
  add_padded(out, microseconds / 3'600'000'000, 2);
  out += ':';
  add_padded(out, microseconds / 60'000'000 % 60, 2);
  out += ':';
  add_padded(out, microseconds / 1'000'000 % 60, 2);
  out += '.';
  add_padded(out, microseconds % 1'000'000, 6);  // always, because many readers of CSV want one form in a column
}

void add_timestamp(std::string& out, std::int64_t microseconds) {
  constexpr std::int64_t kDay = 86'400'000'000;
  const std::int64_t days = microseconds / kDay - (microseconds % kDay < 0);
  add_date(out, days);
  out += 'T';
  add_time(out, microseconds - days * kDay);
  out += 'Z';
}

void add_real(std::string& out, double value) {
  std::array<char, 32> digits{};
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

bool is_quoted_in_json(ValueKind kind) {
  using enum ValueKind;
  return kind == text || kind == binary || kind == date || kind == timestamp || kind == time;
}

void add_value(std::string& out, const ColumnType& type, const ArrowArray& array, std::int64_t row) {
  switch (type.kind) {
    case ValueKind::text:
      out += text_at(array, row);
      break;
    case ValueKind::binary:
      out += to_base64(as_bytes(text_at(array, row)));
      break;
    case ValueKind::boolean:
      out += bit_at(array.buffers[1], row) ? "true" : "false";
      break;
    case ValueKind::int32:
      add_padded(out, value_at<std::int32_t>(array, row), 1);
      break;
    case ValueKind::int64:
      add_padded(out, value_at<std::int64_t>(array, row), 1);
      break;
    case ValueKind::decimal:
      out += Decimal(value_at<Int128>(array, row), type.scale).to_text();
      break;
    case ValueKind::float64:
      add_real(out, value_at<double>(array, row));
      break;
    case ValueKind::date:
      add_date(out, value_at<std::int32_t>(array, row));
      break;
    case ValueKind::timestamp:
      add_timestamp(out, value_at<std::int64_t>(array, row));
      break;
    case ValueKind::time:
      add_time(out, value_at<std::int64_t>(array, row));
      break;
  }
}

void add_json_scalar(std::string& out, const ColumnType& type, const ArrowArray& array, std::int64_t row) {
  if (is_null_at(array, row)) {
    out += "null";
  } else if (is_quoted_in_json(type.kind)) {
    std::string text;
    add_value(text, type, array, row);
    out += json::serialize(text);
  } else {
    add_value(out, type, array, row);
  }
}

void add_json(std::string& out, const ColumnType& type, const ArrowArray& array, std::int64_t row) {
  if (!type.is_list || is_null_at(array, row)) return add_json_scalar(out, type, array, row);
  const auto begin = value_at<std::int32_t>(array, row), end = value_at<std::int32_t>(array, row + 1);
  out += '[';
  for (std::int32_t i = begin; i < end; ++i) {
    if (i > begin) out += ',';
    add_json_scalar(out, type, *array.children[0], i);
  }
  out += ']';
}

class TextEncoder : public Encoder {
 public:
  explicit TextEncoder(const std::vector<Column>& columns) : columns_(columns) {}
  void begin(std::string&) override {}
  void end(std::string&) override {}

 protected:
  const std::vector<Column>& columns_;
};

class CsvEncoder : public TextEncoder {
 public:
  using TextEncoder::TextEncoder;

  void begin(std::string& out) override {
    for (std::size_t i = 0; i < columns_.size(); ++i) out += (i ? "," : "") + columns_[i].name;
    out += '\n';
  }

  void add(std::string& out, const ArrowArray& batch) override {
    for (std::int64_t row = 0; row < batch.length; ++row) {
      for (std::size_t i = 0; i < columns_.size(); ++i) {
        if (i > 0) out += ',';
        add_field(out, columns_[i].type, *batch.children[i], row);
      }
      out += '\n';
    }
  }

 private:
  // A null is an empty field, and an empty text is "". A row of one null is "" too, because readers skip empty lines.
  void add_field(std::string& out, const ColumnType& type, const ArrowArray& array, std::int64_t row) {
    if (is_null_at(array, row)) {
      if (columns_.size() == 1) out += "\"\"";
      return;
    }
    text_.clear();
    type.is_list ? add_json(text_, type, array, row) : add_value(text_, type, array, row);
    if (!text_.empty() && text_.find_first_of(",\"\r\n") == std::string::npos) {
      out += text_;
      return;
    }
    out += '"';
    for (const char c : text_) out.append(c == '"' ? 2 : 1, c);
    out += '"';
  }

  std::string text_;
};

class NdjsonEncoder : public TextEncoder {
 public:
  using TextEncoder::TextEncoder;

  void add(std::string& out, const ArrowArray& batch) override {
    for (std::int64_t row = 0; row < batch.length; ++row) {
      for (std::size_t i = 0; i < columns_.size(); ++i) {
        out += i ? ",\"" : "{\"";
        out += columns_[i].name;
        out += "\":";
        add_json(out, columns_[i].type, *batch.children[i], row);
      }
      out += "}\n";
    }
  }
};

}  // namespace

std::unique_ptr<Encoder> make_csv_encoder(const std::vector<Column>& columns) {
  return std::make_unique<CsvEncoder>(columns);
}
std::unique_ptr<Encoder> make_ndjson_encoder(const std::vector<Column>& columns) {
  return std::make_unique<NdjsonEncoder>(columns);
}

}  // namespace libbcda::tables
