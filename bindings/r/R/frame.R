# Data frames of tables: printing, and conversion of list columns to text.

CELL <- 20 # the longest value in characters that is printed in full
NAMES <- 30 # the most names of hidden columns that are listed

as_data_frame <- function(columns, rows) {
  structure(columns, names = as.character(names(columns)), row.names = .set_row_names(rows), class = "data.frame")
}

check_nested <- function(nested) {
  if (!is_text(nested) || !nested %in% c("list", "json")) refuse("nested is \"list\" or \"json\"")
}

without_lists <- function(frame) {
  frame[] <- lapply(frame, function(column) if (is.list(column)) items_json(column) else column)
  frame
}

# A number as JSON. Not by jsonlite::toJSON(), because it keeps 15 digits of a number, which may need 17.
json_number <- function(value) {
  if (is.infinite(value)) return(if (value > 0) "1e999" else "-1e999") # the original number was too large for a double
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

#' Data frames of tables
#'
#' [bcda_table()] and [bcda_table_chunks()] return data frames of class `bcda_frame`. The class has a `print` method
#' that shows some rows and columns, and cuts long values. `head()`, `[` and packages for data frames work as usual.
#' `as.data.frame()` returns an ordinary data frame, which R prints in full.
#'
#' The collections of a table are list columns. `write.csv()` and databases do not accept list columns.
#' `nested = "json"` converts them to text columns with the JSON of each value (`NA` if there is no value).
#'
#' @param x a data frame from [bcda_table()] or [bcda_table_chunks()].
#' @param n the number of rows that are printed.
#' @param width the number of characters in a line.
#' @param row.names,optional,... as for [as.data.frame()].
#' @param nested `"list"`: list columns stay. `"json"`: each list column becomes a text column of JSON.
#' @return `print()` returns `x` invisibly. `as.data.frame()` returns a data frame without the class `bcda_frame`.
#' @name bcda_frame
#' @examples
#' sandbox <- bcda_sandbox(beneficiaries = 10)
#' client <- bcda_sandbox_client(sandbox)
#' result <- bcda_export(client, "ExplanationOfBenefit", out = tempfile("claims"), progress = FALSE)
#' lines <- bcda_table(result, "claim_line")
#' head(lines)
#' write.csv(as.data.frame(lines, nested = "json"), tempfile(fileext = ".csv"), row.names = FALSE)
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

# A matrix of strings. It has as many columns as fit in a line, and at least one.
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
  if (is.list(column)) return(vapply(column, shown_list, ""))
  text <- if (is.numeric(column)) format(column, trim = TRUE) else as.character(column)
  text[is.na(column)] <- "NA"
  cut_text(text, CELL)
}

shown_list <- function(value) {
  if (is.null(value)) return("NA")
  if (is.list(value)) "<list>" else cut_text(paste(value, collapse = ", "), CELL)
}

# Cuts long text, and escapes control characters, because a terminal would interpret them.
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
