# A table as a stream of Arrow: by a consumer of our own, and by packages where they are installed.

# A consumer in C, which allocates a stream and reads it as Arrow's specification says.
CONSUMER <- '
#include <Rinternals.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
struct Schema { const char *format, *name, *metadata; int64_t flags, n_children; struct Schema** children; struct Schema* dictionary;
  void (*release)(struct Schema*); void* data; };
struct Array { int64_t length, null_count, offset, n_buffers, n_children; const void** buffers; struct Array** children;
  struct Array* dictionary; void (*release)(struct Array*); void* data; };
struct Stream { int (*get_schema)(struct Stream*, struct Schema*); int (*get_next)(struct Stream*, struct Array*);
  const char* (*get_last_error)(struct Stream*); void (*release)(struct Stream*); void* data; };
static struct Stream stream;
SEXP place(void) { return ScalarReal((double)(uintptr_t)&stream); }
SEXP is_released(void) { return ScalarLogical(!stream.release); }
SEXP release(void) { if (stream.release) stream.release(&stream); return R_NilValue; }
SEXP formats(void) {
  struct Schema schema = {0};
  if (stream.get_schema(&stream, &schema)) return R_NilValue;
  SEXP made = PROTECT(allocVector(STRSXP, schema.n_children)), names = PROTECT(allocVector(STRSXP, schema.n_children));
  for (int i = 0; i < schema.n_children; ++i) {
    SET_STRING_ELT(made, i, mkChar(schema.children[i]->format));
    SET_STRING_ELT(names, i, mkChar(schema.children[i]->name));
  }
  setAttrib(made, R_NamesSymbol, names);
  schema.release(&schema);
  UNPROTECT(2);
  return made;
}
/* The rows of the next batch; -1 at the end; or the message of a failure. */
SEXP next(void) {
  struct Array batch = {0};
  if (stream.get_next(&stream, &batch)) return mkString(stream.get_last_error(&stream));
  if (!batch.release) return ScalarInteger(-1);
  const int rows = (int)batch.length;
  batch.release(&batch);
  return ScalarInteger(rows);
}
'

consumer <- once(function() {
  folder <- tempfile("consumer")
  dir.create(folder)
  writeLines(CONSUMER, file.path(folder, "consumer.c"))
  command <- file.path(R.home("bin"), "R")
  with_directory(folder, system2(command, c("CMD", "SHLIB", "consumer.c"), stdout = FALSE, stderr = FALSE))
  library <- file.path(folder, paste0("consumer", .Platform$dynlib.ext))
  if (!file.exists(library)) return(FALSE)
  loaded <- dyn.load(library)
  function(name) .Call(getNativeSymbolInfo(name, loaded)$address)
})

skip_without_compiler <- function() skip_if(isFALSE(consumer()), "needs a C compiler")

exported <- function(...) export_stream(..., place = function() consumer()("place"))

test_that("a stream hands out the batches of a table, and keeps its handles until it is released", {
  skip_without_compiler()
  live <- handles_of_others()
  exported(shared_result(), "beneficiary", NULL, list(columns = c("beneficiary_key", "birth_date"), batch_rows = 15))
  expect_identical(handles_in_use(), live + 1L)
  expect_identical(consumer()("formats"), c(beneficiary_key = "u", birth_date = "tdD"))
  expect_identical(c(consumer()("next"), consumer()("next"), consumer()("next")), c(15L, 5L, -1L))
  expect_false(consumer()("is_released"))
  consumer()("release")
  expect_true(consumer()("is_released"))
  expect_identical(handles_in_use(), live)
})

test_that("a stream of no rows has its columns", {
  skip_without_compiler()
  exported(written(raw()), NULL, view_of(column("a", sql = "DECIMAL(9,2)"), column("b", type = "instant")), list())
  expect_identical(consumer()("formats"), c(a = "d:9,2", b = "tsu:UTC"))
  expect_identical(consumer()("next"), -1L)
  consumer()("release")
})

test_that("a failure of a stream has the message of the library", {
  skip_without_compiler()
  live <- handles_of_others()
  path <- patients_with(c('"id":"1"', '"birthDate":"Jane"'))
  exported(path, "beneficiary", NULL, list(generation = "v2"))
  said <- consumer()("next")
  expect_match(said, "line 2")
  expect_no_match(said, "Jane")
  consumer()("release")
  expect_identical(handles_in_use(), live)
})

test_that("what cannot be opened leaves the stream empty", {
  skip_without_compiler()
  live <- handles_of_others()
  expect_status(exported(place(), "claim", NULL, list()), "FILESYSTEM")
  expect_refused(exported(shared_result(), "claims", NULL, list()), "claims")
  expect_refused(exported(shared_result(), "claim", NULL, list(columns = "none")), "none")
  expect_true(consumer()("is_released"))
  expect_identical(handles_in_use(), live)
})

test_that("without nanoarrow, a clear error", {
  skip_if(requireNamespace("nanoarrow", quietly = TRUE), "nanoarrow is installed")
  expect_status(bcda_table_stream(shared_result(), "claim"), "STATE", "install.packages(\"nanoarrow\")")
  expect_refused(bcda_table_stream(shared_result()), "one of them")
})

# ---- Packages --------------------------------------------------------------------------------------------------------

test_that("nanoarrow reads a stream", {
  skip_if_not_installed("nanoarrow")
  live <- handles_of_others()
  columns <- c("beneficiary_key", "birth_date", "last_updated")
  stream <- bcda_table_stream(shared_result(), "beneficiary", columns = columns, batch_rows = 15)
  expect_s3_class(stream, "nanoarrow_array_stream")
  expect_identical(names(stream$get_schema()$children), columns)
  expect_identical(stream$get_next()$length, 15L)
  stream$release()
  expect_identical(handles_in_use(), live)
  frame <- as.data.frame(bcda_table_stream(shared_result(), "beneficiary", columns = columns))
  expect_equal(frame, as.data.frame(bcda_table(shared_result(), "beneficiary", columns = columns)))
  bad <- bcda_table_stream(patients_with('"birthDate":"Jane"'), "beneficiary", generation = "v2")
  error <- expect_error(bad$get_next(), "line 1")
  expect_unsaid("Jane", conditionMessage(error))
})

test_that("arrow reads a stream, with exact types", {
  skip_if_not_installed("nanoarrow")
  skip_if_not_installed("arrow")
  reader <- arrow::as_record_batch_reader(bcda_table_stream(shared_result(), "claim_line", batch_rows = 10))
  table <- reader$read_table()
  lines <- bcda_table(shared_result(), "claim_line")
  expect_equal(table$num_rows, nrow(lines))
  expect_identical(names(table), names(lines))
  expect_identical(table$schema$paid_amount$type$ToString(), "decimal128(18, 2)")
  expect_identical(as.vector(table$claim_key), lines$claim_key)
})

test_that("DuckDB queries a table of arrow", {
  skip_if_not_installed("nanoarrow")
  skip_if_not_installed("arrow")
  skip_if_not_installed("duckdb")
  database <- DBI::dbConnect(duckdb::duckdb())
  on.exit(DBI::dbDisconnect(database, shutdown = TRUE))
  duckdb::duckdb_register_arrow(database, "claim_line", arrow::as_arrow_table(bcda_table_stream(shared_result(), "claim_line")))
  paid <- DBI::dbGetQuery(database, "select sum(paid_amount) as paid from claim_line")$paid
  expect_equal(paid, sum(bcda_table(shared_result(), "claim_line")$paid_amount, na.rm = TRUE))
})
