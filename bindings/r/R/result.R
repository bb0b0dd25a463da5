# The result of an export.

# Makes a result from a native result. `to_sink`: the files went to the caller's functions.
make_result <- function(result, to_sink) {
  files <- result_files(result, to_sink)
  kind <- file_column(result, native_file_kind, "")
  kept <- function(which) `rownames<-`(files[which, , drop = FALSE], NULL)
  structure(
    class = "bcda_result",
    list(
      files = kept(kind == "data"), error_files = kept(kind == "error"), deleted_files = kept(kind == "deleted"),
      types = strsplit(native_result_types(result), ",", fixed = TRUE)[[1]],
      transaction_time = time_of(native_result_transaction_time(result)),
      elapsed = as.difftime(native_result_elapsed_ms(result) / 1000, units = "secs"),
      receipt = parsed_json(native_result_json(result), "the receipt"),
      # Not a column of `files`, because URLs may be signed.
      urls = stats::setNames(file_column(result, native_file_url, ""), base_name(files$path)),
      offered = native_result_manifest(result),
      to_sink = to_sink
    )
  )
}

file_column <- function(result, get, type) {
  vapply(seq_len(native_result_file_count(result)) - 1, function(i) get(result, i), type)
}

result_files <- function(result, to_sink) {
  column <- function(get, type) file_column(result, get, type)
  path <- column(native_file_path, "")
  if (!to_sink) path <- vapply(path, absolute, "", USE.NAMES = FALSE)
  data.frame(
    type = column(native_file_type, ""), path = path, bytes = column(native_file_bytes, 0),
    records = column(native_file_records, 0), sha256 = column(native_file_sha256, ""),
    decrypted = column(native_file_decrypted, 0L) == 1, proof = column(native_file_proof, ""), stringsAsFactors = FALSE
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
#' nrow(bcda_read(bcda_result(monday), "Patient"))
#' close(sandbox)
bcda_result <- function(directory) {
  if (!is_text(directory)) refuse("directory is a path")
  result <- native_result_open(absolute(directory), "")
  on.exit(native_result_destroy(result))
  make_result(result, FALSE)
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

#' What the service could not export
#'
#' Reads the issues of the OperationOutcomes in a result's error files. **They may name beneficiaries.**
#'
#' @param result a result from [bcda_export()].
#' @return A data frame with one row for each issue: `severity`, `code`, `text`, `file`.
#' @export
#' @examples
#' sandbox <- bcda_sandbox(beneficiaries = 10)
#' client <- bcda_sandbox_client(sandbox)
#' result <- bcda_export(client, "Patient", out = tempfile("claims"), progress = FALSE)
#' nrow(bcda_issues(result))
#' close(sandbox)
bcda_issues <- function(result) {
  check_result(result)
  chunks <- list()
  each_chunk(result$error_files, 1000, result$to_sink, function(chunk, file) {
    found <- lapply(as_lists(chunk, file), function(outcome) {
      issues <- member(outcome, "issue")
      if (!length(issues)) issues <- list(list()) # an outcome without issues counts as one issue
      lapply(issues, function(issue) c(parts_of(issue), file))
    })
    chunks[[length(chunks) + 1]] <<- unlist(found, recursive = FALSE)
  })
  found <- unlist(chunks, recursive = FALSE)
  column <- function(n) vapply(found, `[`, "", n)
  data.frame(severity = column(1), code = column(2), text = column(3), file = column(4), stringsAsFactors = FALSE)
}

parts_of <- function(issue) {
  said <- text_in(issue, "diagnostics")
  c(
    text_in(issue, "severity"), text_in(issue, "code"),
    if (nzchar(said)) said else text_in(member(issue, "details"), "text")
  )
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
  # A fetch does not know the requested types, so it accepts every type.
  if (!type %in% files$type && length(result$types) && !type %in% result$types) {
    refuse("the export has no resource type \"", type, "\"; it has ", types_text(types_in(result)))
  }
  files[files$type == type, , drop = FALSE]
}

# A requested type without a file had no records.
types_in <- function(result) sort(unique(c(result$files$type, result$types)))

one_type <- function(result, type) {
  check_result(result)
  if (!is.null(type)) return(type)
  types <- types_in(result)
  if (length(types) == 1) return(types)
  refuse("which resource type? The export has ", types_text(types))
}

types_text <- function(types) if (length(types)) paste(types, collapse = ", ") else "none"
