# An R that ends in the middle of something: with its own status, and without a word.

test_that("a session ends with an export in flight, however it ends", {
  ends <- c(
    quit = 'quit(status = 42)', `kept by a global` = 'keep <- list(run, run$client, run$client$keeps); quit(status = 42)',
    `dropped` = 'rm(run); quit(status = 42)', `in a callback` = 'bcda_wait(run, progress = function(event) quit(status = 42)); quit(status = 42)',
    `no finalizers` = 'quit(status = 42, runLast = FALSE)',
    `in a finalizer` = 'invisible(reg.finalizer(globalenv(), function(e) try(bcda_next_event(run, 0), silent = TRUE), onexit = TRUE)); quit(status = 42)'
  )
  for (stage in c(STAGES, "finished")) {
    script <- c('run <- run_to(arguments[2])', ends[["quit"]])
    expect_identical(said_by(script, place(), stage), "status 42", label = stage)
  }
  for (end in setdiff(names(ends), c("quit", "in a callback"))) {
    out <- place()
    expect_identical(said_by(c('run <- run_to("downloading")', ends[[end]]), out), "status 42", label = end)
    expect_no_claims(out)
  }
  script <- c('run <- bcda_start(client_at("waiting"), "Patient", out)', ends[["in a callback"]])
  expect_identical(said_by(script, place()), "status 42")
})

test_that("a script that falls off its end with all in flight ends well", {
  script <- 'run <- run_to("waiting"); client <- run$client; records <- NULL'
  expect_identical(said_by(script, place()), "status 0")
  expect_identical(said_by('sandbox <- bcda_sandbox(5)'), "status 0")
  expect_identical(said_by('run <- bcda_start(client_at("finished"), "Patient", out)', place()), "status 0")
})

test_that("an error ends a script with an export in flight as any error does", {
  said <- said_by('run <- run_to("downloading"); stop("mine")', place())
  expect_match(said[1], "mine")
  expect_identical(said[length(said)], "status 1")
})

test_that("a session ends in a sink", {
  for (step in c("begin", "write", "commit", "abort")) {
    script <- sprintf('
      step <- "%s"
      at <- function(here) if (here == step) quit(status = 42)
      client <- client_at("finished")
      if (step == "abort") bcda_sandbox_control(client$keeps, "fault", "flip")
      bcda_export(client, "Patient", function(name, type) {
        at("begin")
        list(write = function(data) at("write"), commit = function(size, sha256) at("commit"), abort = function() at("abort"))
      }, progress = FALSE)', step)
    expect_identical(said_by(script, place()), "status 42", label = step)
  }
})

test_that("what a sink had begun is aborted at the end of the session", {
  script <- '
    began <- FALSE
    sink <- function(name, type) {
      began <<- TRUE
      list(write = function(data) NULL, commit = function(size, sha256) say("committed"), abort = function() say("aborted"))
    }
    client <- client_at("downloading")
    bcda_sandbox_control(client$keeps, "fault", "none")
    bcda_sandbox_control(client$keeps, "fault", "stall:at=50%")
    run <- bcda_start(client, "Patient", sink)
    while (!began) bcda_next_event(run, 0.05)
    quit(status = 42)'
  expect_identical(said_by(script), c("aborted", "status 42"))
})

test_that("a session ends with a decryption in flight", {
  out <- place("plain.ndjson")
  script <- '
    bcda_decrypt(arguments[2], out, key = arguments[3], label = arguments[4], private_key = arguments[5],
      progress = function(done, total) quit(status = 42))'
  expect_identical(said_by(script, out, endless(), SMALL$encryptedKey, SMALL$filename, key_file(SMALL)), "status 42")
  expect_identical(left_in(dirname(out)), character())
})

test_that("a session ends after a fork, in the parent and in the child", {
  script <- '
    run <- run_to("waiting")
    child <- parallel::mcparallel(tryCatch(bcda_wait(run), error = function(e) class(e)[1]))
    say(parallel::mccollect(child)[[1]])
    quit(status = 42)'
  expect_identical(said_by(script, place()), c("bcda_error_state", "status 42"))
})

test_that("the package is unloaded and loaded again", {
  script <- '
    s <- bcda_sandbox(3, pending_time = 0, job_time = 0)
    close(s); rm(s); invisible(gc())
    where <- dirname(find.package("bcda"))
    unloadNamespace("bcda")
    library(bcda, lib.loc = where)
    s <- bcda_sandbox(3, pending_time = 0, job_time = 0)
    say(nrow(bcda_export(bcda_sandbox_client(s), "Patient", tempfile(), progress = FALSE)$files))'
  expect_identical(said_by(script), c("1", "status 0"))
})

