# A nightly export for cron or systemd. The claims of each night go to a separate directory, such as claims/2026-11-24.
#
#     Rscript nightly.R claims                    # the settings come from BCDA_URL, BCDA_CLIENT_ID, ...
#     15 2 * * *  set -a; . /etc/bcda.env; Rscript /opt/bcda/nightly.R --tries 3 /srv/claims 2>>/var/log/bcda.log
#
# SIGINT cancels the export (systemd: KillSignal=SIGINT), and SIGTERM kills R at once. In both cases the next run of the
# same night goes on with what is there.

suppressPackageStartupMessages(library(bcda))

USAGE <- 'usage: Rscript nightly.R [OPTIONS] OUT

Exports claims into OUT/DATE, unless they are there already. The log goes to standard error, one line of summary to
standard output.

  OUT                  where the nights are kept; made when missing
  --types TYPE,...     resource types (default: BCDA_TYPES, or all three)
  --date YYYY-MM-DD    the night\'s name (default: today)
  --tries N            how often it is tried when that may help (default: 1)
  --pause SECONDS      between tries, unless the service asks for another pause (default: 600)
  --verbose            log every step, not only what matters
  --help               show this text

Where the service is and who asks comes from the environment: BCDA_URL, BCDA_CLIENT_ID, BCDA_CLIENT_SECRET_FILE,
BCDA_PRIVATE_KEY; bcda_settings() lists all. Exit codes are those of the bcda command: 0 done or there already,
1 failed, 2 usage, 3 authentication, 4 refused, or the job failed, 5 decryption or verification failed, 6 done, with
error files, 130 canceled.'

LONGEST_PAUSE <- 3600 # seconds; no retry if the service requests a longer delay
USAGE_ERROR <- 2
DONE_WITH_ERROR_FILES <- 6
CANCELED <- 130

verbose <- FALSE
note <- function(level, ...) {
  if (level != "DEBUG" || verbose) message(format(Sys.time(), "%Y-%m-%d %H:%M:%S"), " ", level, " ", ...)
}

big <- function(number) format(number, big.mark = ",", decimal.mark = ".", scientific = FALSE, trim = TRUE)

# ---- One night ----

# Logs an event. Events contain nothing about a beneficiary.
tell <- function(event) {
  level <- switch(event$kind, warning = "WARNING", job = , manifest = , retry = , file = "INFO", "DEBUG")
  details <- c(
    event$type, event$file, event$text,
    if (event$kind == "manifest") paste(big(event$files_total), "files"),
    if (event$kind == "progress") paste(big(event$files_done), "files,", big(event$bytes_done), "bytes"),
    if (event$kind == "retry") paste0("(again in ", event$wait, " s)")
  )
  note(level, event$kind, ": ", paste(details[nzchar(details)], collapse = " "))
}

contents <- function(result) {
  files <- result$files
  paste0(
    big(nrow(files)), " files, ", big(sum(files$records)), " records, ", big(sum(files$bytes)), " bytes, as of ",
    format(result$transaction_time, "%Y-%m-%dT%H:%M:%SZ")
  )
}

# Exports one night. Returns the exit code, a summary, and the delay in seconds before a retry, if a retry may help.
outcome <- function(code, ..., again = NULL) list(code = code, summary = paste0(...), again = again)

export <- function(directory, types) {
  if (file.exists(file.path(directory, "export.json"))) { # it is written last
    return(outcome(0, "exported already: ", contents(bcda_result(directory))))
  }
  client <- bcda_client()
  on.exit(close(client))
  dir.create(dirname(directory), recursive = TRUE, showWarnings = FALSE, mode = "0700")
  # Goes on with what an interrupted run left. If another run still uses the directory, this is an error.
  result <- withCallingHandlers(
    bcda_export(client, types, directory, progress = tell),
    bcda_warning_partial = function(w) invokeRestart("muffleWarning") # reported below
  )
  errors <- result$error_files
  if (!result$partial) return(outcome(0, "exported: ", contents(result)))
  # The content of error files may name beneficiaries, so it is not logged.
  for (path in errors$path) note("WARNING", "the service could not export everything: see ", path)
  outcome(DONE_WITH_ERROR_FILES, "exported, with ", big(nrow(errors)), " error files: ", contents(result))
}

# A summary of an error, without its outcome, because that may name beneficiaries.
failure <- function(error, pause) {
  note("ERROR", conditionMessage(error))
  statuses <- bcda_status()
  code <- statuses$exit_code[statuses$code == error$code]
  if (!error$retriable) return(outcome(code, "failed (", error$code, "); trying again will not help"))
  again <- if (is.na(error$retry_after)) pause else error$retry_after
  outcome(code, "failed (", error$code, "); trying again may help", again = again)
}

try_once <- function(directory, options) {
  tryCatch(
    export(directory, options$types),
    bcda_error = function(e) failure(e, options$pause),
    error = function(e) {
      note("ERROR", conditionMessage(e))
      outcome(1, "failed")
    }
  )
}

night <- function(directory, options) {
  for (try in seq_len(options$tries)) {
    ended <- try_once(directory, options)
    if (is.null(ended$again) || ended$again > LONGEST_PAUSE || try == options$tries) return(ended)
    note("INFO", "trying again in ", big(ended$again), " s")
    Sys.sleep(ended$again)
  }
}

# ---- The program ----

# Parses an argument. Fails with a message that says what is wrong.
number_of <- function(name, text, least) {
  value <- suppressWarnings(as.numeric(text))
  if (!is.finite(value) || value < least) stop("--", name, " takes a number, ", least, " or more", call. = FALSE)
  value
}

date_of <- function(text) {
  if (!grepl("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", text) || is.na(as.Date(text, optional = TRUE))) {
    stop("--date takes a day, such as 2026-11-24", call. = FALSE)
  }
  text
}

read_arguments <- function(arguments) {
  options <- list(
    out = NULL, types = NULL, date = format(Sys.Date()), tries = 1, pause = 600, verbose = FALSE, help = FALSE
  )
  while (length(arguments)) {
    name <- sub("^--", "", arguments[1])
    if (!startsWith(arguments[1], "-")) {
      if (!is.null(options$out)) stop("one OUT, please: what is ", arguments[1], "?", call. = FALSE)
      options$out <- arguments[1]
    } else if (arguments[1] %in% c("--verbose", "--help")) {
      options[[name]] <- TRUE
    } else if (arguments[1] %in% c("--types", "--date", "--tries", "--pause")) {
      if (length(arguments) < 2 || !nzchar(arguments[2])) stop("--", name, " needs a value", call. = FALSE)
      value <- arguments[2]
      options[[name]] <- switch(name,
        types = strsplit(value, ",", fixed = TRUE)[[1]],
        date = date_of(value),
        tries = trunc(number_of("tries", value, 1)),
        pause = number_of("pause", value, 0)
      )
      arguments <- arguments[-1]
    } else {
      stop("what is ", arguments[1], "?", call. = FALSE)
    }
    arguments <- arguments[-1]
  }
  if (!options$help && !nzchar(paste0("", options$out))) stop("OUT is missing: where are the nights kept?", call. = FALSE)
  options
}

main <- function(arguments) {
  options <- tryCatch(read_arguments(arguments), error = conditionMessage)
  if (is.character(options)) {
    message("nightly: ", options)
    return(USAGE_ERROR)
  }
  if (options$help) {
    cat(USAGE, "\n", sep = "")
    return(0)
  }
  verbose <<- options$verbose
  directory <- file.path(options$out, options$date)
  ended <- tryCatch(night(directory, options), interrupt = function(i) outcome(CANCELED, "canceled"))
  cat(options$date, ": ", ended$summary, "\n", sep = "")
  ended$code
}

if (sys.nframe() == 0) quit(status = main(commandArgs(trailingOnly = TRUE)))
