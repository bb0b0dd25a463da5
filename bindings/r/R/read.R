# Records as data frames.

#' Claims as a data frame
#'
#' The records of one resource type, a row each. They are read in chunks; when there are more than memory holds, use
#' [bcda_records()], which gives one chunk after another.
#'
#' @param result of [bcda_export()] or [bcda_result()]; or the path of a file of NDJSON.
#' @param type a resource type; may be left out when there is one only.
#' @param flatten `TRUE`: the members of nested objects are columns of their own (`payment.amount.value`). `FALSE`: a column
#'   for each member of the record. What is nested otherwise, arrays mostly, is a list column of lists, as the JSON has it.
#' @param chunk records that are parsed at once.
#' @return A data frame. Members that a record lacks are `NA` (in list columns `NULL`). Numbers are doubles, as everywhere in R;
#'   whole numbers beyond 2^53 that 64 bits hold are text, so that they keep their digits.
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
  records <- as_lists(chunk, file)
  columns <- columns_of(records, flatten)
  names(columns) <- make.unique(as.character(names(columns))) # a member's name may hold a dot
  as_data_frame(columns, length(records))
}

# A column for each member of the records, in order of appearance. All members at once: a call for each would be slow.
columns_of <- function(records, flatten) {
  row <- rep(seq_along(records), lengths(records))
  member <- factor(unlist(lapply(records, names)), levels = unique(unlist(lapply(records, names))))
  values <- unlist(records, recursive = FALSE, use.names = FALSE)
  present <- !vapply(values, is.null, NA)
  columns <- lapply(split(seq_along(values), member), function(at) {
    at <- at[present[at]]
    column_of(values[at], row[at], length(records), flatten)
  })
  nested <- vapply(columns, is.data.frame, NA)
  names <- Map(function(name, column, nested) if (nested) paste(name, names(column), sep = ".") else name,
    levels(member), columns, nested
  )
  columns[!nested] <- lapply(columns[!nested], list)
  stats::setNames(as.list(unlist(lapply(columns, as.list), recursive = FALSE, use.names = FALSE)), unlist(names))
}

# Of the `values` in these rows: a vector when all are scalars, a frame of columns when all are objects, else a list.
column_of <- function(values, row, rows, flatten) {
  scalar <- lengths(values) == 1 & vapply(values, is.atomic, NA)
  if (all(scalar)) {
    column <- rep(NA, rows)
    column[row] <- joined(values)
    return(column)
  }
  column <- vector("list", rows)
  column[row] <- values
  if (flatten && all(vapply(values, is_object, NA))) {
    columns <- columns_of(column, flatten)
    if (length(columns)) return(as_data_frame(columns, rows))
  }
  column
}

# Pages may differ in their columns, and in what type a column has.
bind_pages <- function(pages) {
  if (length(pages) == 1) return(pages[[1]])
  members <- unique(unlist(lapply(pages, names)))
  columns <- lapply(members, function(member) {
    pieces <- lapply(pages, function(page) {
      at <- match(member, names(page))
      if (is.na(at)) rep(NA, nrow(page)) else page[[at]]
    })
    if (any(vapply(pieces, is.list, NA))) do.call(c, lapply(pieces, as_cells)) else joined(pieces)
  })
  as_data_frame(stats::setNames(columns, members), sum(vapply(pages, nrow, 0L)))
}

# For a list column, where what is missing is NULL.
as_cells <- function(column) {
  if (is.list(column)) return(column)
  cells <- as.list(column)
  cells[is.na(column)] <- list(NULL)
  cells
}

# One vector of several. Numbers among texts keep their digits.
joined <- function(pieces) {
  type <- vapply(pieces, typeof, "")
  if ("character" %in% type && !all(type == "character")) pieces <- lapply(pieces, as_digits)
  unlist(pieces, use.names = FALSE)
}

as_digits <- function(values) {
  if (!is.numeric(values)) return(as.character(values))
  ifelse(is.na(values), NA_character_, vapply(values, function(value) if (is.na(value)) "" else digits(value), ""))
}

as_data_frame <- function(columns, rows) {
  structure(columns, names = as.character(names(columns)), row.names = .set_row_names(rows), class = "data.frame")
}
