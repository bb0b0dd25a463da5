# A service, and what can be asked of it.

#' A service, your credentials and key, and the connections to it
#'
#' Make one and use it for every export. The arguments are the library's settings ([bcda_settings()]); `NULL` is the default.
#'
#' @section Values:
#' Durations are seconds, a [difftime], or text (`"5m"`); sizes are bytes or text (`"64MiB"`); lists are character vectors. A
#' secret may be a function that gives it, of a keyring say: `client_secret = function() keyring::key_get("bcda")`. It is
#' called once, when the client is made. What is neither given here nor in `config_file` comes from the environment
#' (`BCDA_URL`, `BCDA_CLIENT_ID`, ...), unless `env` is `FALSE`; in there and in the
#' file, no `~` is expanded. The settings of an export that are given here are the defaults for every export.
#'
#' @section Life:
#' A client cannot be saved to a file, nor be used in a forked process (`parallel::mclapply`): that is a clear error, of class
#' `bcda_error_state`. It is closed when it is collected, or by `close()`; exports that were started go on.
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
  settings[["out"]] <- absolute_out(settings[["out"]]) # not `$`, to which outage_limit would do
  config <- make_config(settings, config_file, env)
  on.exit(native_config_destroy(config))
  out <- native_config_get(config, "out")
  # From a file or the environment it may be relative, and there a ~ is a name.
  if (nzchar(out)) native_config_set(config, "out", from_here(out))
  object("bcda_client", native_client_create(config), url = native_config_get(config, "url"), keeps = keeps)
}

# What has a handle: an environment, so that closing it is known to all who have it.
object <- function(class, handle, ...) structure(list2env(list(handle = handle, ...), parent = emptyenv()), class = class)

handle_of <- function(x, class, what = deparse(substitute(x))) {
  if (!inherits(x, class) || !is.environment(x)) refuse("`", what, "` is not a ", class)
  x$handle
}

# What is at a URL, a client or a sandbox, is closed and printed alike.
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

#' The service's own description of itself
#'
#' The CapabilityStatement (FHIR). Asks for no token.
#'
#' @param client of [bcda_client()].
#' @return A list, as the JSON has it.
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
