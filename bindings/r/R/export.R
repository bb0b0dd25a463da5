# Exports, and their two halves.

#' Export claims
#'
#' The whole flow, from credentials to decrypted, verified files. It blocks; an interrupt (Esc, Ctrl-C) cancels it at once. A
#' file appears under its name only when it is whole and its authentication tag has verified.
#'
#' @section Where the files go:
#' `out` is a directory, which must not hold another export; or a function that is called with the name and the resource type
#' of each file and returns `list(write = function(raw), commit = function(size, sha256), abort = function())`. What `write`
#' gets is **unverified** until `commit`; when the file fails, or the run ends otherwise, `abort` is called instead. They
#' are called on R's own thread, while the export is waited for. One that fails, fails its file: the export ends with
#' `bcda_error_sink`, whose `cause` is the error and whose message ends with that of the error.
#'
#' @section While it runs:
#' In an interactive session a progress bar shows how far the export is. A retry, and what the library warns of, are shown at
#' once: above the bar, or as messages ([bcda_errors]) where there is no bar.
#'
#' @inheritParams bcda_client
#' @param client of [bcda_client()].
#' @param types resource types, one job each.
#' @param out where the files go: a directory; or a function that makes a sink for each file, as the section "Where the files
#'   go" of [bcda_export()] says.
#' @param progress `TRUE`: a progress bar, which an interactive session has by default; `FALSE`: none; or a function that gets
#'   every event, as a list with `kind`, `type`, `file`, `bytes_done` and others. Its `url` may be signed.
#' @param ... nothing: what follows is given by its name.
#' @return Of `bcda_export()` and `bcda_fetch()` a result, of class `bcda_result`, a list with
#'   \item{`files`}{a data frame of the verified data files: `type`, `path`, `bytes`, `records`, `sha256`, `decrypted`.}
#'   \item{`error_files`}{the same for files of what the service could not export; then there is a warning of class
#'     `bcda_warning_partial`, and [bcda_issues()] reads them.}
#'   \item{`types`}{the resource types that were asked for; none of a download, since a manifest does not say.}
#'   \item{`transaction_time`}{up to when the service's data is in the export.}
#'   \item{`elapsed`}{how long the run took.}
#'   \item{`receipt`}{what `export.json` holds, as a list.}
#'   \item{`urls`}{where the files came from; they may be signed.}
#'   \item{`offered`}{the manifests of its jobs, as JSON, for `bcda_fetch()`; their URLs may be signed.}
#'
#'   `bcda_manifest()` gives what the finished jobs offer, of class `bcda_manifest`, a list of `text`, the manifests as JSON
#'   (their URLs may be signed), and `files`, a data frame of `type`, `name` and `is_error`.
#' @name bcda_export
#' @seealso [bcda_read()], [bcda_records()], [bcda_result()], [bcda_start()], [bcda_errors]
#' @examples
#' sandbox <- bcda_sandbox(beneficiaries = 10, pending_time = 0, job_time = 0.1)
#' client <- bcda_sandbox_client(sandbox, poll_interval = 0.1)
#' result <- bcda_export(client, c("Patient", "Coverage"), out = tempfile("claims"), progress = FALSE)
#' result
#'
#' # Two halves, for a scheduler to own.
#' manifest <- bcda_manifest(client, "Patient", progress = FALSE)
#' bcda_fetch(client, manifest, out = tempfile("claims"), progress = FALSE)
#' close(sandbox)
NULL

start_export <- function(client, settings) {
  started(client, settings, function(config, to_sink) native_export_start(handle_of(client, "bcda_client"), config, to_sink))
}

start_fetch <- function(client, manifest, file, settings) {
  text <- manifest_text(manifest)
  if (!is.null(file) && !(is_text(file) && nzchar(file))) refuse("file is the name or the URL of one file")
  started(client, settings, function(config, to_sink) {
    native_fetch_start(handle_of(client, "bcda_client"), config, text, file %||% "", to_sink)
  })
}

started <- function(client, settings, start) {
  out <- settings[["out"]]
  sink <- if (is.function(out)) new_sink(out)
  settings[["out"]] <- if (is.null(sink)) absolute_out(out)
  config <- make_config(settings)
  on.exit(native_config_destroy(config))
  make <- function(result) make_result(result, !is.null(sink))
  new_run(start(config, as.integer(!is.null(sink))), client, make, make, sink)
}

absolute_out <- function(out) {
  if (is.null(out)) return(NULL)
  if (!is_text(out)) refuse("out is a directory, or a function that makes a sink for each file")
  if (nzchar(out)) absolute(out) else out
}

start_manifest <- function(client, settings) {
  config <- make_config(settings)
  on.exit(native_config_destroy(config))
  new_run(native_manifest_start(handle_of(client, "bcda_client"), config), client, function(result) {
    new_manifest(native_result_manifest(result))
  })
}

finish <- function(run, progress) {
  check_progress(progress) # before anything starts
  force(run)
  on.exit(close(run))
  wait_for(run, progress)
}
