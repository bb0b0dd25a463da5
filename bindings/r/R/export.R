# Exports, and their two halves: the jobs and the downloads.

#' Export claims
#'
#' `bcda_export()` runs the whole flow, from credentials to decrypted, verified files. It blocks; an interrupt (Esc,
#' Ctrl-C) cancels it at once. A file appears under its final name only when it is complete and its authentication tag
#' is verified.
#'
#' @section Destination:
#' `out` is a directory, which must not hold another export, or a function. If the directory holds an unfinished export of
#' the same request, the call goes on with it, as [bcda_resume()] does; `restart = TRUE` discards that one.
#'
#' The function is called with the name and the resource type of each file. It returns
#' `list(write = function(raw), commit = function(size, sha256), abort = function())`. The data that `write` receives is
#' **unverified** until `commit`. If the file fails or the run ends early, `abort` is called instead of `commit`. These
#' functions are called on R's own thread, during a wait for the export. An error in one of them fails the file: the
#' export ends with `bcda_error_sink`, whose `cause` is the error and whose message ends with the error's message.
#'
#' @section Progress:
#' In an interactive session a progress bar shows the progress of the export. Retries and warnings of the library are
#' shown at once: above the bar, or as messages ([bcda_errors]) if there is no bar.
#'
#' @inheritParams bcda_client
#' @param client a client from [bcda_client()].
#' @param types resource types; by default all that the service offers.
#' @param out the destination: a directory, or a function that returns a sink for each file; see the section
#'   "Destination" of [bcda_export()].
#' @param progress `TRUE`: a progress bar, which is the default in an interactive session. `FALSE`: no progress bar. Or
#'   a function that receives every event, as a list with `kind`, `type`, `file`, `bytes_done` and others. Its `url` may
#'   be signed.
#' @param ... must be empty, because the arguments after it are given by name.
#' @return `bcda_export()` and `bcda_fetch()` return a result of class `bcda_result`, a list with
#'   \item{`files`}{a data frame of the verified data files: `type`, `path`, `bytes`, `records`, `sha256`, `decrypted`,
#'     and `proof`: what proves that it is whole (`none`, `length`, `gzip`, `sha256` or `gcm`).}
#'   \item{`error_files`}{the same for the files with the service's errors and warnings. [bcda_issues()] has their
#'     content.}
#'   \item{`deleted_files`}{the same for the files of Bundles that name resources which no longer exist.}
#'   \item{`directory`}{the directory of the files; `NA`: they went to a function, or there are none.}
#'   \item{`partial`}{`TRUE` if an error file says that resources are missing: it has an issue of the severity `error`
#'     or `fatal`, or cannot be understood. Then there is a warning of class `bcda_warning_partial`. `FALSE` if there
#'     are only warnings and information, as one file of each BCDA v3 job has.}
#'   \item{`types`}{the requested resource types; none for a fetch, because a manifest does not name them.}
#'   \item{`transaction_time`}{the export contains the service's data up to this time.}
#'   \item{`elapsed`}{the duration of the run.}
#'   \item{`receipt`}{the content of `export.json`, as a list.}
#'   \item{`issues`}{for [bcda_issues()].}
#'   \item{`urls`}{the URLs of the files; they may be signed.}
#'   \item{`offered`}{the manifests of the finished jobs, as JSON, for `bcda_fetch()`; their URLs may be signed.}
#'
#'   `bcda_manifest()` returns the manifests of the finished jobs. They have class `bcda_manifest`: a list of `text`,
#'   the manifests as JSON (their URLs may be signed), and `files`, a data frame of `type`, `name` and `is_error`.
#' @name bcda_export
#' @seealso [bcda_table()], [bcda_records()], [bcda_result()], [bcda_start()], [bcda_errors]
#' @examples
#' sandbox <- bcda_sandbox(beneficiaries = 10, pending_time = 0, job_time = 0.1)
#' client <- bcda_sandbox_client(sandbox, poll_interval = 0.1)
#' result <- bcda_export(client, c("Patient", "Coverage"), out = tempfile("claims"), progress = FALSE)
#' result
#'
#' # The two halves, for a scheduler that controls each half.
#' manifest <- bcda_manifest(client, "Patient", progress = FALSE)
#' bcda_fetch(client, manifest, out = tempfile("claims"), progress = FALSE)
#' close(sandbox)
NULL

start_export <- function(client, settings) {
  started(client, settings, function(config, to_sink) native_export_start(handle_of(client, "bcda_client"), config, to_sink))
}

#' Export what has changed since the last sync
#'
#' Keeps a series of exports in `directory`, each in a directory of its own there. The first call exports everything, or
#' what has changed since the setting `since`. Each later one asks for the changes since the `transactionTime` of the last
#' complete export that made the same request, which it reads from the receipts. An export that failed or is partial does
#' not count; `sync_partial = "move"` counts partial ones. If the last one was interrupted, the call goes on with it.
#'
#' While another sync of the directory is running, there is a condition of class `bcda_error_filesystem` whose
#' `retriable` is `TRUE`; see [bcda_errors].
#'
#' @param directory the directory of the series; created if it is missing.
#' @return A result, as from [bcda_export()]; its `directory` is the one of this export. `directory` is `NA` if the service
#'   has no data yet, as BCDA each January; then there are no files.
#' @name bcda_sync
#' @seealso [bcda_export()], [bcda_deleted()]
#' @examples
#' sandbox <- bcda_sandbox(beneficiaries = 1, profile = "bcda-v3")
#' client <- bcda_sandbox_client(sandbox)
#' series <- tempfile("series")
#' first <- bcda_sync(client, series, progress = FALSE)
#' second <- bcda_sync(client, series, progress = FALSE)
#' second$receipt$since == first$receipt$transactionTime
#' close(sandbox)
NULL

start_sync <- function(client, directory, settings) {
  if (!is_text(directory)) refuse("directory is the directory of a series")
  settings[["out"]] <- directory
  started(client, settings, function(config, to_sink) native_sync_start(handle_of(client, "bcda_client"), config))
}

#' Go on with an interrupted export
#'
#' `bcda_resume()` goes on with the unfinished export in `directory`, whether it was interrupted, failed, or ended with its
#' process or its machine. It does what [bcda_export()] with the same arguments and that directory would do: what the export
#' asks for is read from the journal there. It goes on with the same job while the service keeps it. Files that were
#' published are kept, and a file that is there in part is continued. If the export is finished, nothing is requested, and its
#' result is returned. `patients` must be given again, because the journal has no ids of beneficiaries.
#'
#' `bcda_directory_status()` tells where the export in a directory stands. It sends nothing and changes nothing there, so it
#' may be called while an export writes there.
#'
#' If the directory holds no export, or one of another service or key, or if another run uses it (`retriable` is `TRUE`), there is a condition of class `bcda_error_filesystem`; see [bcda_errors].
#'
#' @param directory the directory of the export.
#' @return `bcda_resume()` returns a result, as from [bcda_export()]. `bcda_directory_status()` returns a list with
#'   \item{`directory`}{as given.}
#'   \item{`state`}{`"finished"`, `"unfinished"` (for `bcda_resume()`), `"fetch"` (files of a fetch or of a
#'     decryption that is not complete), `"series"` (for `bcda_sync()`), `"damaged"` or `"none"`.}
#'   \item{`usedBy`}{the run that uses the directory: a list of `host` and `pid`; or `NULL`.}
#'   \item{`damage`}{what is damaged, and what to do about it; `""`: nothing.}
#'   \item{`partial`}{whether resources are missing in a finished export, as its error files say.}
#'   \item{`runs`}{the number of exports of a series.}
#'   \item{`request`}{what the export asks for: an unfinished one by the names of settings, a finished one as in
#'     `export.json`; or `NULL`.}
#'   \item{`jobs`}{lists of `type`, `statusUrl`, `state` (`"accepted"`, `"unknown"`, `"refused"`, `"dead"` or, of a
#'     finished export, `"done"`), `manifest` (whether it is at hand) and `files` (how many were published).}
#'   \item{`files`}{a list of `published`, `bytes` (of these), `inTables` (files of which only
#'     the rows in tables are left) and `underWay`.}
#'   \item{`tables`}{lists of `table`, `parts` (the number of its Arrow files that are there) and `rows`.}
#' @name bcda_resume
#' @seealso [bcda_export()], [bcda_sync()]
#' @examples
#' sandbox <- bcda_sandbox(
#'   beneficiaries = 10, pending_time = 0, job_time = 0.1, fault = "flip:count=1"
#' )
#' client <- bcda_sandbox_client(sandbox, poll_interval = 0.1)
#' claims <- tempfile("claims")
#' try(bcda_export(client, "Patient", claims, progress = FALSE)) # a file is damaged on its way
#' bcda_directory_status(claims)$state
#' bcda_resume(client, claims, progress = FALSE)
#' close(sandbox)
NULL

start_resume <- function(client, directory, settings) {
  at <- exported_directory(directory)
  started(client, settings, function(config, to_sink) native_resume_start(handle_of(client, "bcda_client"), at, config))
}

#' @rdname bcda_resume
#' @export
bcda_directory_status <- function(directory) {
  status <- parsed_json(native_directory_status(exported_directory(directory)), "the status of the directory")
  status["directory"] <- directory
  status
}

exported_directory <- function(directory) {
  if (!is_text(directory) || !nzchar(directory)) refuse("directory is the directory of an export")
  absolute(directory)
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

#' What an export would send
#'
#' Returns the requests that [bcda_export()] with the same arguments would begin with, and sends nothing.
#'
#' @return A list with one list for each request: `purpose` (`"discovery"`, `"token"`, `"kick-off"`, or `"status"` with
#'   `job_url`), `method`, `url`, `headers` and `body`. Credentials in them are replaced by `***`.
#' @name bcda_plan
#' @seealso [bcda_export()], [bcda_client_profile()]
#' @examples
#' client <- bcda_client(
#'   "https://api.bcda.cms.gov", client_id = "id", client_secret = "secret", env = FALSE
#' )
#' for (request in bcda_plan(client, "Patient")) cat(request$method, request$url, "\n")
#' close(client)
NULL

plan_of <- function(client, settings) {
  config <- make_config(settings)
  on.exit(native_config_destroy(config))
  parsed_json(native_export_plan(handle_of(client, "bcda_client"), config), "the plan")
}

finish <- function(run, progress) {
  check_progress(progress) # checked before the lazy argument `run` starts the run
  force(run)
  on.exit(close(run))
  wait_for(run, progress)
}
