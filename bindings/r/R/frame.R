# Data frames of records: how they are shown, and how they become data frames of plain columns.

CELL <- 20 # characters of a value that are shown
NAMES <- 30 # names of columns that are listed when they are not shown

new_frame <- function(columns, rows, nested) {
  frame <- as_data_frame(columns, rows)
  class(frame) <- c("bcda_frame", "data.frame")
  if (nested == "json") without_lists(frame) else frame
}

check_nested <- function(nested) {
  if (!is_text(nested) || !nested %in% c("list", "json")) refuse("nested is \"list\" or \"json\"")
}

without_lists <- function(frame) {
  frame[] <- lapply(frame, function(column) if (is.list(column)) vapply(column, json_of, "") else column)
  frame
}

# Of a value as parse_json() makes it. jsonlite::toJSON() would keep 15 digits of a number, which may need 17.
json_of <- function(value) {
  if (is.null(value)) return(NA_character_)
  if (!is.list(value)) return(json_scalar(value))
  members <- vapply(value, function(member) if (is.null(member)) "null" else json_of(member), "", USE.NAMES = FALSE)
  if (is.null(names(value))) return(paste0("[", paste(members, collapse = ","), "]"))
  paste0("{", paste(json_text(names(value)), members, sep = ":", collapse = ","), "}")
}

json_scalar <- function(value) {
  if (is.character(value)) return(json_text(value))
  if (is.logical(value)) return(if (value) "true" else "false")
  if (is.infinite(value)) return(if (value > 0) "1e999" else "-1e999") # as it was written, beyond a double
  short <- sprintf("%.15g", value)
  if (as.numeric(short) == value) short else sprintf("%.17g", value)
}

json_text <- function(texts) {
  escaped <- gsub("([\"\\\\])", "\\\\\\1", texts)
  for (control in unique(unlist(regmatches(escaped, gregexpr("[\001-\037]", escaped))))) {
    escaped <- gsub(control, sprintf("\\\\u%04x", utf8ToInt(control)), escaped)
  }
  paste0("\"", escaped, "\"", recycle0 = TRUE)
}

#' Data frames of records
#'
#' [bcda_read()] and the chunks of [bcda_records()] are data frames of class `bcda_frame`. It has a `print` method that shows
#' some rows and columns, and cuts long values; `head()`, `[` and packages that take data frames work as with any other.
#' `as.data.frame()` gives an ordinary data frame, which R prints in full.
#'
#' What is nested in a record, arrays mostly, is a list column. `write.csv()` and databases do not take list columns:
#' `nested = "json"` makes text columns of them, with the JSON of each value (`NA` where there is none).
#'
#' @param x a data frame of [bcda_read()] or [bcda_records()].
#' @param n rows that are shown.
#' @param width characters that a line may take.
#' @param row.names,optional,... as for [as.data.frame()].
#' @param nested `"list"`: list columns stay; `"json"`: each is a text column of JSON.
#' @return `print()`: invisibly `x`. `as.data.frame()`: a data frame without the class `bcda_frame`.
#' @name bcda_frame
#' @examples
#' sandbox <- bcda_sandbox(beneficiaries = 10)
#' client <- bcda_sandbox_client(sandbox)
#' result <- bcda_export(client, "Patient", out = tempfile("claims"), progress = FALSE)
#' patients <- bcda_read(result, "Patient")
#' head(patients)
#' write.csv(as.data.frame(patients, nested = "json"), tempfile(fileext = ".csv"), row.names = FALSE)
#' close(sandbox)
NULL

#' @rdname bcda_frame
#' @export
as.data.frame.bcda_frame <- function(x, row.names = NULL, optional = FALSE, ..., nested = "list") {
  check_nested(nested)
  frame <- NextMethod()
  if (nested == "json") without_lists(frame) else frame
}

#' @rdname bcda_frame
#' @export
print.bcda_frame <- function(x, n = 10, width = getOption("width"), ...) {
  cat("<bcda_frame: ", counted(nrow(x), "row"), ", ", counted(length(x), "column"), ">\n", sep = "")
  shown <- seq_len(min(n, nrow(x)))
  cells <- cells_of(x, shown, width)
  if (length(shown) && length(cells)) print(cells, quote = FALSE, width = width, max = length(cells))
  left_out <- utils::tail(names(x), length(x) - ncol(cells))
  rows <- nrow(x) - length(shown)
  more <- c(if (rows) counted(rows, "more row"), if (length(left_out)) counted(length(left_out), "more column"))
  if (length(more)) {
    text <- paste0("# ", paste(more, collapse = ", "), if (length(left_out)) paste0(": ", listed(left_out)))
    cat(strwrap(text, width, exdent = 2), sep = "\n")
  }
  invisible(x)
}

# A matrix of texts: as many columns as a line takes, one at least.
cells_of <- function(x, rows, width) {
  cells <- matrix("", length(rows), 0, dimnames = list(format(rows), NULL))
  taken <- max(0, nchar(rownames(cells)))
  for (name in seq_along(x)) {
    column <- shown_cells(x[[name]], rows)
    title <- cut_text(names(x)[name], 2 * CELL)
    taken <- taken + 1 + max(nchar(c(title, column), "width"))
    if (taken > width && ncol(cells)) break
    cells <- cbind(cells, matrix(column, dimnames = list(NULL, title)))
  }
  cells
}

shown_cells <- function(column, rows) {
  if (is.data.frame(column) || is.matrix(column)) return(rep("<frame>", length(rows)))
  column <- column[rows]
  if (is.list(column)) return(vapply(column, function(value) if (is.null(value)) "NA" else "<list>", ""))
  text <- if (is.numeric(column)) format(column, trim = TRUE) else as.character(column)
  text[is.na(column)] <- "NA"
  cut_text(text, CELL)
}

# Without what a terminal would obey.
cut_text <- function(text, most) {
  text <- encodeString(text)
  long <- nchar(text, "width") > most
  text[long] <- paste0(strtrim(text[long], most - 3), "...")
  text
}

listed <- function(names) {
  more <- length(names) - NAMES
  names <- cut_text(names[seq_len(min(NAMES, length(names)))], 2 * CELL)
  paste0(paste(names, collapse = ", "), if (more > 0) paste(" and", big(more), "others"))
}
