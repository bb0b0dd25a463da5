// Lists of R that one call fills, because one call for each value is slow: the files of a result, and an event.
#pragma once
#include <cstdint>
#include <string>

#include "r.hpp"

namespace bcda_r {

template <class Get>
SEXP file_texts(const bcda_flat::Result& from, Get get) {
  static std::string text;  // an R error does not destroy what a function has
  const std::int32_t count = result_file_count(from);
  const SEXP texts = PROTECT(Rf_allocVector(STRSXP, count));
  for (std::int32_t i = 0; i < count; ++i) {
    text = get(from, i);
    SET_STRING_ELT(texts, i, characters(text.data(), text.size()));
  }
  UNPROTECT(1);
  return texts;
}

template <class Get>
SEXP file_numbers(const bcda_flat::Result& from, Get get) {
  const std::int32_t count = result_file_count(from);
  const SEXP numbers = PROTECT(Rf_allocVector(REALSXP, count));
  for (std::int32_t i = 0; i < count; ++i) REAL(numbers)[i] = static_cast<double>(get(from, i));
  UNPROTECT(1);
  return numbers;
}

// A list of vectors with one value for each file. A file has fewer than 2^53 bytes, so a number is exact.
inline SEXP result_files(const bcda_flat::Result& from) {
  const char* names[] = {"type", "url", "path", "bytes", "records", "sha256", "decrypted", "kind", "proof", ""};
  const SEXP files = PROTECT(Rf_mkNamed(VECSXP, names));
  SET_VECTOR_ELT(files, 0, file_texts(from, bcda_flat::file_type));
  SET_VECTOR_ELT(files, 1, file_texts(from, bcda_flat::file_url));
  SET_VECTOR_ELT(files, 2, file_texts(from, bcda_flat::file_path));
  SET_VECTOR_ELT(files, 3, file_numbers(from, bcda_flat::file_bytes));
  SET_VECTOR_ELT(files, 4, file_numbers(from, bcda_flat::file_records));
  SET_VECTOR_ELT(files, 5, file_texts(from, bcda_flat::file_sha256));
  SET_VECTOR_ELT(files, 6, file_numbers(from, bcda_flat::file_decrypted));
  SET_VECTOR_ELT(files, 7, file_texts(from, bcda_flat::file_kind));
  SET_VECTOR_ELT(files, 8, file_texts(from, bcda_flat::file_proof));
  UNPROTECT(1);
  return files;
}

// A number below zero means that there is none.
inline SEXP event_list(const bcda_flat::Event& from) {
  const char* names[] = {"kind",       "text",        "type",       "file",        "url",  "status", "percent",
                         "bytes_done", "bytes_total", "files_done", "files_total", "wait", "json",   ""};
  const SEXP event = PROTECT(Rf_mkNamed(VECSXP, names));
  int at = 0;
  const auto add_text = [&](bcda_flat::Text value) { SET_VECTOR_ELT(event, at++, text(value)); };
  const auto add_number = [&](double value) {
    SET_VECTOR_ELT(event, at++, Rf_ScalarReal(value < 0 ? NA_REAL : value));
  };
  add_text(event_kind(from));
  add_text(event_text(from));
  add_text(event_type(from));
  add_text(event_file(from));
  add_text(event_url(from));
  add_text(bcda_flat::status_name(event_status(from)));
  add_number(event_percent(from));
  add_number(static_cast<double>(event_bytes_done(from)));
  add_number(static_cast<double>(event_bytes_total(from)));
  add_number(static_cast<double>(event_files_done(from)));
  add_number(static_cast<double>(event_files_total(from)));
  add_number(static_cast<double>(event_wait_ms(from)) / 1000);
  add_text(event_json(from));
  UNPROTECT(1);
  return event;
}

}  // namespace bcda_r
