# What becomes of the events of a run that is waited for.

# A function that gets every event.
teller <- function(progress, envir = parent.frame()) {
  check_progress(progress)
  if (is.function(progress)) progress else if (progress) bar_teller(envir) else function(event) NULL
}

check_progress <- function(progress) {
  if (!is.function(progress) && !is_flag(progress)) refuse("progress is TRUE, FALSE, or a function that gets every event")
}

# A bar that goes with the function whose frame `envir` is.
bar_teller <- function(envir) {
  bar <- cli::cli_progress_bar(
    format = "{cli::pb_spin} {cli::pb_bar} {cli::pb_status} [{cli::pb_elapsed}]",
    total = 100, clear = TRUE, auto_terminate = FALSE, .envir = envir
  )
  function(event) {
    state <- bar_state(event)
    if (!is.null(state)) {
      cli::cli_progress_update(set = state$percent, status = state$text, id = bar, .envir = envir)
    }
  }
}

# No text of the service's, which may hold anything.
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

size_text <- function(bytes) format(structure(bytes, class = "object_size"), units = "auto", standard = "IEC")
