// What must hold for every batch of a table, and for the files that are made of it.
#pragma once
#include <vector>

#include "base/json.hpp"
#include "fuzz/target.hpp"
#include "tables/array_view.hpp"
#include "tables/batch.hpp"
#include "tables/encoder.hpp"

namespace libbcda::fuzz {

inline void check_array(const tables::ColumnType& type, const ArrowArray& array) {
  std::int64_t nulls = 0;
  for (std::int64_t i = 0; i < array.length; ++i) nulls += tables::is_null_at(array, i);
  expect(nulls == array.null_count, "the nulls are counted");
  if (!type.is_list && !tables::has_ends(type.kind)) return;
  for (std::int64_t i = 0; i < array.length; ++i) {
    const auto begin = tables::value_at<std::int32_t>(array, i), end = tables::value_at<std::int32_t>(array, i + 1);
    expect(begin <= end && (i > 0 || begin == 0), "a value ends where the next one begins");
    if (!type.is_list && type.kind == tables::ValueKind::text)
      expect(is_utf8(tables::text_at(array, i)) && tables::text_at(array, i).find('\0') == std::string_view::npos,
             "a text is UTF-8 without U+0000");
  }
  if (!type.is_list) return;
  expect(array.children[0]->length == tables::value_at<std::int32_t>(array, array.length),
         "the lists have all elements");
  check_array(type.item(), *array.children[0]);
}

inline std::string encoded(std::string_view format, const std::vector<tables::Column>& columns,
                           const ArrowArray& batch) {
  std::string text;
  const auto encoder = tables::make_encoder(format, "table", columns);
  encoder->begin(text);
  encoder->add(text, batch);
  encoder->end(text);
  return text;
}

// A naive reader of RFC 4180: each line has `width` fields. Returns how many lines there are.
inline std::int64_t csv_lines(std::string_view text, std::size_t width) {
  std::int64_t lines = 0;
  std::size_t fields = 1;
  bool is_quoted = false;
  for (const char c : text) {
    if (c == '"') is_quoted = !is_quoted;
    if (is_quoted) continue;
    fields += c == ',';
    if (c != '\n') continue;
    expect(fields == width, "each line has all fields");
    fields = 1;
    ++lines;
  }
  expect(!is_quoted && text.ends_with('\n'), "the last line is complete");
  return lines;
}

inline void check_files(const std::vector<tables::Column>& columns, const ArrowArray& batch) {
  expect(csv_lines(encoded("csv", columns, batch), columns.size()) == batch.length + 1, "CSV has every row");
  const std::string ndjson = encoded("ndjson", columns, batch);
  std::string_view rest = ndjson;
  for (std::int64_t i = 0; i < batch.length; ++i) {
    const auto row = parse_json(take_until(rest, "\n"));
    expect(row && row->is_object() && row->get_object().size() == columns.size(), "NDJSON has every row");
  }
  expect(rest.empty(), "NDJSON has no more");
  const std::string arrow = encoded("arrow", columns, batch);
  expect(arrow.starts_with("ARROW1") && arrow.ends_with("ARROW1"), "an Arrow file begins and ends as one");
}

// Takes the rows of a builder, and checks them.
inline void check_rows(const std::vector<tables::Column>& columns, tables::BatchBuilder& rows) {
  ArrowArray batch{};
  rows.take(batch);
  const std::unique_ptr<ArrowArray, void (*)(ArrowArray*)> owned(&batch,
                                                                 [](ArrowArray* array) { array->release(array); });
  expect(batch.n_children == static_cast<std::int64_t>(columns.size()), "a batch has every column");
  for (std::size_t i = 0; i < columns.size(); ++i) {
    expect(batch.children[i]->length == batch.length, "all columns have the same length");
    check_array(columns[i].type, *batch.children[i]);
  }
  check_files(columns, batch);
}

}  // namespace libbcda::fuzz
