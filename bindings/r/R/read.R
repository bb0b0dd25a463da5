# Conversion of records to data frames.

#' Claims as a data frame
#'
#' Reads the records of one resource type, one row for each record. If there are more records than fit in memory, use
#' [bcda_records()], which returns one chunk after another.
#'
#' @param result a result from [bcda_export()] or [bcda_result()], or the path of an NDJSON file.
#' @param type a resource type; may be omitted if the export has only one.
#' @param flatten `TRUE`: the members of nested objects become separate columns (`payment.amount.value`). `FALSE`: one
#'   column for each member of the record. Other nested values, mostly arrays, become list columns with the structure of
#'   the JSON.
#' @param nested `"list"`: nested values are list columns. `"json"`: they are text columns of JSON, which [write.csv()]
#'   and databases accept. [as.data.frame()] does the same for a data frame that was already read.
#' @param chunk the number of records that are parsed at once. It does not change the result.
#' @return A data frame of class [bcda_frame]. It needs about eight times the memory of the JSON. Members that a record
#'   lacks are `NA` (in list columns `NULL`). Dates are text, which [as.Date()] accepts. Numbers are doubles. Integers
#'   beyond 2^53 that fit in 64 bits are text, so that they keep their digits.
#'
#'   Records of Patient, Coverage and ExplanationOfBenefit have all columns that the service is known to write, with
#'   their types, even if no record has a value. So if there is no file or no record, the frame has 0 rows and the same
#'   columns: `nrow()` is 0, and `sum(claims$payment.amount.value)` is 0, the sum of an empty numeric column. In that
#'   case other resource types, and a path of a file without records, have no columns.
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

# Objects that are nested deeper stay lists, because a hostile record may have any depth.
DEEPEST <- 32

# `type` is used only if there is no record, because records contain their type.
as_frame <- function(records, flatten, nested = "list", type = NULL) {
  columns <- columns_of(records, if (flatten) DEEPEST else 0)
  names(columns) <- make.unique(as.character(names(columns))) # because the name of a member may contain a dot
  if (length(records)) type <- type_of(records)
  new_frame(with_known(columns, type, length(records), flatten), length(records), nested)
}

# One column for each member of the records, in order of appearance. Members of nested objects become columns too, down
# to `depth` levels. All members are handled in one call, because one call for each member would be slow.
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

# The column for `values` in the rows `row`. It is a vector if all values are compatible scalars, a frame of columns if
# all are objects, and otherwise a list.
column_of <- function(values, row, rows, depth) {
  scalar <- lengths(values) == 1 & vapply(values, is.atomic, NA)
  flags <- vapply(values, is.logical, NA) # not mixed with numbers, because R would turn true into 1
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

# Joins scalars to one vector. All numbers become doubles. If there are strings too, numbers become text with all their
# digits.
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
