# Quick sandboxes, and clients that do not dawdle.

# Nothing comes from the environment but what a test puts there.
Sys.unsetenv(bcda_settings()$env)

PROMPT <- list(poll_interval = 0.02, retry_delay = 0.01, durability = "process")

# Runs `undo()` when the function or test in `frame` is over.
at_end <- function(undo, frame) {
  call <- as.call(list(undo))
  do.call(on.exit, list(call, TRUE), envir = frame)
}

# Closed after the test.
a_sandbox <- function(beneficiaries = 10, ..., pending_time = 0, job_time = 0, frame = parent.frame()) {
  sandbox <- bcda_sandbox(beneficiaries, pending_time = pending_time, job_time = job_time, ...)
  at_end(function() close(sandbox), frame)
  sandbox
}

client_of <- function(sandbox, ...) {
  do.call(bcda_sandbox_client, c(list(sandbox), utils::modifyList(PROMPT, list(...))))
}

# What a client of it takes.
settings_for <- function(sandbox) {
  names <- c("url", "client_id", "client_secret", "private_key", "ca_file")
  c(stats::setNames(lapply(names, function(name) sandbox[[name]]), names), PROMPT)
}

# Made when they are first asked for: a sandbox that nothing is done to, with two files of each type; its client; an export.
once <- function(make) {
  made <- NULL
  function() {
    if (is.null(made)) made <<- make()
    made
  }
}
shared_sandbox <- once(function() bcda_sandbox(20, beneficiaries_per_file = 10, pending_time = 0, job_time = 0))
shared_client <- once(function() client_of(shared_sandbox()))
shared_result <- once(function() export_of(shared_client(), c("Patient", "Coverage", "ExplanationOfBenefit")))

# Where nothing is yet.
place <- function(name = "claims") {
  folder <- tempfile()
  dir.create(folder)
  file.path(folder, name)
}

export_of <- function(client, types = "Patient", out = place(), ..., progress = FALSE) {
  bcda_export(client, types, out, progress = progress, ...)
}

# The number of records, all of which are read.
count_of <- function(result, type = NULL) as.integer(bcda_records(result, type, identity))

left_in <- function(directory) list.files(directory, all.files = TRUE, no.. = TRUE, recursive = TRUE)
claims_in <- function(directory) grep("^(Patient|Coverage|ExplanationOfBenefit)", left_in(directory), value = TRUE)

with_env <- function(values, code) {
  do.call(Sys.setenv, values)
  on.exit(Sys.unsetenv(names(values)))
  code
}

with_directory <- function(directory, code) {
  old <- setwd(directory)
  on.exit(setwd(old))
  code
}

# A finished export whose files, one a type, are written by hand: raw vectors, or texts.
written_export <- function(..., bytes = NULL) {
  directory <- place()
  dir.create(directory)
  contents <- lapply(list(...), function(content) if (is.raw(content)) content else charToRaw(enc2utf8(content)))
  files <- lapply(names(contents), function(type) {
    path <- paste0(type, ".ndjson")
    writeBin(contents[[type]], file.path(directory, path))
    list(
      type = type, path = path, bytes = bytes %||% length(contents[[type]]), records = records_in(contents[[type]]),
      sha256 = "", decrypted = TRUE, url = ""
    )
  })
  time <- "2019-09-20T14:47:33.250Z"
  receipt <- list(
    types = names(contents), transactionTime = time, started = time, finished = "2019-09-20T14:47:35.000Z",
    jobs = list(), files = files, errors = list()
  )
  writeLines(jsonlite::toJSON(receipt, auto_unbox = TRUE, digits = NA), file.path(directory, "export.json"))
  bcda_result(directory)
}

# NDJSON lines that are not blank.
records_in <- function(content) {
  lines <- strsplit(rawToChar(content), "\n", fixed = TRUE, useBytes = TRUE)[[1]]
  sum(grepl("[^ \t\r]", sub("^\xef\xbb\xbf", "", lines, useBytes = TRUE), useBytes = TRUE))
}

skip_without_repository <- function() {
  skip_if(Sys.getenv("BCDA_TEST_REPOSITORY") == "", "needs the repository (BCDA_TEST_REPOSITORY)")
}

repository <- function(...) file.path(Sys.getenv("BCDA_TEST_REPOSITORY"), ...)

# Sandboxes in which an export gets no further than a stage.
at_stage <- function(stage, frame = parent.frame()) {
  fault <- c(authenticating = "delay=1h:on=POST /auth/token", waiting = "job-hangs", downloading = "stall:at=1")[[stage]]
  a_sandbox(fault = fault, frame = frame)
}

# A run that is at this stage.
run_at <- function(stage, client, out) {
  run <- bcda_start(client, "Patient", out)
  while (!is.null(event <- bcda_next_event(run))) if (event$kind == "state" && event$text == stage) return(run)
  stop("the run never was ", stage)
}
