// Lists of R that one call fills, because one call for each value is slow: the files of a result, and an event.
//
// What may throw comes before R's memory is asked for, so that nothing stays protected. What R may jump over owns no memory:
// texts are static.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "r.hpp"

namespace bcda_r {

template <class Value, class Get>
void of_each_file(std::vector<Value>& values, const bcda_flat::Result& from, Get get) {
  values.clear();
  const std::int32_t count = result_file_count(from);
  for (std::int32_t i = 0; i < count; ++i) values.push_back(get(from, i));
}

inline SEXP file_texts(const std::vector<std::string>& from) {
  const SEXP texts = PROTECT(Rf_allocVector(STRSXP, static_cast<R_xlen_t>(from.size())));
  for (std::size_t i = 0; i < from.size(); ++i)
    SET_STRING_ELT(texts, static_cast<R_xlen_t>(i), characters(from[i].data(), from[i].size()));
  UNPROTECT(1);
  return texts;
}

inline SEXP file_numbers(const std::vector<std::int64_t>& from) {
  const SEXP numbers = PROTECT(Rf_allocVector(REALSXP, static_cast<R_xlen_t>(from.size())));
  for (std::size_t i = 0; i < from.size(); ++i) REAL(numbers)[i] = as_double(from[i]);
  UNPROTECT(1);
  return numbers;
}

// A list of vectors with one value for each file.
inline SEXP result_files(const bcda_flat::Result& from) {
  using namespace bcda_flat;
  static std::array<std::vector<std::string>, 6> texts;
  static std::array<std::vector<std::int64_t>, 3> numbers;
  of_each_file(texts[0], from, file_type);
  of_each_file(texts[1], from, file_url);
  of_each_file(texts[2], from, file_path);
  of_each_file(texts[3], from, file_sha256);
  of_each_file(texts[4], from, file_kind);
  of_each_file(texts[5], from, file_proof);
  of_each_file(numbers[0], from, file_bytes);
  of_each_file(numbers[1], from, file_records);
  of_each_file(numbers[2], from, file_decrypted);
  const char* names[] = {"type", "url", "path", "sha256", "kind", "proof", "bytes", "records", "decrypted", ""};
  const SEXP files = PROTECT(Rf_mkNamed(VECSXP, names));
  int at = 0;
  for (const auto& column : texts) SET_VECTOR_ELT(files, at++, file_texts(column));
  for (const auto& column : numbers) SET_VECTOR_ELT(files, at++, file_numbers(column));
  UNPROTECT(1);
  texts = {}, numbers = {};
  return files;
}

inline SEXP event_list(const bcda_flat::Event& from) {
  using namespace bcda_flat;
  static std::array<std::string, 7> texts;
  texts = {event_kind(from), event_text(from), event_type(from),
           event_file(from), event_url(from),  status_name(event_status(from)),
           event_json(from)};
  const std::array<double, 6> numbers{event_percent(from),
                                      as_double(event_bytes_done(from)),
                                      as_double(event_bytes_total(from)),
                                      as_double(event_files_done(from)),
                                      as_double(event_files_total(from)),
                                      as_double(event_wait_ms(from)) / 1000};
  const char* names[] = {"kind",       "text",        "type",       "file",        "url",  "status", "percent",
                         "bytes_done", "bytes_total", "files_done", "files_total", "wait", "json",   ""};
  const SEXP event = PROTECT(Rf_mkNamed(VECSXP, names));
  int at = 0;
  for (std::size_t i = 0; i < 6; ++i) SET_VECTOR_ELT(event, at++, text(texts[i]));
  for (const double value : numbers) SET_VECTOR_ELT(event, at++, Rf_ScalarReal(value < 0 ? NA_REAL : value));
  SET_VECTOR_ELT(event, at, text(texts[6]));
  UNPROTECT(1);
  return event;
}

}  // namespace bcda_r
