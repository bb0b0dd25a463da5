/* R: a string is a character vector of length one. A handle is an external pointer with a finalizer. An error is
 * returned as a value of class "bcda_failure", which `checked` (bindings/r/R/errors.R) turns into a condition. Numbers
 * beyond 2^53 are refused, not rounded. The generated functions are named native_X; the public functions are written by
 * hand (bindings/r). */
%module bcda

%{
#include "r.hpp"
#include "r_columns.hpp"
#include "r_lists.hpp"
#include "r_table_file.hpp"
%}

%rename("native_%s", %$isfunction) "";

%exception {
  try {
    $action
  } catch (...) {
    bcda_r::keep_current();
  }
  if (bcda_r::failed()) return bcda_r::failure();
}

%define %bcda_checked(TYPES...)
%typemap(scoercein) TYPES ""
%typemap(scheck) TYPES ""
%typemap(scoerceout) TYPES %{ $result <- checked($result) %}
%enddef

/* ---- Handles: a function with a pointer parameter destroys the handle; one with a reference borrows it ---- */
%define %bcda_handle(TYPE)
%bcda_checked(TYPE*, TYPE&, const TYPE&)
%typemap(rtype) TYPE*, TYPE&, const TYPE& "externalptr"
%typemap(in) TYPE* {
  if (!bcda_r::take($input, "$1_name", $1)) return bcda_r::failure();
}
%typemap(in) TYPE&, const TYPE& {
  if (!bcda_r::borrow($input, "$1_name", $1)) return bcda_r::failure();
}
%typemap(out) TYPE* { $result = bcda_r::give($1); }
%enddef

/* ---- Strings, bytes and numbers ---- */
%bcda_checked(bcda_flat::Text, const bcda_flat::Text&, bcda_flat::Bytes, std::int32_t, std::int64_t, double, void, SEXP)

%typemap(rtype) bcda_flat::Text, const bcda_flat::Text& "character"
%typemap(in) const bcda_flat::Text& {
  $1 = bcda_r::text($input, "$1_name", $argnum);
  if (!$1) return bcda_r::failure();
}
%typemap(freearg) const bcda_flat::Text& { bcda_r::forget($argnum); }
%typemap(out) bcda_flat::Text { $result = bcda_r::text($1); }

%typemap(rtype) bcda_flat::Bytes "raw"
%typemap(out) bcda_flat::Bytes { $result = bcda_r::bytes($1); }

%typemap(in) std::int32_t, std::int64_t {
  if (!bcda_r::number($input, "$1_name", $1)) return bcda_r::failure();
}
%typemap(out) std::int32_t { $result = Rf_ScalarInteger($1); }
%typemap(out) std::int64_t { $result = bcda_r::number($1); }
%typemap(out) double { $result = Rf_ScalarReal($1); }

%typemap(rtype) SEXP "ANY"
%typemap(out) SEXP { $result = $1; }

%insert("sinitroutine") %{
  R_useDynamicSymbols(dll, FALSE);
%}

%ignore bcda_flat::reader_next; /* replaced by reader_chunk, because one call for each record is slow */
%ignore bcda_flat::batch_length; /* the batch_ functions of a column are replaced by batch_column, which makes a vector */
%ignore bcda_flat::batch_validity;
%ignore bcda_flat::batch_values;
%ignore bcda_flat::batch_texts;
%ignore bcda_flat::event_kind; /* the event_ functions are replaced by event_list */
%ignore bcda_flat::event_text;
%ignore bcda_flat::event_type;
%ignore bcda_flat::event_file;
%ignore bcda_flat::event_url;
%ignore bcda_flat::event_status;
%ignore bcda_flat::event_percent;
%ignore bcda_flat::event_bytes_done;
%ignore bcda_flat::event_bytes_total;
%ignore bcda_flat::event_files_done;
%ignore bcda_flat::event_files_total;
%ignore bcda_flat::event_wait_ms;
%ignore bcda_flat::event_json;
%ignore bcda_flat::result_file_count; /* the file_ functions of a file are replaced by result_files, which makes vectors */
%ignore bcda_flat::file_type;
%ignore bcda_flat::file_url;
%ignore bcda_flat::file_path;
%ignore bcda_flat::file_bytes;
%ignore bcda_flat::file_records;
%ignore bcda_flat::file_sha256;
%ignore bcda_flat::file_decrypted;
%ignore bcda_flat::file_kind;
%ignore bcda_flat::file_is_error; /* the kind says the same */
%ignore bcda_flat::file_proof;
%ignore bcda_flat::tables_encode; /* replaced by table_file_write, which makes no copy for R */
/* R has no functions for partitions yet: they are for engines such as Spark, which Python and Java serve. */
%ignore bcda_flat::partitions_of_manifest;
%ignore bcda_flat::partitions_of_sources;
%ignore bcda_flat::tables_open_partition;
%ignore bcda_flat::tables_export_partition;
%ignore bcda_flat::tables_cancel;
%ignore bcda_flat::reader_open_partition;
%ignore bcda_flat::reader_file;
%ignore bcda_flat::reader_type;
%ignore bcda_flat::reader_cancel;
#define result from /* because SWIG's wrappers have a variable of that name */
%include "common.i"
#undef result

/* Additional functions for R. */
%bcda_handle(bcda_r::TableFile)
namespace bcda_r {
class TableFile;
SEXP reader_chunk(bcda_flat::Reader& reader, std::int32_t records);
SEXP event_list(const bcda_flat::Event& from);
SEXP result_files(const bcda_flat::Result& from);
SEXP batch_column(bcda_flat::Tables& tables, std::int32_t column, std::int32_t decimals_are_text);
TableFile* table_file_create(const bcda_flat::Tables& tables, const bcda_flat::Text& path);
void table_file_destroy(TableFile* file);
std::int32_t table_file_write(TableFile& file, bcda_flat::Tables& tables, const bcda_flat::Text& format);
void table_file_publish(TableFile& file);
void check_interrupt();
double steady_seconds();
}
