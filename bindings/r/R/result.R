# The result of an export.

# Makes a result from a native result. `to_sink`: the files went to the caller's functions. `issues`: a function that
# reads the issues later; NULL: they are read now.
make_result <- function(result, to_sink, issues = NULL) {
  columns <- native_result_files(result)
  files <- files_frame(columns, to_sink)
  if (is.null(issues)) issues <- kept_issues(issues_of(result, to_sink))
  kept <- function(which) `rownames<-`(files[which, , drop = FALSE], NULL)
  structure(
    class = "bcda_result",
    list(
      files = kept(columns$kind == "data"), error_files = kept(columns$kind == "error"),
      deleted_files = kept(columns$kind == "deleted"),
      directory = directory_of(result), partial = native_result_partial(result) == 1,
      types = strsplit(native_result_types(result), ",", fixed = TRUE)[[1]],
      transaction_time = time_of(native_result_transaction_time(result)),
      elapsed = as.difftime(native_result_elapsed_ms(result) / 1000, units = "secs"),
      receipt = parsed_json(native_result_json(result), "the receipt"),
      # Not a column of `files`, because URLs may be signed.
      urls = stats::setNames(columns$url, base_name(files$path)),
      offered = native_result_manifest(result),
      to_sink = to_sink, issues = issues
    )
  )
}

directory_of <- function(result) {
  directory <- native_result_directory(result)
  if (nzchar(directory)) absolute(directory) else NA_character_
}

#' The resources that no longer exist
#'
#' Reads the Bundles of a result's `deleted_files`, which only an export with `since` has.
#'
#' @param result a result from [bcda_export()], [bcda_sync()] or [bcda_result()].
#' @return A data frame with `type` and `id`, each resource once.
#' @export
#' @examples
#' sandbox <- bcda_sandbox(beneficiaries = 1, profile = "bcda-v3")
#' client <- bcda_sandbox_client(sandbox)
#' bcda_deleted(bcda_sync(client, tempfile("series"), progress = FALSE))
#' close(sandbox)
bcda_deleted <- function(result) {
  check_result(result)
  if (!nrow(result$deleted_files)) return(text_frame(list(), c("type", "id")))
  if (result$to_sink) fail("STATE", "the files went to functions of yours: read them from there")
  opened <- native_result_open(result$directory, "")
  on.exit(native_result_destroy(opened))
  text_frame(parsed_json(native_result_deleted(opened), "the deleted resources"), c("type", "id"))
}

files_frame <- function(columns, to_sink) {
  path <- columns$path
  relative <- !startsWith(path, "/")
  if (!to_sink) path[relative] <- vapply(path[relative], absolute, "", USE.NAMES = FALSE)
  data.frame(
    type = columns$type, path = path, bytes = columns$bytes, records = columns$records, sha256 = columns$sha256,
    decrypted = columns$decrypted == 1, proof = columns$proof, stringsAsFactors = FALSE
  )
}

#' The result of an earlier export
#'
#' Returns the result of an earlier [bcda_export()], read from its `export.json`.
#'
#' @param directory the `out` of that export, which contains `export.json`.
#' @return A result, as from [bcda_export()].
#' @export
#' @examples
#' sandbox <- bcda_sandbox(beneficiaries = 10)
#' monday <- tempfile("monday")
#' bcda_export(bcda_sandbox_client(sandbox), "Patient", out = monday, progress = FALSE)
#' nrow(bcda_table(bcda_result(monday), "beneficiary"))
#' close(sandbox)
bcda_result <- function(directory) {
  if (!is_text(directory)) refuse("directory is a path")
  path <- absolute(directory)
  result <- native_result_open(path, "")
  on.exit(native_result_destroy(result))
  make_result(result, FALSE, issues = later_issues(path))
}

#' @export
print.bcda_result <- function(x, ...) {
  cat("<bcda_result: ", described(x$files), sep = "")
  if (nrow(x$error_files)) cat(", ", counted(nrow(x$error_files), "error file"), sep = "")
  cat(">\n")
  if (!is.na(x$transaction_time)) cat("data up to ", format(x$transaction_time, "%Y-%m-%d %H:%M:%S"), " UTC\n", sep = "")
  for (type in sort(unique(x$files$type))) {
    of_type <- x$files[x$files$type == type, ]
    cat("  ", format(type, width = 22), " ", described(of_type), "\n", sep = "")
  }
  invisible(x)
}

#' What the error files of an export say
#'
#' Returns the issues of the OperationOutcomes in a result's error files. **They may name beneficiaries.**
#' `result$partial` is `TRUE` if they say that resources are missing.
#'
#' @param result a result from [bcda_export()].
#' @return A data frame with one row for each different issue of a file, at most 1,000 of them:
#'   \item{`severity`}{`"fatal"`, `"error"`, `"warning"`, `"information"` or `"success"`, or the service's own text.}
#'   \item{`code`}{the service's code, such as `"not-found"`. `"unreadable"`: an error file that cannot be read, or a
#'     line of it that is no OperationOutcome. `"left-off"`: counts further issues of this severity.}
#'   \item{`text`}{the diagnostics, or else the text of the details, or else the code.}
#'   \item{`count`}{how often the file has this issue.}
#'   \item{`file`}{the error file; `""` for `"left-off"`.}
#' @export
#' @examples
#' sandbox <- bcda_sandbox(beneficiaries = 10)
#' client <- bcda_sandbox_client(sandbox)
#' result <- bcda_export(client, "Patient", out = tempfile("claims"), progress = FALSE)
#' nrow(bcda_issues(result))
#' close(sandbox)
bcda_issues <- function(result) {
  check_result(result)
  result$issues()
}

# The data frame of a native result. `to_sink` as in make_result().
issues_of <- function(result, to_sink) {
  index <- seq_len(native_result_issue_count(result)) - 1
  column <- function(get, type) vapply(index, function(i) get(result, i), type)
  file <- column(native_issue_file, "")
  if (!to_sink) file[nzchar(file)] <- vapply(file[nzchar(file)], absolute, "", USE.NAMES = FALSE)
  data.frame(
    severity = column(native_issue_severity, ""), code = column(native_issue_code, ""),
    text = column(native_issue_text, ""), count = column(native_issue_count, 0), file = file, stringsAsFactors = FALSE
  )
}

# Functions that return the issues. So printing a result does not show the texts.
kept_issues <- function(issues) {
  force(issues)
  function() issues
}

later_issues <- function(directory) {
  force(directory)
  function() {
    result <- native_result_open(directory, "")
    on.exit(native_result_destroy(result))
    issues_of(result, FALSE)
  }
}

check_result <- function(result) {
  if (!inherits(result, "bcda_result")) refuse("`result` is not of bcda_export() or bcda_result()")
}

# The data files of one type, or of all types.
files_of <- function(result, type) {
  check_result(result)
  files <- result$files
  if (is.null(type)) return(files)
  if (!is_text(type)) refuse("type is one resource type, such as \"Patient\"")
  if (!type %in% types_in(result)) {
    refuse("the export has no resource type \"", type, "\"; it has ", types_text(types_in(result)))
  }
  files[files$type == type, , drop = FALSE]
}

# The types of the files and the requested types. A requested type without a file had no records. A fetch, and an export
# of all that a service offers, request none by name.
types_in <- function(result) sort(unique(c(result$files$type, result$types)))

types_text <- function(types) if (length(types)) paste(types, collapse = ", ") else "none"
