# Samples of claims with the tables that are expected of them, and views of our own.

GENERATIONS <- c("stu3", "v2", "v3")

samples_of <- function(generation) list.files(repository("tests", "tables", "samples", generation), full.names = TRUE)

# All as text; a null is NA.
expected_table <- function(generation, table) {
  path <- repository("tests", "tables", "samples", "expected", generation, paste0(table, ".csv"))
  utils::read.csv(path, colClasses = "character", na.strings = "", check.names = FALSE, encoding = "UTF-8")
}

# A column of a view. `sql`: a type that the tag ansi/type gives.
column <- function(name, path = name, type = NULL, sql = NULL, collection = NULL) {
  tags <- if (!is.null(sql)) list(list(name = "ansi/type", value = sql))
  Filter(Negate(is.null), list(name = name, path = path, type = type, collection = collection, tag = tags))
}

view_of <- function(..., resource = "Patient") list(resource = resource, select = list(list(column = list(...))))

# A file of patients whose other members are these.
patients_with <- function(members, path = tempfile(fileext = ".ndjson")) {
  lines <- paste0('{"resourceType":"Patient"', ifelse(nzchar(members), ",", ""), members, "}\n", collapse = "")
  written(charToRaw(enc2utf8(lines)), path)
}

# The values of one column of such a file.
values_in <- function(members, ..., how = list()) {
  do.call(bcda_table, c(list(patients_with(members), view = view_of(column(...))), how))[[1]]
}

# The handles before a test, with those of the shared result, which is made when it is first asked for.
handles_of_others <- function() {
  shared_result()
  handles_in_use()
}
