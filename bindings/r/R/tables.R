# The library's tables.

rows <- function(count, ...) {
  index <- seq_len(count) - 1
  columns <- lapply(list(...), function(column) vapply(index, column, column(0)))
  as.data.frame(columns, stringsAsFactors = FALSE)
}

#' The library's tables
#'
#' `bcda_settings()` is the table of settings: the arguments of [bcda_client()] and its siblings, the environment's variables
#' and the members of a configuration file. `bcda_status()` are the status codes, and the classes of the conditions for
#' them. `bcda_sandbox_options()` is what [bcda_sandbox()] takes. `bcda_version()` gives the version of the library, with
#' `details = TRUE` those of what it runs with, too.
#'
#' @param details whether to name the versions of Boost and OpenSSL.
#' @return A data frame with a row for each setting, status or option; for `bcda_version()` a text.
#' @name bcda_tables
#' @examples
#' bcda_version()
#' bcda_settings()[1:5, c("name", "type", "default")]
#' bcda_status()[1:5, ]
#' bcda_sandbox_options()[c("name", "default")]
NULL

#' @rdname bcda_tables
#' @export
bcda_settings <- function() {
  table <- rows(
    native_setting_count(),
    name = native_setting_name, type = native_setting_type, default = native_setting_default,
    choices = native_setting_choices, env = native_setting_env, help = native_setting_help,
    export = function(i) native_setting_is_for_export(i) == 1, secret = function(i) native_setting_is_secret(i) == 1
  )
  table
}

#' @rdname bcda_tables
#' @export
bcda_status <- function() {
  table <- rows(
    native_status_count(),
    status = native_status_at, code = function(i) native_status_name(native_status_at(i)),
    description = function(i) native_status_description(native_status_at(i)),
    exit_code = function(i) native_status_exit_code(native_status_at(i))
  )
  fails <- !table$code %in% c("OK", "AGAIN", "END")
  table$class <- ifelse(fails, paste0("bcda_error_", tolower(table$code)), NA_character_)
  table
}

#' @rdname bcda_tables
#' @export
bcda_sandbox_options <- function() {
  rows(
    native_sandbox_option_count(),
    name = native_sandbox_option_name, default = native_sandbox_option_default, help = native_sandbox_option_help
  )
}

#' @rdname bcda_tables
#' @export
bcda_version <- function(details = FALSE) {
  if (details) paste(native_version(), native_version_details()) else native_version()
}
