# Runs in the background, and waits for them. All waits happen on R's own thread, in slices of 50 ms, so that R can
# handle an interrupt between two slices.

SLICE_MS <- 50
STATUS_OK <- 0L # BCDA_OK of the C interface

# `make` converts a native result to the value of the run. `sink` comes from new_sink(), or is NULL.
new_run <- function(handle, client, make, partial = NULL, sink = NULL) {
  run <- object("bcda_run", handle,
    kind = native_run_kind(handle), client = client, make = make, partial = partial, sink = sink, ended = FALSE, process = Sys.getpid()
  )
  if (!is.null(sink)) watch(run)
  run
}

#' An export in the background
#'
#' `bcda_start()` starts an export like [bcda_export()], and returns at once. `bcda_wait()` waits for its end, and
#' returns its result or signals its failure. `bcda_next_event()` returns the events in order. `bcda_cancel()` requests
#' that the run stop.
#'
#' A run continues without a wait, unless its files go to your own functions. Those functions are called only in
#' `bcda_wait()` and `bcda_next_event()`. A run is canceled by `close()`, when it is garbage-collected, and at the end
#' of the session. After an interrupt of `bcda_wait()` the run continues. But if the interrupt comes during one of your
#' functions, it fails the file.
#'
#' @param run a run from `bcda_start()`.
#' @param timeout for `bcda_wait()` and `bcda_next_event()`: the longest wait, in seconds or as a [difftime]; after it
#'   the run continues. For `bcda_start()`: the time limit for the whole run; after it the run fails.
#' @param progress for `bcda_wait()`, as for [bcda_export()].
#' @return `bcda_start()` returns a run, of class `bcda_run`. `bcda_wait()` returns the result, or `NULL` if the run is
#'   still running after `timeout`. `bcda_next_event()` returns a list, or `NULL` if no event came within `timeout` or
#'   the events have ended (`bcda_done(run)`). `bcda_done()` returns whether the run has ended.
#' @name bcda_start
#' @examples
#' sandbox <- bcda_sandbox(beneficiaries = 10)
#' run <- bcda_start(bcda_sandbox_client(sandbox), "Patient", out = tempfile("claims"))
#' while (!is.null(event <- bcda_next_event(run))) {
#'   if (event$kind == "job") print(event$type)
#' }
#' bcda_wait(run)$files$records
#' close(sandbox)
NULL

#' @rdname bcda_start
#' @export
bcda_wait <- function(run, timeout = Inf, progress = interactive()) {
  handle_of(run, "bcda_run")
  wait_for(run, progress, timeout)
}

#' @rdname bcda_start
#' @export
bcda_next_event <- function(run, timeout = Inf) {
  handle_of(run, "bcda_run")
  event <- native_event_create()
  on.exit(native_event_destroy(event))
  found <- until(timeout, function(wait_ms) {
    asked <- serve(run)
    found <- next_event(run, event)
    if (is.null(found) && !run$ended && !asked) native_run_wait_wakeup(run$handle, wait_ms)
    if (!is.null(found) || run$ended) list(found)
  })
  if (!is.null(found)) found[[1]]
}

#' @rdname bcda_start
#' @export
bcda_cancel <- function(run) {
  native_run_cancel(handle_of(run, "bcda_run"))
  invisible(run)
}

#' @rdname bcda_start
#' @export
bcda_done <- function(run) {
  handle <- handle_of(run, "bcda_run")
  if (!is.null(run$value) || !is.null(run$failure)) return(TRUE)
  tryCatch(native_run_wait(handle, 0) == 1, bcda_error = function(e) if (e$code == "STATE") stop(e) else TRUE)
}

#' @export
close.bcda_run <- function(con, ...) {
  if (con$process == Sys.getpid()) { # otherwise the native run belongs to the parent process
    native_run_destroy(con$handle)
    con$closed <- TRUE
    if (!is.null(con$sink)) end_sink(con$sink)
  }
  invisible()
}

#' @export
print.bcda_run <- function(x, ...) {
  # A run that was saved and loaded has no native run.
  ended <- function() tryCatch(bcda_done(x), bcda_error_state = function(e) FALSE)
  state <- if (!is.null(x$value)) {
    "succeeded"
  } else if (!is.null(x$failure)) {
    paste("failed:", x$failure$code)
  } else if (isTRUE(x$closed)) {
    "closed"
  } else if (x$process == Sys.getpid() && ended()) {
    "ended"
  } else {
    "started"
  }
  cat("<bcda_run: ", x$kind, ", ", state, ">\n", sep = "")
  invisible(x)
}

# ---- Waiting ----

# Calls `step(wait_ms)` repeatedly until it returns a value or the timeout has passed.
until <- function(timeout, step) {
  if (inherits(timeout, "difftime")) timeout <- as.numeric(timeout, units = "secs")
  if (!is.numeric(timeout) || length(timeout) != 1 || is.na(timeout)) refuse("timeout is a number of seconds")
  begun <- native_steady_seconds()
  repeat {
    left <- max(0, timeout - (native_steady_seconds() - begun))
    found <- step(min(SLICE_MS, ceiling(1000 * left)))
    native_check_interrupt()
    if (!is.null(found) || left == 0) return(found)
  }
}

wait_for <- function(run, progress, timeout = Inf) {
  if (!is.null(run$failure)) stop(run$failure)
  if (!is.null(run$value)) return(run$value)
  report <- event_reporter(progress)
  event <- native_event_create()
  on.exit(native_event_destroy(event), add = TRUE) # runs after the handler that ends the progress bar
  ended <- until(timeout, function(wait_ms) {
    asked <- serve(run)
    # Without a sink there is nothing to wait for but events, so the library waits for the first one.
    while (!is.null(found <- next_event(run, event, if (is.null(run$sink)) wait_ms else 0))) {
      report(found)
      wait_ms <- 0
    }
    if (run$ended) return(TRUE)
    if (!is.null(run$sink) && !asked) native_run_wait_wakeup(run$handle, wait_ms)
    NULL
  })
  if (is.null(ended)) NULL else conclude(run)
}

# The next event, or NULL if there is none in that time. run$ended is TRUE if no more will come.
next_event <- function(run, event, wait_ms = 0) {
  status <- native_run_next_event(run$handle, event, wait_ms)
  if (status == STATUS_OK) return(native_event_list(event))
  if (native_status_name(status) == "END") run$ended <- TRUE
  NULL
}

# The value of a run that has ended. Signals its failure, with the partial result and the cause.
conclude <- function(run) {
  run$value <- tryCatch(
    {
      native_run_wait(run$handle, 0)
      taken(run, run$make)
    },
    bcda_error = function(e) {
      if (!is.null(run$partial) && e$code != "STATE") e["result"] <- list(taken(run, run$partial))
      if (e$code == "SINK") e <- caused(e, run$sink$error)
      run$failure <- e
      stop(e)
    }
  )
  if (inherits(run$value, "bcda_result") && run$value$partial) warn_partial(run$value)
  run$value
}

taken <- function(run, make) {
  result <- native_run_result(run$handle)
  on.exit(native_result_destroy(result))
  make(result)
}
