# Records as data frames.

#' Claims as a data frame
#'
#' The records of one resource type, a row each. They are read in chunks; when there are more than memory holds, use
#' [bcda_records()], which gives one chunk after another.
#'
#' @param result of [bcda_export()] or [bcda_result()]; or the path of a file of NDJSON.
#' @param type a resource type; may be left out when the export has only one.
#' @param flatten `TRUE`: the members of nested objects are columns of their own (`payment.amount.value`). `FALSE`: a column
#'   for each member of the record. What is nested otherwise, arrays mostly, is a list column of lists, as the JSON has it.
#' @param nested `"list"`: what is nested is a list column. `"json"`: it is a text column that holds its JSON, which
#'   [write.csv()] and databases take. [as.data.frame()] does the same to a data frame that has been read already.
#' @param chunk records that are parsed at once; it does not change what is read.
#' @return A data frame of class [bcda_frame], which takes some eight times the room of the JSON. Members that a record lacks
#'   are `NA` (in list columns `NULL`). Dates are text, which [as.Date()] takes. Numbers are doubles; whole numbers
#'   beyond 2^53 that 64 bits hold are text, so that they keep their digits.
#'
#'   Records of Patient, Coverage and ExplanationOfBenefit have all columns that the service is known to write, with their
#'   types, even when no record has a value. So after a night without a file, or without a record, there are 0 rows of the same
#'   columns: `nrow()` is 0, and `sum(claims$payment.amount.value)` is the 0 of an empty numeric column.
#'   Other resource types, and a path of a file without a record, have no columns then.
#' @export
#' @examples
#' sandbox <- bcda_sandbox(beneficiaries = 10)
#' client <- bcda_sandbox_client(sandbox)
#' result <- bcda_export(client, "Patient", out = tempfile("claims"), progress = FALSE)
#' patients <- bcda_read(result, "Patient")
#' patients[1:3, c("gender", "birthDate")]
#' close(sandbox)
bcda_read <- function(result, type = NULL, flatten = TRUE, chunk = 5000, nested = "list") {
  check_size(chunk, "chunk")
  check_flatten(flatten)
  check_nested(nested)
  if (!is_text(result)) type <- one_type(result, type)
  chunks <- list()
  bcda_records(result, type, function(records) chunks[[length(chunks) + 1]] <<- records, n = chunk, as = "list")
  as_frame(unlist(chunks, recursive = FALSE), flatten, nested, type)
}

# Deeper, objects stay lists: a hostile record may be nested as deep as it likes.
DEEPEST <- 32

# `type` counts when there is no record that says its own.
as_frame <- function(records, flatten, nested = "list", type = NULL) {
  columns <- columns_of(records, if (flatten) DEEPEST else 0)
  names(columns) <- make.unique(as.character(names(columns))) # a member's name may hold a dot
  if (length(records)) type <- type_of(records)
  new_frame(with_known(columns, type, length(records), flatten), length(records), nested)
}

# A column for each member of the records, in order of appearance; members of objects in them have columns of their own,
# `depth` levels deep. All members at once: a call for each would be slow.
columns_of <- function(records, depth) {
  row <- rep(seq_along(records), lengths(records))
  member <- factor(unlist(lapply(records, names)), levels = unique(unlist(lapply(records, names))))
  values <- unlist(records, recursive = FALSE, use.names = FALSE)
  present <- !vapply(values, is.null, NA)
  columns <- lapply(split(seq_along(values), member), function(at) {
    at <- at[present[at]]
    column_of(values[at], row[at], length(records), depth)
  })
  nested <- vapply(columns, is.data.frame, NA)
  names <- Map(function(name, column, nested) if (nested) paste(name, names(column), sep = ".") else name,
    levels(member), columns, nested
  )
  columns[!nested] <- lapply(columns[!nested], list)
  stats::setNames(as.list(unlist(lapply(columns, as.list), recursive = FALSE, use.names = FALSE)), unlist(names))
}

# Of the `values` in these rows: a vector when all are scalars that go together, a frame of columns when all are
# objects, else a list.
column_of <- function(values, row, rows, depth) {
  scalar <- lengths(values) == 1 & vapply(values, is.atomic, NA)
  flags <- vapply(values, is.logical, NA) # R would take 1 and true for the same
  if (all(scalar) && (all(flags) || !any(flags))) {
    column <- rep(NA, rows)
    column[row] <- joined(values)
    return(column)
  }
  column <- vector("list", rows)
  column[row] <- values
  if (depth > 0 && all(vapply(values, is_object, NA))) {
    columns <- columns_of(column, depth - 1)
    if (length(columns)) return(as_data_frame(columns, rows))
  }
  column
}

# One vector of several. Numbers are doubles, whatever the others are; among texts they keep their digits.
joined <- function(values) {
  type <- vapply(values, typeof, "")
  if ("character" %in% type && !all(type == "character")) values <- lapply(values, as_digits)
  vector <- unlist(values, use.names = FALSE)
  if (is.integer(vector)) as.double(vector) else vector
}

as_digits <- function(values) {
  if (!is.numeric(values)) return(as.character(values))
  ifelse(is.na(values), NA_character_, vapply(values, function(value) if (is.na(value)) "" else digits(value), ""))
}

as_data_frame <- function(columns, rows) {
  structure(columns, names = as.character(names(columns)), row.names = .set_row_names(rows), class = "data.frame")
}
