# An emulator of the service.

#' An emulator of the service
#'
#' The Beneficiary Claims Data API as it was in 2019, on loopback, in this process, with synthetic beneficiaries. It serves
#' until it is closed or collected; a client of it keeps it. It can be told to misbehave. Durations are seconds, a [difftime],
#' or text (`"200ms"`); several faults are a character vector for `bcda_sandbox()`, and
#' for `bcda_sandbox_control()` one call each.
#'
#' `bcda_sandbox_client()` makes a client of it, of two threads, which reads nothing from the environment.
#' `bcda_sandbox_control()` changes how it behaves from now on. `bcda_sandbox_requests()` counts the requests that it has answered.
#'
#' @return `bcda_sandbox()`: a sandbox, with `url`, `client_id`, `client_secret`, `private_key` and `ca_file`: what a client
#'   needs; the last two are paths.
#' @param sandbox of `bcda_sandbox()`.
#' @param name,value an option of the sandbox, such as `"fault"` (`"none"` clears them) or `"clock"`; see
#'   [bcda_sandbox_options()].
#' @param prefix method and path that the requests begin with.
#' @param ... of `bcda_sandbox_client()`: as for [bcda_client()]; otherwise nothing.
#' @name bcda_sandbox
#' @examples
#' sandbox <- bcda_sandbox(beneficiaries = 10, fault = "reset:count=1")
#' client <- bcda_sandbox_client(sandbox)
#' bcda_export(client, "Patient", out = tempfile("trial"), progress = FALSE)
#' bcda_sandbox_requests(sandbox, "POST /auth/token")
#' bcda_sandbox_control(sandbox, "clock", "2h") # tokens expire
#' close(sandbox)
NULL

sandbox_with <- function(options) {
  native <- native_sandbox_options_create()
  on.exit(native_sandbox_options_destroy(native))
  for (name in names(options)) {
    # "fault" adds one each time.
    values <- if (name == "fault" && is.character(options[[name]])) options[[name]] else options[name]
    for (value in values) native_sandbox_options_set(native, name, as_option(name, value))
  }
  handle <- native_sandbox_start(native)
  object("bcda_sandbox", handle,
    url = native_sandbox_url(handle), client_id = native_sandbox_client_id(handle),
    client_secret = native_sandbox_client_secret(handle), private_key = native_sandbox_private_key(handle),
    ca_file = native_sandbox_ca_file(handle), json = native_sandbox_json(handle)
  )
}

as_option <- function(name, value) {
  text <- if (is_text(value)) {
    value
  } else if (is_flag(value)) {
    tolower(as.character(value))
  } else if (takes_duration(name) && !is.null(seconds_of(value))) {
    paste0(digits(round(1000 * seconds_of(value))), "ms")
  } else if (is_number(value)) {
    digits(value)
  }
  if (is.null(text)) refuse("the sandbox option ", name, " takes text, a number, or TRUE or FALSE")
  text
}

takes_duration <- function(name) {
  options <- bcda_sandbox_options()
  any(grepl("Takes a duration", options$help[options$name == name], fixed = TRUE))
}

#' @rdname bcda_sandbox
#' @export
bcda_sandbox_client <- function(sandbox, ...) {
  native_sandbox_url(handle_of(sandbox, "bcda_sandbox")) # fails when it is closed
  own <- list(
    url = sandbox$url, client_id = sandbox$client_id, client_secret = sandbox$client_secret,
    private_key = sandbox$private_key, ca_file = sandbox$ca_file, threads = "2"
  )
  client_with(utils::modifyList(Filter(nzchar, own), named(list(...))), NULL, FALSE, keeps = sandbox)
}

#' @rdname bcda_sandbox
#' @export
bcda_sandbox_control <- function(sandbox, name, value) {
  native_sandbox_control(handle_of(sandbox, "bcda_sandbox"), name, as_option(name, value))
  invisible(sandbox)
}

#' @rdname bcda_sandbox
#' @export
bcda_sandbox_requests <- function(sandbox, prefix = "") {
  native_sandbox_request_count(handle_of(sandbox, "bcda_sandbox"), prefix)
}

#' @export
close.bcda_sandbox <- function(con, ...) close_at_url(con, "bcda_sandbox", native_sandbox_destroy)

#' @export
print.bcda_sandbox <- function(x, ...) print_at_url(x, "bcda_sandbox at")
