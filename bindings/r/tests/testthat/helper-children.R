# Scripts in an R of their own: ends, signals, forks. A script says something by `say()`, and `ready()` when it is where it
# should be: an interrupt may come before `ready()` returns, so it is called where one is handled.

PREAMBLE <- '
library(bcda, lib.loc = %s)
loaded <- eapply(asNamespace("bcda"), identity) # or an interrupt may come while R loads a function, of which it warns
say <- function(...) { cat(..., "\\n", sep = ""); flush(stdout()) }
ready <- function() suspendInterrupts(say("ready ", Sys.getpid()))
arguments <- commandArgs(TRUE)
out <- arguments[1]
settings <- list(poll_interval = 0.02, retry_delay = 0.01, durability = "process")
faults <- c(authenticating = "delay=1h:on=POST /auth/token", waiting = "job-hangs", downloading = "stall:at=1", finished = "none")
client_at <- function(stage) {
  sandbox <- bcda_sandbox(10, pending_time = 0, job_time = 0, fault = faults[[stage]])
  do.call(bcda_sandbox_client, c(list(sandbox), settings))
}
run_to <- function(stage, client = client_at(stage), to = out) {
  run <- bcda_start(client, "Patient", to)
  while (!is.null(event <- bcda_next_event(run))) if (event$kind == "state" && event$text == stage) break
  run
}
'

STAGES <- c("authenticating", "waiting", "downloading")

# A child that runs `script`; it is ended when it takes much too long.
child <- function(script, ..., frame = parent.frame()) {
  library <- deparse(dirname(find.package("bcda")))
  file <- tempfile(fileext = ".R")
  writeLines(c(sprintf(PREAMBLE, library), script), file)
  command <- c(file.path(R.home("bin"), "Rscript"), "--vanilla", file, as.character(c(...)))
  limit <- Sys.which("timeout")
  if (nzchar(limit)) command <- c(limit, "--foreground", "--kill-after=1", "60", command)
  lines <- pipe(paste(paste(shQuote(command), collapse = " "), "2>&1; echo status $?"), "r")
  at_end(function() close(lines), frame)
  list(lines = lines)
}

# Its process id, when it has said that it is ready.
when_ready <- function(child) {
  said <- readLines(child$lines, 1)
  if (!length(said) || !startsWith(said, "ready ")) stop("the child said: ", paste(c(said, rest_of(child)), collapse = "\n"))
  as.integer(sub("ready ", "", said))
}

# All that it says until its end, then "status N".
rest_of <- function(child) readLines(child$lines)

said_by <- function(script, ...) rest_of(child(script, ...))

# By each of several, which run at the same time.
said_by_all <- function(scripts, ...) {
  frame <- environment()
  lapply(lapply(scripts, function(script) child(script, ..., frame = frame)), rest_of)
}
