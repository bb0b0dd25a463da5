# Progress bars and messages for the events of a run.

# The function that receives every event.
event_reporter <- function(progress, envir = parent.frame()) {
  check_progress(progress)
  if (is.function(progress)) progress else if (progress) bar_teller(envir) else notice_teller
}

check_progress <- function(progress) {
  if (!is.function(progress) && !is_flag(progress)) refuse("progress is TRUE, FALSE, or a function that gets every event")
}

# Used without a bar. Shows retries and warnings as messages.
notice_teller <- function(event) {
  text <- notice(event)
  if (!is.null(text)) inform(event$kind, text)
}

inform <- function(kind, text, ...) {
  class <- c(paste0("bcda_message_", kind), "message", "condition")
  message(structure(class = class, list(message = paste0("bcda: ", text, "\n"), call = NULL, ...)))
}

# The text of a retry or a warning; NULL for other events. Control characters are replaced, because a terminal would
# interpret them.
notice <- function(event) {
  text <- gsub("[[:cntrl:]]", " ", event$text)
  switch(event$kind,
    retry = paste0("trying again in ", digits(round(event$wait, 1)), " s: ", text),
    warning = paste("warning:", text)
  )
}

new_bar <- function(envir) {
  cli::cli_progress_bar(
    format = "{cli::pb_spin} {cli::pb_bar} {cli::pb_status} [{cli::pb_elapsed}]",
    total = 100, clear = TRUE, auto_terminate = FALSE, .envir = envir
  )
}

# A progress bar that ends with the function whose frame is `envir`.
bar_teller <- function(envir) {
  bar <- new_bar(envir)
  function(event) {
    text <- notice(event)
    if (!is.null(text)) cli::cli_progress_output("{text}", id = bar)
    state <- bar_state(event)
    if (!is.null(state)) {
      cli::cli_progress_update(set = state$percent, status = state$text, id = bar, .envir = envir)
    }
  }
}

# The state of the bar. It contains no text from the service, because that may contain anything.
bar_state <- function(event) {
  switch(event$kind,
    state = list(text = if (event$text == "waiting") "waiting for the service" else event$text),
    poll = list(percent = if (!is.na(event$percent)) event$percent, text = "waiting for the service"),
    retry = list(text = paste0("trying again in ", round(event$wait, 1), " s")),
    progress = list(
      percent = if (!is.na(event$bytes_total) && event$bytes_total > 0) 100 * event$bytes_done / event$bytes_total,
      text = paste0(
        "file ", event$files_done, " of ", event$files_total, ", ", size_text(event$bytes_done)
      )
    )
  )
}

# For a decryption: a function of the bytes done and the bytes in total.
decryption_reporter <- function(progress, envir = parent.frame()) {
  if (is.function(progress)) return(progress)
  if (!isTRUE(progress)) return(function(done, total) NULL)
  bar <- new_bar(envir)
  function(done, total) {
    cli::cli_progress_update(
      set = if (!is.na(total) && total > 0) 100 * done / total, status = size_text(done), id = bar, .envir = envir
    )
  }
}

size_text <- function(bytes) format(structure(bytes, class = "object_size"), units = "auto", standard = "IEC")
