#include "arrow_text.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cstring>
#include <string_view>

#include "text.hpp"

namespace cli {
namespace {

__extension__ typedef __int128 Int128;

template <class T>
T value_of(const ArrowArray& array, std::int64_t row) {
  T value;
  std::memcpy(&value, static_cast<const char*>(array.buffers[1]) + row * static_cast<std::int64_t>(sizeof(T)), sizeof(T));
  return value;
}

bool bit(const void* bits, std::int64_t row) { return static_cast<const std::uint8_t*>(bits)[row / 8] >> (row % 8) & 1; }

bool is_null(const ArrowArray& array, std::int64_t row) { return array.buffers[0] && !bit(array.buffers[0], row); }

std::string_view text_of(const ArrowArray& array, std::int64_t row) {
  const auto begin = value_of<std::int32_t>(array, row), end = value_of<std::int32_t>(array, row + 1);
  return {static_cast<const char*>(array.buffers[2]) + begin, static_cast<std::size_t>(end - begin)};
}

void add_padded(std::string& text, std::int64_t value, int width) {
  const std::string digits = std::to_string(value);
  text.append(static_cast<std::size_t>(width) - std::min<std::size_t>(static_cast<std::size_t>(width), digits.size()), '0');
  text += digits;
}

std::string decimal_text(Int128 digits, int scale) {
  std::string reversed;
  Int128 left = digits < 0 ? -digits : digits;
  for (int place = 0; left != 0 || place <= scale; ++place) {
    if (place == scale && scale > 0) reversed += '.';
    reversed += static_cast<char>('0' + static_cast<int>(left % 10));
    left /= 10;
  }
  if (digits < 0) reversed += '-';
  return {reversed.rbegin(), reversed.rend()};
}

std::string date_text(std::int64_t days) {
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
  std::string text;
  add_padded(text, static_cast<int>(date.year()), 4);
  text += '-';
  add_padded(text, static_cast<unsigned>(date.month()), 2);
  text += '-';
  add_padded(text, static_cast<unsigned>(date.day()), 2);
  return text;
}

constexpr std::int64_t kDay = 86'400'000'000;  // in microseconds

std::string time_text(std::int64_t microseconds) {
  std::string text;
  add_padded(text, microseconds / 3'600'000'000, 2);
  text += ':';
  add_padded(text, microseconds / 60'000'000 % 60, 2);
  text += ':';
  add_padded(text, microseconds / 1'000'000 % 60, 2);
  if (const std::int64_t rest = microseconds % 1'000'000; rest != 0) {
    text += '.';
    add_padded(text, rest, 6);
  }
  return text;
}

std::string timestamp_text(std::int64_t microseconds) {
  std::int64_t days = microseconds / kDay, rest = microseconds % kDay;
  if (rest < 0) --days, rest += kDay;
  return date_text(days) + 'T' + time_text(rest) + 'Z';
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::string_view group = bytes.substr(i, 3);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) bits = bits << 8 | (k < group.size() ? static_cast<unsigned char>(group[k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k) text += k <= group.size() ? kDigits[bits >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

std::string real_text(double value) {
  std::array<char, 32> room{};
  const auto end = std::to_chars(room.data(), room.data() + room.size(), value).ptr;
  return {room.data(), end};
}

}  // namespace

TextColumn::TextColumn(const ArrowSchema& schema) : name_(schema.name), kind_(kind_of(schema.format)) {
  const std::string format = schema.format;
  if (kind_ == Kind::decimal) scale_ = std::atoi(format.substr(format.find(',') + 1).c_str());
  if (kind_ == Kind::list) item_ = std::make_unique<TextColumn>(*schema.children[0]);
}

TextColumn::Kind TextColumn::kind_of(const std::string& format) {
  if (format.starts_with("d:")) return Kind::decimal;
  if (format.starts_with("ts")) return Kind::timestamp;
  if (format == "z") return Kind::bytes;
  if (format == "b") return Kind::boolean;
  if (format == "i") return Kind::int32;
  if (format == "l") return Kind::int64;
  if (format == "g") return Kind::real;
  if (format == "tdD") return Kind::date;
  if (format == "ttu") return Kind::time;
  if (format == "+l") return Kind::list;
  return Kind::text;
}

bool TextColumn::is_quoted() const {
  return kind_ == Kind::text || kind_ == Kind::bytes || kind_ == Kind::date || kind_ == Kind::timestamp || kind_ == Kind::time;
}

std::string TextColumn::value(const ArrowArray& array, std::int64_t row) const {
  switch (kind_) {
    case Kind::text: return std::string(text_of(array, row));
    case Kind::bytes: return base64(text_of(array, row));
    case Kind::boolean: return bit(array.buffers[1], row) ? "true" : "false";
    case Kind::int32: return std::to_string(value_of<std::int32_t>(array, row));
    case Kind::int64: return std::to_string(value_of<std::int64_t>(array, row));
    case Kind::decimal: return decimal_text(value_of<Int128>(array, row), scale_);
    case Kind::real: return real_text(value_of<double>(array, row));
    case Kind::date: return date_text(value_of<std::int32_t>(array, row));
    case Kind::timestamp: return timestamp_text(value_of<std::int64_t>(array, row));
    case Kind::time: return time_text(value_of<std::int64_t>(array, row));
    case Kind::list: break;
  }
  std::string text = "[";
  const auto begin = value_of<std::int32_t>(array, row), end = value_of<std::int32_t>(array, row + 1);
  for (std::int32_t i = begin; i < end; ++i) {
    if (i > begin) text += ',';
    item_->add_json(text, *array.children[0], i);
  }
  return text + ']';
}

// A null is an empty field; an empty text is "".
void TextColumn::add_csv(std::string& out, const ArrowArray& array, std::int64_t row) const {
  if (is_null(array, row)) return;
  const std::string text = value(array, row);
  if (!text.empty() && text.find_first_of(",\"\r\n") == std::string::npos) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) out.append(c == '"' ? 2 : 1, c);
  out += '"';
}

void TextColumn::add_json(std::string& out, const ArrowArray& array, std::int64_t row) const {
  if (is_null(array, row))
    out += "null";
  else
    out += is_quoted() ? json_string(value(array, row)) : value(array, row);
}

TableText::TableText(const ArrowSchema& schema, TextFormat format) : format_(format) {
  for (std::int64_t i = 0; i < schema.n_children; ++i)
    columns_.push_back(std::make_unique<TextColumn>(*schema.children[i]));
}

std::string TableText::head() const {
  std::string line;
  if (format_ == TextFormat::ndjson) return line;
  for (const auto& column : columns_) line += (line.empty() ? "" : ",") + column->name();
  return line + '\n';
}

void TableText::add(std::string& out, const ArrowArray& batch) const {
  const bool is_csv = format_ == TextFormat::csv;
  for (std::int64_t row = 0; row < batch.length; ++row) {
    if (!is_csv) out += '{';
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) out += ',';
      const ArrowArray& array = *batch.children[i];
      if (is_csv && columns_.size() == 1 && is_null(array, row)) {
        out += "\"\"";  // because readers skip an empty line
      } else if (is_csv) {
        columns_[i]->add_csv(out, array, row);
      } else {
        out += '"' + columns_[i]->name() + "\":";
        columns_[i]->add_json(out, array, row);
      }
    }
    out += is_csv ? "\n" : "}\n";
  }
}

}  // namespace cli
