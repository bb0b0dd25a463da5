# An emulator of the service.

#' An emulator of the service
#'
#' Emulates BCDA and other services on loopback, in this process, with synthetic beneficiaries. The
#' sandbox runs until it is closed or garbage-collected; a client of the sandbox keeps it running. The sandbox can
#' simulate faults. Durations are seconds, a [difftime], or text (`"200ms"`). `bcda_sandbox()` takes several faults as a
#' character vector; `bcda_sandbox_control()` takes one fault per call.
#'
#' `bcda_sandbox_client()` creates a client of the sandbox, with two threads. It reads nothing from the environment.
#' `bcda_sandbox_control()` changes an option while the sandbox runs. `bcda_sandbox_requests()` counts the answered
#' requests.
#'
#' @return `bcda_sandbox()` returns a sandbox. It has `settings`, the list of all settings for a client, and some of
#'   them as `url`, `client_id`, `client_secret`, `private_key` and `ca_file`; the last two are paths.
#' @param sandbox a sandbox from `bcda_sandbox()`.
#' @param name,value the name and the value of an option, such as `"fault"` (the value `"none"` clears all faults) or
#'   `"clock"`; see [bcda_sandbox_options()].
#' @param prefix the method and the path with which the requests start.
#' @param ... for `bcda_sandbox_client()`: as for [bcda_client()]. Otherwise it must be empty.
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
    # Each call with "fault" adds one fault.
    values <- if (name == "fault" && is.character(options[[name]])) options[[name]] else options[name]
    for (value in values) native_sandbox_options_set(native, name, as_option(name, value))
  }
  handle <- native_sandbox_start(native)
  count <- native_sandbox_setting_count(handle)
  settings <- lapply(seq_len(count) - 1, function(i) native_sandbox_setting_value(handle, i))
  names(settings) <- vapply(seq_len(count) - 1, function(i) native_sandbox_setting_name(handle, i), "")
  object("bcda_sandbox", handle,
    settings = settings,
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
  native_sandbox_url(handle_of(sandbox, "bcda_sandbox")) # fails if the sandbox is closed
  more <- named(list(...))
  refuse_settings(names(more), is_table_setting)
  client_with(utils::modifyList(c(sandbox$settings, threads = "2"), more), NULL, FALSE, keeps = sandbox)
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
