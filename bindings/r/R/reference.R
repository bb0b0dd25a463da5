# The library's reference tables.

rows <- function(count, ...) {
  index <- seq_len(count) - 1
  columns <- lapply(list(...), function(column) vapply(index, column, column(0)))
  as.data.frame(columns, stringsAsFactors = FALSE)
}

#' The library's reference tables
#'
#' `bcda_settings()` returns the table of settings. They are the arguments of [bcda_client()], of the functions for
#' exports and of [bcda_table()], the environment variables, and the members of a configuration file. `bcda_status()`
#' returns the status codes and the classes of their conditions. `bcda_sandbox_options()` returns the options of
#' [bcda_sandbox()]. `bcda_profiles()` returns what the library knows about each kind of server, with one element for
#' each value of the setting `profile` but `auto`. `bcda_version()` returns the version of the library.
#'
#' @param details whether to include the versions of Boost, OpenSSL, zlib and simdjson.
#' @return A data frame with one row for each setting, status or option. In that of `bcda_settings()`, `export` is
#'   `TRUE` if an export takes the setting, and `table` is `TRUE` if [bcda_table()] takes it. `bcda_profiles()` returns
#'   a list of lists, named by the profiles; `docs/servers.md` in the repository explains the fields. `bcda_version()`
#'   returns a string.
#' @name bcda_settings
#' @examples
#' bcda_version()
#' bcda_settings()[1:5, c("name", "type", "default")]
#' bcda_status()[1:5, ]
#' bcda_sandbox_options()[c("name", "default")]
#' names(bcda_profiles())
NULL

#' @rdname bcda_settings
#' @export
bcda_settings <- function() {
  all <- rows(
    native_setting_count(),
    name = native_setting_name, type = native_setting_type, default = native_setting_default,
    choices = native_setting_choices, env = native_setting_env, help = native_setting_help,
    export = function(i) native_setting_is_for_export(i) == 1, table = is_for_tables,
    secret = function(i) native_setting_is_secret(i) == 1,
    partition = function(i) native_setting_is_for_partitions(i) == 1
  )
  own <- all[!all$partition, names(all) != "partition"] # R has no functions for partitions
  rownames(own) <- NULL
  own
}

is_for_tables <- function(index) native_setting_is_for_tables(index) == 1

#' @rdname bcda_settings
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

#' @rdname bcda_settings
#' @export
bcda_sandbox_options <- function() {
  rows(
    native_sandbox_option_count(),
    name = native_sandbox_option_name, default = native_sandbox_option_default, help = native_sandbox_option_help
  )
}

#' @rdname bcda_settings
#' @export
bcda_profiles <- function() {
  profiles <- parsed_json(native_profiles(), "the table of profiles")
  stats::setNames(profiles, vapply(profiles, function(profile) profile[["name"]], ""))
}

#' @rdname bcda_settings
#' @export
bcda_version <- function(details = FALSE) {
  if (details) paste(native_version(), native_version_details()) else native_version()
}
