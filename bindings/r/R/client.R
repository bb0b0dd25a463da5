# The client of one service.

#' A client of one service
#'
#' A client holds the settings, the credentials, the private key and the connections. Create one client and use it for
#' every export. The arguments are the library's settings ([bcda_settings()]); `NULL` means the default.
#'
#' @section Values:
#' Durations are seconds, a [difftime], or text (`"5m"`). Times are a [POSIXct], or text (`"2026-02-13T08:00:00Z"`).
#' Sizes are bytes or text (`"64MiB"`). Lists are character vectors. A secret may be a function that returns it, for
#' example from a keyring: `client_secret = function() keyring::key_get("bcda")`. The function is called once, when the
#' client is created.
#'
#' Settings that are given neither as arguments nor in `config_file` come from the environment (`BCDA_URL`,
#' `BCDA_CLIENT_ID`, ...), unless `env` is `FALSE`. `BCDA_CONFIG` is for the command only; give `config_file`. In the
#' environment and in the file, `~` is not expanded. Export settings that are given here are the defaults for every
#' export.
#'
#' @section Lifecycle:
#' A client cannot be saved to a file or used in a forked process (`parallel::mclapply`). Such a use is a clear error of
#' class `bcda_error_state`. A client is closed by `close()` or when it is garbage-collected. Exports that were started
#' continue.
#'
#' @return A client, of class `bcda_client`.
#' @name bcda_client
#' @seealso [bcda_export()], [bcda_sandbox()], [bcda_errors]
#' @examples
#' sandbox <- bcda_sandbox(beneficiaries = 10)
#' client <- bcda_client(
#'   sandbox$url,
#'   client_id = sandbox$client_id,
#'   client_secret = function() sandbox$client_secret,
#'   private_key = sandbox$private_key,
#'   ca_file = sandbox$ca_file,
#'   poll_interval = 0.1
#' )
#' result <- bcda_export(client, "Patient", out = tempfile("claims"), progress = FALSE)
#' result$files$records
#' close(client)
#' close(sandbox)
NULL

client_with <- function(settings, config_file, env, keeps = NULL) {
  if (is.function(settings[["out"]])) refuse("out of a client is a directory; a function is given to each export")
  settings[["out"]] <- absolute_out(settings[["out"]]) # `[[`, because `$` matches partially and would find outage_limit
  config <- make_config(settings, config_file, env)
  on.exit(native_config_destroy(config))
  out <- native_config_get(config, "out")
  # A path from a file or the environment may be relative. A ~ in it is not expanded.
  if (nzchar(out)) native_config_set(config, "out", from_here(out))
  object("bcda_client", native_client_create(config), url = native_config_get(config, "url"), keeps = keeps)
}

# An object with a handle. It is an environment, so that all its copies see that it was closed.
object <- function(class, handle, ...) structure(list2env(list(handle = handle, ...), parent = emptyenv()), class = class)

handle_of <- function(x, class, what = deparse(substitute(x))) {
  if (!inherits(x, class) || !is.environment(x)) refuse("`", what, "` is not a ", class)
  x$handle
}

# Clients and sandboxes have a URL. These functions close and print both.
close_at_url <- function(con, class, destroy) {
  destroy(handle_of(con, class))
  con$closed <- TRUE
  invisible()
}

print_at_url <- function(x, what) {
  cat("<", what, " ", x$url, if (isTRUE(x$closed)) ", closed", ">\n", sep = "")
  invisible(x)
}

#' @export
close.bcda_client <- function(con, ...) close_at_url(con, "bcda_client", native_client_destroy)

#' @export
print.bcda_client <- function(x, ...) print_at_url(x, "bcda_client of")

#' The service's metadata
#'
#' Reads the service's CapabilityStatement (FHIR). It requests no token.
#'
#' @param client a client from [bcda_client()].
#' @return A list with the structure of the JSON.
#' @export
#' @examples
#' sandbox <- bcda_sandbox(beneficiaries = 1)
#' bcda_metadata(bcda_sandbox_client(sandbox))$fhirVersion
#' close(sandbox)
bcda_metadata <- function(client) {
  run <- new_run(native_metadata_start(handle_of(client, "bcda_client")), client, function(result) {
    parsed_json(native_result_metadata(result), "the service's metadata")
  })
  on.exit(close(run))
  wait_for(run, FALSE)
}

#' Questions to the service
#'
#' One question to the service each, outside of an export. `bcda_auth()` checks the credentials: it gets a new token and,
#' where the service has a request that needs only a token, sends that too. `bcda_jobs()` lists the jobs,
#' `bcda_job_status()` sends one status request, `bcda_cancel_job()` cancels a job, and `bcda_attribution()` says when
#' the service got its attribution data. BCDA v1, v2 and v3 have a job list and an attribution status.
#'
#' A job that is gone is a condition of class `bcda_error_job_gone`. A job that can no longer be canceled is one of class
#' `bcda_error_refused`. See [bcda_errors].
#'
#' @param client a client from [bcda_client()].
#' @param status only jobs with one of these, such as `"In Progress"`; `NULL`: all jobs.
#' @param url the status URL of a job, on the origin of the service.
#' @return `bcda_auth()`: a list with `service`, `profile`, `method`, `tokenOrigin`, `lifetime` (seconds), `scope`,
#'   `checked` (whether such a request was accepted) and `answer` (its text). `bcda_jobs()`: a data frame with `id`,
#'   `status`, `request`, `start`, `end` and `url`. `bcda_job_status()`: a list with `url`, `state` (`"running"` or
#'   `"done"`), `progress`, `percent`, `expires`, `files`, `errorFiles`, `transactionTime` and `request`.
#'   `bcda_cancel_job()`: a list with `url` and `canceled`. `bcda_attribution()`: a data frame with `type` and `time`.
#'   In the lists, `NULL` means that the service does not say it.
#' @name bcda_auth
#' @examples
#' sandbox <- bcda_sandbox(beneficiaries = 1, profile = "bcda-v3")
#' client <- bcda_sandbox_client(sandbox)
#' bcda_auth(client)$checked
#' bcda_jobs(client)
#' close(client)
#' close(sandbox)
NULL

# The kinds of bcda_inquiry_start.
inquiries <- c(auth = 4L, jobs = 5L, job_status = 6L, job_cancel = 7L, attribution = 8L)

ask_service <- function(client, kind, argument = "") {
  start <- native_inquiry_start(handle_of(client, "bcda_client"), inquiries[[kind]], argument)
  run <- new_run(start, client, function(result) parsed_json(native_result_answer(result), "the answer"))
  on.exit(close(run))
  wait_for(run, FALSE)
}

# A list of objects that have only texts.
text_frame <- function(objects, columns) {
  texts <- lapply(columns, function(column) vapply(objects, function(object) object[[column]], ""))
  data.frame(stats::setNames(texts, columns), stringsAsFactors = FALSE)
}

one_url <- function(url) {
  if (!is.character(url) || length(url) != 1 || is.na(url)) refuse("url is one text: the status URL of a job")
  enc2utf8(url)
}

#' @rdname bcda_auth
#' @export
bcda_auth <- function(client) ask_service(client, "auth")

#' @rdname bcda_auth
#' @export
bcda_jobs <- function(client, status = NULL) {
  if (!is.null(status) && (!is.character(status) || anyNA(status))) refuse("status is a character vector")
  jobs <- ask_service(client, "jobs", paste(enc2utf8(as.character(status)), collapse = ","))
  text_frame(jobs, c("id", "status", "request", "start", "end", "url"))
}

#' @rdname bcda_auth
#' @export
bcda_job_status <- function(client, url) ask_service(client, "job_status", one_url(url))

#' @rdname bcda_auth
#' @export
bcda_cancel_job <- function(client, url) ask_service(client, "job_cancel", one_url(url))

#' @rdname bcda_auth
#' @export
bcda_attribution <- function(client) text_frame(ask_service(client, "attribution"), c("type", "time"))

#' The profile of a client's service
#'
#' What the library knows about the service: what the settings `profile`, `profile_file` and `url` mean together. It uses
#' no network.
#'
#' @param client a client from [bcda_client()].
#' @return A list: one element of [bcda_profiles()].
#' @seealso [bcda_plan()]
#' @export
#' @examples
#' client <- bcda_client(
#'   "https://api.bcda.cms.gov", client_id = "id", client_secret = "secret", env = FALSE
#' )
#' bcda_client_profile(client)$name
#' close(client)
bcda_client_profile <- function(client) {
  parsed_json(native_client_profile(handle_of(client, "bcda_client")), "the profile")
}
