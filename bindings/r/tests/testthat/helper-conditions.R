# Expectations of failures.

# Fails with this status, and says this. Gives the condition.
expect_status <- function(call, code, says = NULL) {
  error <- tryCatch({
    call
    NULL
  }, error = identity)
  label <- if (is.null(error)) "no error" else paste0(class(error)[1], ": ", conditionMessage(error))
  class <- c(paste0("bcda_error_", tolower(code)), "bcda_error", "error", "condition")
  expect(identical(class(error), class), paste0("expected ", class[1], ", got ", label))
  if (is.null(error)) return(invisible())
  for (part in says) {
    expect(grepl(part, conditionMessage(error), fixed = TRUE), paste0("the message lacks \"", part, "\": ", label))
  }
  invisible(error)
}

expect_refused <- function(call, says = NULL) expect_status(call, "INVALID_ARGUMENT", says)

SECRET <- "hunter2-is-the-secret"

# Whatever of a value could be shown.
everything_said <- function(x) {
  shown <- utils::capture.output(print(x), utils::str(x), cat(format(x), sep = "\n"), cat(deparse(x), sep = "\n"))
  said <- paste(shown, collapse = "\n")
  if (inherits(x, "condition")) said <- paste(c(said, conditionMessage(x), deparse(conditionCall(x))), collapse = "\n")
  if (!is.null(x$cause)) said <- paste(said, everything_said(x$cause))
  said
}

expect_unsaid <- function(secret, said) {
  unsaid <- nzchar(secret) && !any(grepl(secret, said, fixed = TRUE, useBytes = TRUE))
  expect(unsaid, paste0("a secret is told, of which the first letters are ", substr(secret, 1, 4)))
}

# Of an export that broke off there is the log, and what it takes to go on with it: no file under its final name.
expect_no_claims <- function(directory) {
  expect_identical(setdiff(grep("^[.]bcda/", left_in(directory), value = TRUE, invert = TRUE), "log.ndjson"), character())
  kept <- "^(journal(-[0-9]+)?[.]ndjson|manifest-.*[.]json|owner[.]json|.*[.]partial)$"
  expect_match(c("journal.ndjson", list.files(file.path(directory, ".bcda"), all.files = TRUE, no.. = TRUE)), kept)
}

# How many handles there are when what nobody has any more, of other tests too, is collected.
handles_in_use <- function() {
  gc()
  gc() # what a finalizer let go of
  native_live_handles()
}
