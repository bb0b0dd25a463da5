# Sinks: files go to the caller's functions instead of a directory. The library queues calls, and R's thread makes them.

# `begin` is the caller's function(name, type). `files` are the open files, by number. `error` is the first failure.
new_sink <- function(begin) {
  counter$sinks <- counter$sinks + 1
  list2env(
    list(
      key = as.character(counter$sinks), begin = begin, files = list(), error = NULL, abandoned = FALSE,
      process = Sys.getpid()
    ),
    parent = emptyenv()
  )
}

counter <- list2env(list(sinks = 0), parent = emptyenv())

# Makes one pending call to the sink and answers the library. Returns FALSE if no call is pending. An interrupt is
# handled only during the caller's function, and fails its file. It may not prevent the answer, because the run would
# wait for it forever.
serve <- function(run) {
  if (is.null(run$sink)) return(FALSE)
  suspendInterrupts({
    question <- native_sink_next(run$handle)
    if (nzchar(question)) answer(run, question)
    nzchar(question)
  })
}

answer <- function(run, question) {
  accepted <- FALSE
  refused <- function(why) if (is.null(run$sink$error)) run$sink$error <- why
  on.exit({
    if (!accepted) refused(simpleError("interrupted"))
    native_sink_answer(run$handle, as.integer(accepted))
  })
  number <- as.character(native_sink_file(run$handle))
  accepted <- tryCatch(
    {
      switch(question,
        begin = begin_file(run, number),
        write = write_file(run, number),
        commit = commit_file(run, number),
        abort = tell_abort(abort_file(run$sink, number))
      )
      TRUE
    },
    error = function(e) {
      refused(e)
      FALSE
    }
  )
}

# The arguments are read before the call, because R evaluates them lazily, possibly after the next call has been
# fetched.
begin_file <- function(run, number) {
  name <- native_sink_name(run$handle)
  type <- native_sink_type(run$handle)
  file <- allowInterrupts(run$sink$begin(name, type))
  if (!is.list(file) || !all(vapply(file[c("write", "commit", "abort")], is.function, NA))) {
    refuse("`out` has to return list(write = function(raw), commit = function(size, sha256), abort = function())")
  }
  run$sink$files[[number]] <- file
}

write_file <- function(run, number) {
  data <- native_sink_data(run$handle)
  allowInterrupts(run$sink$files[[number]]$write(data))
}

commit_file <- function(run, number) {
  size <- native_sink_size(run$handle)
  sha256 <- native_sink_sha256(run$handle)
  allowInterrupts(run$sink$files[[number]]$commit(size, sha256))
  run$sink$files[[number]] <- NULL
}

# Returns the error if abort failed, or NULL.
abort_file <- function(sink, number) {
  file <- sink$files[[number]]
  sink$files[[number]] <- NULL
  tryCatch(
    {
      if (!is.null(file)) allowInterrupts(file$abort())
      NULL
    },
    error = identity
  )
}

# Reports a failed abort. The run continues, because the file is discarded in any case. This is a message and not a
# warning, because options() can turn a warning into an error, which would end the run or hide its failure.
tell_abort <- function(error) {
  if (!is.null(error)) inform("abort", paste("a sink's abort failed:", conditionMessage(error)), cause = error)
}

# ---- The end of a sink: files that are neither committed nor aborted are aborted -------------------------------------

# The sinks of runs that were not closed. The finalizer of a run only marks its sink as abandoned, because a finalizer
# may run at any moment, even during a native call. The next run aborts the files of abandoned sinks. At the end of the
# session all are aborted.
open_sinks <- new.env(parent = emptyenv())

watch <- function(run) {
  for (sink in as.list(open_sinks)) if (sink$abandoned) end_sink(sink)
  assign(run$sink$key, run$sink, envir = open_sinks)
  reg.finalizer(run, abandon)
}

abandon <- function(run) run$sink$abandoned <- TRUE

.onLoad <- function(libname, pkgname) {
  reg.finalizer(open_sinks, function(all) for (sink in as.list(all)) end_sink(sink), onexit = TRUE)
}

# Aborts all open files, even if one abort fails. Does nothing in a forked process, because the files belong to the
# parent.
end_sink <- function(sink) {
  if (sink$process != Sys.getpid()) return()
  if (exists(sink$key, envir = open_sinks, inherits = FALSE)) rm(list = sink$key, envir = open_sinks)
  failures <- lapply(names(sink$files), abort_file, sink = sink)
  for (failure in failures) tell_abort(failure)
}
