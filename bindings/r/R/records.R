# Reads records in chunks, in constant memory. Checks that each file is still the verified one.

#' The records of an export, in chunks
#'
#' Streams the records of one resource type, or of all types, with memory for only one chunk. As lists, a chunk needs
#' several times the memory of its JSON. A `handler` is called with each chunk, as for [jsonlite::stream_in()]. Without
#' a handler, `bcda_records()` returns a reader. Each `bcda_next()` then returns the next chunk, and `NULL` after the last
#' one. For data frames, use [bcda_table()]: a view of your own makes one of any resource type.
#'
#' If a file does not have the size or the number of records that were verified, reading fails with
#' `bcda_error_verification`. A record that is not a JSON object fails with `bcda_error_protocol`, whose message names
#' file, line and byte. A chunk never spans two files.
#'
#' @param result a result from [bcda_export()] or [bcda_result()], or the path of an NDJSON file.
#' @param type a resource type, such as `"Patient"`. `NULL`: the records of every data file.
#' @param handler a function that receives each chunk, or `NULL`.
#' @param n the maximum number of records in a chunk. A chunk of long records has fewer, because it holds not much more
#'   than 32 MiB of JSON.
#' @param as the form of a chunk: `"list"`, a list of records as from [jsonlite::parse_json()], in which integers beyond
#'   2^53 are text, so that they keep their digits; `"text"`, a character vector of JSON.
#' @param records a reader from `bcda_records()` or [bcda_table_chunks()]. If a `bcda_next()` fails or is interrupted, a
#'   chunk may be lost. So the reader then returns no more chunks; make another one.
#' @return With a handler, invisibly the number of records. Without a handler, a reader of class `bcda_records` for
#'   `bcda_next()`; `close()` closes it early.
#' @export
#' @examples
#' sandbox <- bcda_sandbox(beneficiaries = 10)
#' client <- bcda_sandbox_client(sandbox)
#' result <- bcda_export(client, "Patient", out = tempfile("claims"), progress = FALSE)
#' born <- character()
#' bcda_records(result, "Patient", n = 4, handler = function(patients) {
#'   born <<- c(born, vapply(patients, function(patient) patient$birthDate, ""))
#' })
#'
#' records <- bcda_records(result, "Patient", n = 1)
#' bcda_next(records)[[1]]$resourceType
#' close(records)
#' close(sandbox)
bcda_records <- function(result, type = NULL, handler = NULL, n = 1000, as = c("list", "text")) {
  if (!is_number(n) || n < 1 || n != trunc(n) || n > .Machine$integer.max) refuse("n is a number of records, 1 or more")
  if (!is.null(handler) && !is.function(handler)) refuse("handler is a function that gets each chunk")
  conversions <- list(
    list = function(chunk) as_lists(chunk$text, chunk$file),
    text = function(chunk) chunk$text
  )
  if (missing(as) || identical(as, names(conversions))) as <- "list"
  if (!is_text(as) || !as %in% names(conversions)) refuse("as is \"list\" or \"text\"")
  by_path <- is_text(result)
  if (by_path && !is.null(type)) refuse("type is for a result, which has files of several: the path is of one file")
  files <- if (by_path) one_file(result) else files_of(result, type)
  next_chunk <- chunks_of(files, n, !by_path && result$to_sink)
  records <- object("bcda_records", NULL,
    next_chunk = next_chunk, convert = conversions[[as]], over = NULL, made_by = "bcda_records()", noun = "record"
  )
  if (is.null(handler)) return(records)
  on.exit(close(records))
  while (!is.null(chunk <- bcda_next(records))) handler(chunk)
  invisible(next_chunk("count"))
}

one_file <- function(path) {
  path <- absolute(path)
  if (dir.exists(on_disk(path))) refuse(path, " is a directory; bcda_result() opens the export that is in one")
  data.frame(path = path, bytes = NA, records = NA)
}

#' @rdname bcda_records
#' @export
bcda_next <- function(records) {
  handle_of(records, "bcda_records")
  if (!is.null(records$over)) fail("STATE", "the reader ", records$over, ": call ", records$made_by, " again")
  records$over <- "broke off, so that records may be lost" # reset when the chunk is complete
  chunk <- records$next_chunk()
  made <- if (!is.null(chunk)) records$convert(chunk)
  records$over <- NULL
  made
}

#' @export
close.bcda_records <- function(con, ...) {
  con$next_chunk("close")
  con$over <- "is closed"
  invisible()
}

#' @export
print.bcda_records <- function(x, ...) {
  cat("<bcda_records, ", counted(x$next_chunk("count"), x$noun), " so far>\n", sep = "")
  invisible(x)
}

# Returns a function that returns the next chunk, list(text, file), or NULL after the last one. With the argument
# "close" it closes the file, and with "count" it returns the number of records so far.
chunks_of <- function(files, n, to_sink) {
  if (to_sink && nrow(files)) fail("STATE", "the files went to functions of yours: read them from there")
  at <- 0
  of_file <- 0
  total <- 0
  reader <- NULL
  end_file <- function() {
    if (!is.null(reader)) native_reader_destroy(reader)
    reader <<- NULL
  }
  function(ask = "next") {
    if (ask == "count") return(total)
    if (ask == "close") {
      end_file()
      at <<- nrow(files)
      return(NULL)
    }
    repeat {
      if (is.null(reader)) {
        if (at >= nrow(files)) return(NULL)
        at <<- at + 1
        of_file <<- 0
        reader <<- native_reader_open(files$path[at])
        verify_size(files[at, ])
      }
      text <- read_chunk(reader, n, files$path[at])
      native_check_interrupt()
      if (!is.null(text)) {
        of_file <<- of_file + length(text)
        total <<- total + length(text)
        return(list(text = text, file = files$path[at]))
      }
      end_file()
      verify_size(files[at, ])
      verify(files[at, ], of_file, files$records[at], "record")
    }
  }
}

read_chunk <- function(reader, n, file) {
  tryCatch(native_reader_chunk(reader, n), bcda_error_protocol = function(e) not_json(file, reader, conditionMessage(e)))
}

# Fails with the position of the last record of the reader, without its content.
not_json <- function(file, reader, why) {
  place <- paste0(", line ", digits(native_reader_line(reader)), ", byte ", digits(native_reader_offset(reader)))
  fail("PROTOCOL", file, place, ": ", why, file = file)
}

verify_size <- function(file) verify(file, file.size(on_disk(file$path)), file$bytes, "byte")

verify <- function(file, found, before, noun) {
  if (is.na(before)) return()
  if (is.na(found)) fail("FILESYSTEM", file$path, " is gone", file = file$path)
  if (found == before) return()
  fail("VERIFICATION", file$path, " has ", counted(found, noun), ", but ", big(before), " were verified: it has changed",
    file = file$path
  )
}

# Records as lists with the structure of the JSON. They are parsed in one call, which is fast. Only if that fails, the
# first bad record is searched.
as_lists <- function(chunk, file) {
  records <- parse_lines(chunk)
  if (is.null(records) || !all(begin_objects(chunk)) || any(unfit(chunk))) blame(chunk, file)
  records
}

# Parses the lines as one JSON array. Returns NULL if a line is not one JSON value. A random string is put between the
# lines, because two broken lines could together form two valid values. The parser's message is dropped, because it
# contains a record.
parse_lines <- function(chunk) {
  between <- basename(tempfile("between"))
  text <- paste0("[", paste(chunk, collapse = paste0(",\"", between, "\",")), "]")
  parsed <- tryCatch(jsonlite::parse_json(text, bigint_as_char = TRUE), error = function(e) NULL)
  odd <- seq(1, by = 2, length.out = length(chunk))
  if (length(parsed) == 2 * length(chunk) - 1 && all(vapply(parsed[-odd], identical, NA, between))) parsed[odd]
}

# Finds an escaped NUL, because R's strings end there, and half of an escaped surrogate pair, because the parser changes
# it.
unfit <- function(chunk) {
  suspicious <- "\\\\u(0000|[dD][89A-Fa-f])"
  pair <- "\\\\u[dD][89ABab]..\\\\u[dD][C-Fc-f]"
  found <- grepl(suspicious, chunk, perl = TRUE, useBytes = TRUE)
  escapes <- gsub("\\\\", "  ", chunk[found], fixed = TRUE, useBytes = TRUE) # without escaped backslashes
  found[found] <- grepl(suspicious, gsub(pair, "", escapes, perl = TRUE, useBytes = TRUE), perl = TRUE, useBytes = TRUE)
  found
}

begin_objects <- function(chunk) grepl("^[ \t\r]*\\{", chunk, useBytes = TRUE)

is_object <- function(record) is.list(record) && (!is.null(names(record)) || !length(record))

# Fails with the position of the first record that R cannot hold unchanged. Never returns.
blame <- function(chunk, file) {
  alone <- vapply(chunk, function(text) begin_objects(text) && !unfit(text) && !is.null(parse_lines(text)), NA)
  reader <- native_reader_open(file)
  on.exit(native_reader_destroy(reader))
  while (!is.null(text <- read_chunk(reader, 1, file))) {
    if (unfit(text)) not_json(file, reader, "an escaped NUL, or half of an escaped character, which R's texts cannot hold")
    if (text %in% chunk[!alone]) not_json(file, reader, "not a JSON object")
  }
  fail("PROTOCOL", file, ": a record is not a JSON object", file = file)
}
