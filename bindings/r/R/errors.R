# Conditions: one class for each status code of the library that means a failure.

#' Errors and warnings
#'
#' Every failure of the library is a condition. Each status has its own class, such as `bcda_error_authentication`,
#' which inherits from `bcda_error` and `error`; [bcda_status()] lists the classes. The message names what failed and
#' the remedy. It never contains a secret or what the service said about a beneficiary.
#'
#' A condition has these fields:
#' \describe{
#'   \item{`code`}{the status, such as `"AUTHENTICATION"`.}
#'   \item{`message`}{what went wrong, and what to do.}
#'   \item{`http_status`}{the HTTP status of the answer that caused the failure, or `NA`.}
#'   \item{`outcome`}{the service's own words, or `""`. **They may name beneficiaries**, so keep them out of logs.}
#'   \item{`file`}{the local path or the server's file name that the failure is about, or `NA`.}
#'   \item{`retriable`}{`TRUE` if the same call may succeed later.}
#'   \item{`retry_after`}{the delay in seconds that the service requested before a retry, or `NA`.}
#'   \item{`result`}{the files that the run verified before it failed (see [bcda_export()]), or `NULL`.}
#'   \item{`cause`}{the condition with which your own function failed (a sink, a provider of a secret), or `NULL`.}
#' }
#'
#' If a sink fails, the message ends with the message of the sink's error. So make sure that the errors of your
#' functions name no beneficiary. The message of a provider's error is only in `cause`, because it may contain the
#' secret.
#'
#' If an export succeeds but the service gave error files, there is a warning of class `bcda_warning_partial`, whose
#' `result` is the result. With `options(warn = 2)` the warning becomes an error, but the files exist: [bcda_result()]
#' returns them.
#'
#' If a sink's `abort` fails, there is a message of class `bcda_message_abort` with the `cause`. The file is discarded
#' in any case. During a wait without a progress function, each retry is a message of class `bcda_message_retry`, and
#' each warning of the library is a message of class `bcda_message_warning`. If values of a table became `NA` because of
#' `on_error = "null"`, a message of class `bcda_message_nulled` has their `count`. [suppressMessages()] hides them.
#'
#' An interrupt (Esc, Ctrl-C) is R's own condition `interrupt`.
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

# Signals an error. `cause` is the error of a function that provides a secret.
fail <- function(code, ..., file = NA_character_, cause = NULL) {
  stop(caused(bcda_error(code, paste0(...), file = file), cause, secret = TRUE))
}

# Adds a cause to an error. R shows only the message, so the message of the cause is appended. It is left out if it may
# contain a secret.
caused <- function(error, cause, secret = FALSE) {
  if (is.null(cause)) return(error)
  error$cause <- cause
  hidden <- secret && !inherits(cause, "bcda_error")
  why <- if (hidden) "an error of its own (`cause` of this condition; it may hold the secret)" else conditionMessage(cause)
  error$message <- paste0(error$message, "; caused by: ", why)
  error
}

refuse <- function(...) fail("INVALID_ARGUMENT", ...)

# The value of every native call passes through this function.
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
