# Claims as tables: those that the library brings along, and views of the caller's own.

#' Claims as tables
#'
#' Makes a table of exported claims: one that the library brings along, such as `claim_line`, or a view of your own. A
#' view is a ViewDefinition of [SQL on FHIR](https://sql-on-fhir.org/ig/latest/). `bcda_table()` returns the whole table
#' as one data frame. `bcda_table_chunks()` returns or hands out one data frame after another, in constant memory.
#'
#' [bcda_tables()] lists the tables and their columns. A table has the same columns in every generation of claims (BCDA
#' v1, v2 and v3). Know before you count: a table has every version of a claim, with canceled and adjusted ones. See
#' `current`, `final_only`, and `docs/tables/README.md` in the repository.
#'
#' @section Types:
#' A column has its type even if the table has no rows. `NA` is a value that the record does not have.
#'
#' | type of the column | in R |
#' | --- | --- |
#' | string, and every other type without a row here | character, in UTF-8 |
#' | boolean | logical |
#' | integer | integer |
#' | integer64, `BIGINT` | double; text with all digits, if one of the numbers is beyond 2^53 |
#' | `DECIMAL(18,2)` | the nearest double; with `decimals = "text"`, text with all digits |
#' | `DOUBLE` | double |
#' | `DATE` | [Date] |
#' | instant, `TIMESTAMP` | [POSIXct] in UTC, with its microseconds in the years 1700 to 2200 |
#' | `TIME` | [difftime] in seconds since midnight |
#' | base64Binary | a list of raw vectors |
#' | a collection | a list: a vector of the type for each row, which is empty if there is nothing |
#'
#' Sums of doubles are rounded. To add amounts exactly, add cents: `sum(round(100 * paid_amount)) / 100`.
#'
#' R has no integer -2^31, which is its `NA`. So a column with that integer is double. A text with a NUL is an error, because R's
#' texts cannot hold it. With `values = "text"` every column is text.
#'
#' The type of an integer64 column depends on its numbers, so it may differ between the data frames of
#' `bcda_table_chunks()`.
#'
#' @section Errors:
#' A view that is wrong is a condition of class `bcda_error_invalid_argument`. Its message names the column and the
#' position in its path. A record that is malformed, or a value that does not fit its column, is one of class
#' `bcda_error_record`. Its message names the file, the line and the column, and never a value. `on_error = "null"` makes
#' such a value `NA`. Then a message of class `bcda_message_nulled` tells their `count`. A file that has changed since it
#' was verified is `bcda_error_verification`. See [bcda_errors].
#'
#' @section Interrupts:
#' An interrupt is noticed after each batch. So a smaller `batch_rows` makes Ctrl-C quicker.
#'
#' @param result a result from [bcda_export()], [bcda_sync()] or [bcda_result()]. Or the paths of one or more directories
#'   of exports or of series ([bcda_sync()]), or of NDJSON files.
#' @param table the name of a table; [bcda_tables()] lists them. Give either `table` or `view`.
#' @param view a ViewDefinition: its JSON as text, the path of a file, or a list with the structure of the JSON.
#' @param handler a function that receives each data frame, or `NULL`.
#' @param ... must be empty, because the arguments after it are given by name.
#' @param decimals `"double"`: decimals are the nearest doubles. `"text"`: they are text with all digits.
#' @param nested `"list"`: collections are list columns. `"json"`: they are text columns of JSON, which [write.csv()] and
#'   databases accept.
#' @return `bcda_table()` returns a data frame of class [bcda_frame]. `bcda_table_chunks()` returns with a handler,
#'   invisibly, the number of rows. Without a handler, it returns a reader for [bcda_next()], as [bcda_records()] does. A
#'   data frame of it has at most `batch_rows` rows.
#' @name bcda_table
#' @seealso [bcda_tables()], [bcda_table_save()] for files, [bcda_table_stream()] for Arrow and DuckDB,
#'   [bcda_records()] for the records as they are
#' @examples
#' sandbox <- bcda_sandbox(beneficiaries = 10)
#' client <- bcda_sandbox_client(sandbox)
#' claims <- tempfile("claims")
#' result <- bcda_export(client, "ExplanationOfBenefit", out = claims, progress = FALSE)
#' lines <- bcda_table(result, "claim_line", columns = c("line_from_date", "paid_amount"))
#' aggregate(paid_amount ~ format(line_from_date, "%Y"), lines, sum)
#'
#' # A view of your own, which may be of any resource type.
#' view <- list(
#'   resource = "ExplanationOfBenefit",
#'   select = list(list(column = list(
#'     list(name = "claim", path = "getResourceKey()", type = "string"),
#'     list(name = "is_active", path = "status = 'active'", type = "boolean")
#'   )))
#' )
#' table(bcda_table(claims, view = view)$is_active)
#'
#' # In constant memory.
#' paid <- 0
#' bcda_table_chunks(result, "claim_line", function(chunk) {
#'   paid <<- paid + sum(chunk$paid_amount, na.rm = TRUE)
#' }, columns = "paid_amount", batch_rows = 100)
#' close(sandbox)
NULL

read_table <- function(result, table, view, settings, decimals, nested) {
  source <- open_table(result, table, view, settings, decimals, nested)
  on.exit(native_tables_destroy(source$handle))
  batches <- list()
  while (!is.null(batch <- next_batch(source))) batches[[length(batches) + 1]] <- batch
  rows <- sum(vapply(batches, function(batch) batch$rows, 0))
  pieces <- lapply(seq_along(source$columns), function(i) lapply(batches, function(batch) batch$values[[i]]))
  rm(batches) # so that each column's pieces are freed when it is joined
  columns <- list()
  for (i in seq_along(pieces)) {
    columns[[i]] <- joined_column(pieces[[i]], source$columns[[i]], source)
    pieces[i] <- list(NULL)
  }
  table_frame(columns, source, rows)
}

read_table_chunks <- function(result, table, handler, view, settings, decimals, nested) {
  if (!is.null(handler) && !is.function(handler)) refuse("handler is a function that gets each data frame")
  source <- open_table(result, table, view, settings, decimals, nested)
  chunks <- object("bcda_records", NULL,
    next_chunk = table_chunks_of(source), convert = identity, over = NULL, made_by = "bcda_table_chunks()", noun = "row"
  )
  if (is.null(handler)) return(chunks)
  on.exit(close(chunks))
  while (!is.null(chunk <- bcda_next(chunks))) handler(chunk)
  invisible(chunks$next_chunk("count"))
}

# As chunks_of() does for records.
table_chunks_of <- function(source) {
  total <- 0
  ended <- FALSE
  end <- function() {
    native_tables_destroy(source$handle)
    ended <<- TRUE
    NULL
  }
  function(ask = "next") {
    if (ask == "count") return(total)
    if (ask == "close") return(end())
    batch <- if (!ended) next_batch(source)
    if (is.null(batch)) return(end())
    total <<- total + batch$rows
    columns <- Map(function(values, column) joined_column(list(values), column, source), batch$values, source$columns)
    table_frame(columns, source, batch$rows)
  }
}

#' A table as a file
#'
#' Writes a table of claims to a file, in constant memory and without any other package. The file gets its name when it
#' is whole. Its mode is 0600, so that no other user can read it.
#'
#' @param path the file, which must not exist.
#' @param format `"csv"`: a missing value is an empty field, and a collection is JSON. `"ndjson"`: decimals are numbers
#'   with all their digits. `"arrow"`: Arrow's IPC file format, which arrow, polars and pandas read. By default it is
#'   what `path` ends with, else `"csv"`.
#' @return Invisibly, the number of rows. With `on_error = "null"`, a message of class `bcda_message_nulled` tells how many
#'   values became missing.
#' @name bcda_table_save
#' @seealso [bcda_table()]
#' @examples
#' sandbox <- bcda_sandbox(beneficiaries = 10)
#' client <- bcda_sandbox_client(sandbox)
#' result <- bcda_export(client, "Patient", out = tempfile("claims"), progress = FALSE)
#' file <- tempfile(fileext = ".csv")
#' bcda_table_save(result, "beneficiary", file, columns = c("beneficiary_key", "birth_date"))
#' readLines(file, 3)
#' close(sandbox)
NULL

save_table <- function(result, table, path, view, settings, format) {
  if (!is_text(path) || !nzchar(path)) refuse("path is the path of a file")
  ending <- sub(".*[.]", "", path)
  if (is.null(format)) format <- if (ending %in% c("ndjson", "arrow")) ending else "csv"
  if (!is_text(format)) refuse("format is \"csv\", \"ndjson\" or \"arrow\"")
  tables <- opened_tables(result, table, view, settings)
  on.exit(native_tables_destroy(tables))
  file <- native_table_file_create(tables, absolute(path))
  on.exit(native_table_file_destroy(file), add = TRUE)
  while (native_table_file_write(file, tables, format) == 1) native_check_interrupt()
  native_table_file_publish(file)
  tell_nulled(native_tables_nulled(tables))
  invisible(native_tables_rows(tables, 0))
}

#' A table as a stream of Arrow
#'
#' Opens a table of claims as a stream of Arrow batches (an ArrowArrayStream of Arrow's C interface), for arrow, DuckDB
#' and other packages that take one. All types stay exact. The stream is read once, in constant memory. It needs the
#' package nanoarrow.
#'
#' While it is read, a failure is an error of the package that reads it. The error has the message of the library. A
#' stream that is not read to its end is closed by `stream$release()`, or when it is garbage-collected.
#'
#' @section Arrow and DuckDB:
#' ```
#' stream <- bcda_table_stream(result, "claim_line")
#' reader <- arrow::as_record_batch_reader(stream)
#' arrow::write_dataset(reader, "claim_line") # Parquet files, in constant memory
#'
#' lines <- arrow::as_arrow_table(bcda_table_stream(result, "claim_line"))
#' con <- DBI::dbConnect(duckdb::duckdb())
#' duckdb::duckdb_register_arrow(con, "claim_line", lines)
#' DBI::dbGetQuery(con, "select sum(paid_amount) from claim_line")
#' ```
#'
#' Without these packages, [bcda_table_chunks()] fills any database, with
#' `function(chunk) DBI::dbAppendTable(con, "claim_line", as.data.frame(chunk))` and `nested = "json"`.
#'
#' @return An object of class `nanoarrow_array_stream`.
#' @name bcda_table_stream
#' @seealso [bcda_table()]
#' @examplesIf requireNamespace("nanoarrow", quietly = TRUE)
#' sandbox <- bcda_sandbox(beneficiaries = 10)
#' client <- bcda_sandbox_client(sandbox)
#' result <- bcda_export(client, "Patient", out = tempfile("claims"), progress = FALSE)
#' stream <- bcda_table_stream(result, "beneficiary", columns = c("beneficiary_key", "birth_date"))
#' stream$get_next()
#' stream$release()
#' close(sandbox)
NULL

table_stream <- function(result, table, view, settings) {
  stream <- NULL
  export_stream(result, table, view, settings, function() {
    if (!requireNamespace("nanoarrow", quietly = TRUE)) {
      fail("STATE", "bcda_table_stream() needs the package nanoarrow: install.packages(\"nanoarrow\")")
    }
    stream <<- nanoarrow::nanoarrow_allocate_array_stream()
    nanoarrow::nanoarrow_pointer_addr_dbl(stream)
  })
  stream
}

# Writes an ArrowArrayStream to the address that `place` returns, which is that of an empty one. `place` is called when
# the arguments have been checked.
export_stream <- function(result, table, view, settings, place) {
  tables <- new_tables(result, table, view)
  on.exit(native_tables_destroy(tables))
  config <- make_config(settings)
  on.exit(native_config_destroy(config), add = TRUE)
  native_tables_export(tables, config, place())
}

# ---- Reading ---------------------------------------------------------------------------------------------------------

# The sources and the table, which is not open yet.
new_tables <- function(result, table, view) {
  definition <- definition_of(table, view)
  paths <- table_paths(result)
  tables <- native_tables_create()
  for (path in paths) native_tables_add_path(tables, path)
  native_tables_add_table(tables, definition)
  tables
}

opened_tables <- function(result, table, view, settings) {
  tables <- new_tables(result, table, view)
  is_open <- FALSE
  on.exit(if (!is_open) native_tables_destroy(tables))
  config <- make_config(settings)
  on.exit(native_config_destroy(config), add = TRUE)
  native_tables_open(tables, config)
  is_open <- TRUE
  tables
}

# An open table: its handle, its columns, and how they become vectors.
open_table <- function(result, table, view, settings, decimals, nested) {
  if (!is_text(decimals) || !decimals %in% c("double", "text")) refuse("decimals is \"double\" or \"text\"")
  check_nested(nested)
  tables <- opened_tables(result, table, view, settings)
  columns <- lapply(seq_len(native_tables_column_count(tables, 0)) - 1, function(i) {
    list(
      name = native_tables_column_name(tables, 0, i), format = native_tables_column_format(tables, 0, i),
      is_list = native_tables_column_is_list(tables, 0, i) == 1
    )
  })
  list(handle = tables, columns = columns, decimals = decimals, nested = nested)
}

# The number of rows and the values of each column; NULL after the last batch.
next_batch <- function(source) {
  found <- native_tables_next(source$handle)
  native_check_interrupt()
  if (found < 0) return(tell_nulled(native_tables_nulled(source$handle)))
  values <- lapply(seq_along(source$columns), function(i) {
    native_batch_column(source$handle, i - 1, as.integer(source$decimals == "text"))
  })
  if (source$nested == "json") values <- lapply(values, function(column) if (is.list(column)) items_json(column) else column)
  list(rows = native_batch_rows(source$handle), values = values)
}

tell_nulled <- function(count) {
  if (count > 0) inform("nulled", paste(counted(count, "value"), "did not fit the column and became NA (on_error)"), count = count)
}

# ---- Columns ---------------------------------------------------------------------------------------------------------

table_frame <- function(columns, source, rows) {
  names(columns) <- vapply(source$columns, function(column) column$name, "")
  structure(as_data_frame(columns, rows), class = c("bcda_frame", "data.frame"))
}

# A column of a frame, from its values in each batch. `column$format` is the one of Arrow.
joined_column <- function(pieces, column, source) {
  if (!length(pieces)) pieces <- list(no_values(column, source))
  if (column$format == "l") pieces <- of_one_type(pieces)
  values <- if (length(pieces) == 1) pieces[[1]] else unlist(pieces, recursive = FALSE, use.names = FALSE)
  if (!is.double(values)) return(values)
  switch(substr(column$format, 1, 2),
    td = .Date(values),
    ts = .POSIXct(values, "UTC"),
    tt = .difftime(values, "secs"),
    values
  )
}

no_values <- function(column, source) {
  if (column$is_list || column$format == "z") return(if (source$nested == "json") character() else list())
  switch(substr(column$format, 1, 1),
    u = character(),
    b = logical(),
    i = integer(),
    d = if (source$decimals == "text") character() else double(),
    double()
  )
}

# An integer64 column is double in some batches and text in others, if only some have a number beyond 2^53.
of_one_type <- function(pieces) {
  types <- lapply(pieces, function(piece) if (is.list(piece)) vapply(piece, typeof, "") else typeof(piece))
  if (!all(c("double", "character") %in% unlist(types))) return(pieces)
  lapply(pieces, function(piece) if (is.list(piece)) lapply(piece, whole_text) else whole_text(piece))
}

whole_text <- function(numbers) {
  if (!is.double(numbers)) return(numbers)
  texts <- sprintf("%.0f", numbers)
  texts[is.na(numbers)] <- NA_character_
  texts
}

# Each value of a list column as JSON: the items of a collection as an array, and bytes as base64. The items of all rows
# are converted in one call, which is fast.
items_json <- function(column) {
  missing <- vapply(column, is.null, NA)
  texts <- rep(NA_character_, length(column))
  if (all(missing)) return(texts)
  first <- column[[which(!missing)[1]]]
  if (is.raw(first)) {
    texts[!missing] <- item_json(column[!missing])
    return(texts)
  }
  items <- unlist(column, recursive = !is.list(first), use.names = FALSE)
  if (is.atomic(items) && length(items)) attributes(items) <- attributes(first)
  row <- factor(rep(seq_along(column), lengths(column)), levels = seq_along(column))
  arrays <- vapply(split(item_json(items), row), paste, "", collapse = ",", USE.NAMES = FALSE)
  texts[!missing] <- paste0("[", arrays[!missing], "]")
  texts
}

# The JSON of each item of a vector, or of each raw vector of a list.
item_json <- function(items) {
  if (is.list(items)) {
    return(vapply(items, function(item) if (is.null(item)) "null" else json_text(jsonlite::base64_enc(item)), ""))
  }
  each <- function(text_of) vapply(items, function(item) if (is.na(item)) "" else text_of(item), "")
  json <- if (inherits(items, "POSIXct")) {
    json_text(each(rfc3339))
  } else if (inherits(items, "difftime")) {
    json_text(each(time_of_day))
  } else if (is.integer(items)) {
    sprintf("%d", items)
  } else if (is.logical(items)) {
    tolower(items)
  } else if (is.double(items) && !is.object(items)) {
    each(json_number)
  } else {
    json_text(as.character(items)) # texts and dates
  }
  ifelse(is.na(items), "null", json)
}

time_of_day <- function(time) sub("^.*T(.*)Z$", "\\1", rfc3339(.POSIXct(as.numeric(time), "UTC")))

# ---- What is read ----------------------------------------------------------------------------------------------------

table_paths <- function(result) {
  if (inherits(result, "bcda_result")) {
    if (result$to_sink) fail("STATE", "the files went to functions of yours: a table is made of files on disk")
    return(if (is.na(result$directory)) no_records() else result$directory) # a sync without data has no directory
  }
  if (!is.character(result) || !length(result) || anyNA(result) || !all(nzchar(result))) {
    refuse("result is of bcda_export() or bcda_result(), or it is the paths of directories or NDJSON files")
  }
  vapply(result, absolute, "", USE.NAMES = FALSE)
}

# The path of an empty file. It stays until the end of the session, because a stream may be read later.
no_records <- function() {
  path <- file.path(tempdir(), "bcda-no-records.ndjson")
  if (!file.exists(path)) file.create(path)
  path
}

# What the library takes as a table: a name, or the JSON of a view.
definition_of <- function(table, view) {
  if (is.null(table) == is.null(view)) refuse("give the name of a table or a view, one of them; bcda_tables() lists the tables")
  if (is.null(table)) return(view_text(view))
  if (!is_text(table)) refuse("table is the name of a table; bcda_tables() lists them")
  table
}

view_text <- function(view) {
  if (is.list(view)) return(as.character(jsonlite::toJSON(view, auto_unbox = TRUE, null = "null", digits = NA)))
  if (!is.character(view) || !length(view) || anyNA(view)) refuse("view is a ViewDefinition: JSON as text, a path, or a list")
  text <- paste(view, collapse = "\n")
  if (grepl("^\\s*\\{", text)) text else file_text(absolute(text))
}

file_text <- function(path) {
  size <- file.size(on_disk(path))
  if (is.na(size)) fail("FILESYSTEM", path, " is neither JSON nor a file that can be read", file = path)
  text <- readChar(on_disk(path), size, useBytes = TRUE)
  Encoding(text) <- "UTF-8"
  text
}

# ---- The tables that the library brings along ------------------------------------------------------------------------

#' The tables that the library brings along
#'
#' `bcda_tables()` lists the tables for [bcda_table()]. `bcda_table_columns()` is the dictionary of one table.
#' `bcda_table_view()` returns the ViewDefinition of a table for a generation of claims, which you can change and use as
#' `view`.
#'
#' @param table the name of a table.
#' @param generation `"stu3"` (BCDA v1, and the service of 2019), `"v2"` or `"v3"`.
#' @return `bcda_tables()`: a data frame of `name`, `resource` (of one record) and `description`.
#'
#'   `bcda_table_columns()`: a data frame of one row for each column: `name`, `type`, `list` (whether it is a collection),
#'   `description`, `cclf` (the name of the same column in CMS's Claim and Claim Line Feed; `""`: none), and
#'   `generations`, a list column of those that have the column. In the others it is `NA`.
#'
#'   `bcda_table_view()`: the JSON, as one text.
#' @export
#' @examples
#' bcda_tables()[c("name", "resource")]
#' columns <- bcda_table_columns("claim_line")
#' columns[columns$type == "DECIMAL(18,2)", c("name", "description")]
#'
#' # A table with one more column.
#' view <- jsonlite::parse_json(bcda_table_view("beneficiary", "stu3"))
#' view$name <- "my_beneficiary"
#' view$select[[1]]$column <- c(
#'   view$select[[1]]$column,
#'   list(list(name = "has_died", path = "deceased.exists()", type = "boolean"))
#' )
#' sandbox <- bcda_sandbox(beneficiaries = 10)
#' client <- bcda_sandbox_client(sandbox)
#' result <- bcda_export(client, "Patient", out = tempfile("claims"), progress = FALSE)
#' table(bcda_table(result, view = view)$has_died)
#' close(sandbox)
bcda_tables <- function() {
  names <- vapply(seq_len(native_table_count()) - 1, native_table_name, "")
  text_frame(lapply(names, dictionary_of), c("name", "resource", "description"))
}

#' @rdname bcda_tables
#' @export
bcda_table_columns <- function(table) {
  columns <- dictionary_of(table)$columns
  frame <- text_frame(columns, c("name", "type", "description", "cclf"))
  frame$list <- vapply(columns, function(column) column$list, NA)
  frame$generations <- lapply(columns, function(column) unlist(column$generations))
  frame[c("name", "type", "list", "description", "cclf", "generations")]
}

#' @rdname bcda_tables
#' @export
bcda_table_view <- function(table, generation = "v3") {
  if (!is_text(generation)) refuse("generation is \"stu3\", \"v2\" or \"v3\"")
  native_table_view(table_name(table), generation)
}

dictionary_of <- function(table) parsed_json(native_table_columns(table_name(table)), "the columns of the table")

table_name <- function(table) {
  if (!is_text(table)) refuse("table is the name of a table; bcda_tables() lists them")
  table
}
