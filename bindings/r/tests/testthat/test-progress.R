# What is shown while a run is waited for.

messages_of <- function(code) {
  said <- list()
  withCallingHandlers(code, message = function(m) {
    said[[length(said) + 1]] <<- m
    invokeRestart("muffleMessage")
  })
  said
}

texts <- function(messages) vapply(messages, conditionMessage, "")

test_that("a retry is told while the run goes on, whatever waits", {
  frame <- environment()
  faulty <- function() client_of(a_sandbox(fault = "reset:count=1", frame = frame))
  waits <- list(
    export = function() export_of(faulty()),
    wait = function() bcda_wait(bcda_start(faulty(), "Patient", place()), progress = FALSE)
  )
  for (name in names(waits)) {
    said <- messages_of(waits[[name]]())
    retries <- Filter(function(m) inherits(m, "bcda_message_retry"), said)
    expect_length(retries, 1)
    expect_match(texts(retries), "^bcda: trying again in [0-9.]+ s: .+\n$", label = name)
  }
})

test_that("it is not told to whom a function asks for the events, nor when all is well", {
  kinds <- character()
  client <- client_of(a_sandbox(fault = "reset:count=1"))
  said <- messages_of(export_of(client, progress = function(event) kinds <<- c(kinds, event$kind)))
  expect_length(said, 0)
  expect_true("retry" %in% kinds)
  expect_length(messages_of(export_of(shared_client())), 0)
})

test_that("with a bar, a retry is shown beside it", {
  old <- options(cli.progress_show_after = 0, cli.dynamic = FALSE)
  on.exit(options(old))
  client <- client_of(a_sandbox(fault = "reset:count=1"))
  said <- paste(capture.output(done <- export_of(client, progress = TRUE), type = "message"), collapse = " ")
  expect_match(said, "trying again in")
})

test_that("a notice is of a retry or a warning, and gives a terminal nothing to obey", {
  event <- function(kind, text) list(kind = kind, text = text, wait = 2.34)
  expect_identical(notice(event("retry", "reset")), "trying again in 2.3 s: reset")
  expect_identical(notice(event("warning", "a\033[2Jb\nc")), "warning: a [2Jb c")
  for (kind in c("state", "job", "poll", "manifest", "progress", "file", "finished")) expect_null(notice(event(kind, "x")))
  said <- messages_of(notice_teller(event("warning", "{x}")))
  expect_s3_class(said[[1]], "bcda_message_warning")
  expect_identical(texts(said), "bcda: warning: {x}\n")
})

test_that("braces of a notice are no code", {
  tell <- function() {
    tell <- bar_teller(environment())
    tell(list(kind = "warning", text = "{stop('run')}"))
  }
  said <- paste(capture.output(tell(), type = "message"), collapse = " ")
  expect_match(said, "{stop('run')}", fixed = TRUE)
})

test_that("a session of a person has a bar by default", {
  for (name in c("bcda_export", "bcda_manifest", "bcda_fetch", "bcda_wait", "bcda_decrypt")) {
    expect_identical(formals(get(name))$progress, quote(interactive()), label = name)
  }
})

test_that("a decryption may have a bar, and leaves none", {
  old <- options(cli.progress_show_after = 0, cli.dynamic = FALSE)
  on.exit(options(old))
  bars <- cli::cli_progress_num()
  for (progress in list(TRUE, FALSE, NULL)) {
    expect_no_error(suppressMessages(decrypt(SMALL, place("plain"), progress = progress)))
  }
  expect_identical(cli::cli_progress_num(), bars)
  expect_refused(decrypt(SMALL, place("plain"), progress = "yes"), "progress")
})
