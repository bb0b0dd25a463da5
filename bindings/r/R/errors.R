# Conditions: one class for each status code of the library that stands for a failure.

#' Errors and warnings
#'
#' Every failure of the library is a condition of a class for its status, such as `bcda_error_authentication`, which
#' inherits from `bcda_error` and `error`; [bcda_status()] lists them. The message names the thing and the remedy, and never
#' holds a secret or what the service said about a beneficiary.
#'
#' A condition has these fields:
#' \describe{
#'   \item{`code`}{the status, such as `"AUTHENTICATION"`.}
#'   \item{`message`}{what went wrong, and what to do.}
#'   \item{`http_status`}{of the answer concerned, or `NA`.}
#'   \item{`outcome`}{the service's own words, or `""`. **They may name beneficiaries**: keep them out of logs.}
#'   \item{`file`}{the local path or the server's file name concerned, or `NA`.}
#'   \item{`retriable`}{`TRUE` when the same call may succeed later.}
#'   \item{`retry_after`}{seconds after which the service asked to be tried again, or `NA`.}
#'   \item{`result`}{the files that a run had verified before it failed (see [bcda_export()]), or `NULL`.}
#'   \item{`cause`}{the condition by which a function of yours failed (a sink, a provider of a secret), or `NULL`.}
#' }
#'
#' When a sink fails, the message ends with the message of its own error: see to it that your functions name no beneficiary in
#' their errors. What a provider of a secret says is in `cause` alone, because it may hold the secret.
#'
#' An export that succeeded, but for which the service gave error files, warns with a condition of class
#' `bcda_warning_partial`, whose `result` is the result. Where `options(warn = 2)` makes an error of it, the files are there
#' all the same: [bcda_result()] gives them.
#'
#' When a sink's `abort` fails, there is a message of class `bcda_message_abort`, with the `cause`: the file is given up all the
#' same. While a run is waited for without a progress function, each retry is a message of class `bcda_message_retry`, and
#' each warning of the library one of class `bcda_message_warning`; [suppressMessages()] silences them.
#'
#' An interrupt (Esc, Ctrl-C) is R's own condition, `interrupt`.
#'
#' @name bcda_errors
#' @examples
#' tryCatch(
#'   bcda_client("https://localhost:1", client_secret_file = "/no/such/file", env = FALSE),
#'   bcda_error = function(e) e$code
#' )
NULL

bcda_error <- function(code, message, ..., http_status = NA_integer_, outcome = "", file = NA_character_,
                       retriable = FALSE, retry_after = NA_real_, result = NULL, cause = NULL) {
  structure(
    class = c(paste0("bcda_error_", tolower(code)), "bcda_error", "error", "condition"),
    list(
      message = message, call = NULL, code = code, http_status = http_status, outcome = outcome, file = file,
      retriable = retriable, retry_after = retry_after, result = result, cause = cause
    )
  )
}

# `cause` is an error of a function that gives a secret.
fail <- function(code, ..., file = NA_character_, cause = NULL) {
  stop(caused(bcda_error(code, paste0(...), file = file), cause, secret = TRUE))
}

# R shows the message alone, so the message of the cause is part of it; not where it may hold a `secret`.
caused <- function(error, cause, secret = FALSE) {
  if (is.null(cause)) return(error)
  error$cause <- cause
  hidden <- secret && !inherits(cause, "bcda_error")
  why <- if (hidden) "an error of its own (`cause` of this condition; it may hold the secret)" else conditionMessage(cause)
  error$message <- paste0(error$message, "; caused by: ", why)
  error
}

refuse <- function(...) fail("INVALID_ARGUMENT", ...)

# Every native call's value goes through here.
checked <- function(value) {
  if (inherits(value, "bcda_failure")) stop(error_of(value))
  value
}

error_of <- function(failure) {
  bcda_error(
    failure$status, failure$message, http_status = failure$http_status, outcome = failure$outcome, file = failure$file,
    retriable = failure$retriable, retry_after = failure$retry_after
  )
}

#' @export
print.bcda_error <- function(x, ...) {
  cat("<", class(x)[1], ">\n", x$message, "\n", sep = "")
  if (!is.na(x$file)) cat("file:", x$file, "\n")
  if (!is.null(x$result)) cat("verified before:", described(x$result$files), "\n")
  after <- if (!is.na(x$retry_after)) paste0(" (after ", x$retry_after, " s)")
  if (x$retriable) cat("the same call may succeed later", after, "\n", sep = "")
  invisible(x)
}

warn_partial <- function(result) {
  warning(structure(
    class = c("bcda_warning_partial", "bcda_warning", "warning", "condition"),
    list(
      message = paste0(
        "the service could not export everything: ", counted(nrow(result$error_files), "error file"),
        " (bcda_issues() reads them)"
      ),
      call = NULL, result = result
    )
  ))
}
