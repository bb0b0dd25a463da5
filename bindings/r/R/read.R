# Records as data frames.

#' Claims as a data frame
#'
#' The records of one resource type, a row each. They are read in chunks; when there are more than memory holds, use
#' [bcda_records()], which gives one chunk after another.
#'
#' @param result of [bcda_export()] or [bcda_result()]; or the path of a file of NDJSON.
#' @param type a resource type; may be left out when there is one only.
#' @param flatten `TRUE`: the members of nested objects are columns of their own (`payment.amount.value`), and arrays are list
#'   columns. `FALSE`: a column for each member of the record; what is nested is a list column of lists, as the JSON has it.
#' @param chunk records that are parsed at once.
#' @return A data frame. Members that a record lacks are `NA` (in list columns `NULL`). Whole numbers that a double cannot
#'   hold are text.
#' @export
#' @examples
#' sandbox <- bcda_sandbox(beneficiaries = 10)
#' client <- bcda_sandbox_client(sandbox)
#' result <- bcda_export(client, "Patient", out = tempfile("claims"), progress = FALSE)
#' patients <- bcda_read(result, "Patient")
#' patients[1:3, c("gender", "birthDate")]
#' close(sandbox)
bcda_read <- function(result, type = NULL, flatten = TRUE, chunk = 5000) {
  if (!is_text(result)) type <- one_type(result, type)
  pages <- list()
  bcda_records(result, type, function(page) pages[[length(pages) + 1]] <<- page, n = chunk, flatten = flatten)
  bind_pages(pages)
}

as_frame <- function(chunk, file, flatten) {
  if (!flatten) return(frame_of(as_lists(chunk, file)))
  frame <- parse_array(chunk, simplifyVector = TRUE, simplifyMatrix = FALSE, flatten = TRUE)
  if (!is.data.frame(frame) || nrow(frame) != length(chunk) || !all(begin_objects(chunk))) blame(chunk, file)
  names(frame) <- make.unique(names(frame)) # a member may hold a dot
  frame
}

# A column for each member; atomic when it is a scalar in all records that have it.
frame_of <- function(records) {
  members <- unique(unlist(lapply(records, names)))
  columns <- lapply(members, function(member) {
    values <- lapply(records, function(record) member_of(record, member))
    present <- values[!vapply(values, is.null, NA)]
    if (!all(vapply(present, function(value) is.atomic(value) && length(value) == 1, NA))) return(values)
    joined(lapply(values, function(value) value %||% NA))
  })
  as_data_frame(stats::setNames(columns, members), length(records))
}

# Not `[[`, to which an empty name is none.
member_of <- function(record, member) {
  at <- match(member, names(record))
  if (!is.na(at)) record[[at]]
}

# Pages may differ in their columns, and in what type a column has.
bind_pages <- function(pages) {
  if (length(pages) == 1) return(pages[[1]])
  members <- unique(unlist(lapply(pages, names)))
  columns <- lapply(members, function(member) {
    pieces <- lapply(pages, function(page) member_of(page, member))
    nested <- any(vapply(pieces, is.list, NA))
    pieces <- Map(function(piece, page) {
      if (is.null(piece)) piece <- if (nested) vector("list", nrow(page)) else rep(NA, nrow(page))
      if (nested && !is.list(piece)) lapply(piece, function(value) if (!is.na(value)) value) else piece
    }, pieces, pages)
    if (nested) do.call(c, pieces) else joined(pieces)
  })
  as_data_frame(stats::setNames(columns, members), sum(vapply(pages, nrow, 0L)))
}

# One vector of several. Numbers among texts keep their digits.
joined <- function(pieces) {
  if (any(vapply(pieces, is.character, NA))) pieces <- lapply(pieces, as_digits)
  unlist(pieces, use.names = FALSE)
}

as_digits <- function(values) {
  if (!is.numeric(values)) return(as.character(values))
  ifelse(is.na(values), NA_character_, vapply(values, function(value) if (is.na(value)) "" else digits(value), ""))
}

as_data_frame <- function(columns, rows) {
  structure(columns, names = as.character(names(columns)), row.names = .set_row_names(rows), class = "data.frame")
}
