# An R that ends in the middle of something: with its own status, and without a word.

ENDS <- c(
  quit = "quit(status = 42)", `kept by a global` = "keep <- list(run, run$client, run$client$keeps); quit(status = 42)",
  dropped = "rm(run); quit(status = 42)", `no finalizers` = "quit(status = 42, runLast = FALSE)",
  `in a finalizer` = "
    invisible(reg.finalizer(globalenv(), function(e) try(bcda_next_event(run, 0), silent = TRUE), onexit = TRUE))
    quit(status = 42)",
  `in a callback` = "
    run <- bcda_start(run$client, \"Coverage\", tempfile())
    bcda_wait(run, progress = function(event) quit(status = 42))"
)

test_that("a session ends with an export in flight, at each stage and however it ends", {
  stages <- lapply(c(STAGES, "finished"), function(stage) c(sprintf("run <- run_to(\"%s\")", stage), ENDS[["quit"]]))
  ends <- lapply(ENDS, function(end) c("run <- run_to(\"downloading\")", end))
  scripts <- lapply(c(stages, ends), function(script) c("out <- tempfile(tmpdir = out)", script))
  out <- place()
  dir.create(out)
  said <- said_by_all(scripts, out)
  for (n in seq_along(said)) expect_identical(said[[n]], "status 42", label = scripts[[n]][3])
  claims <- grep("Patient", left_in(out), value = TRUE) # of the one that had finished
  expect_length(claims, 1)
})

test_that("a script that falls off its end with all in flight ends well", {
  scripts <- c(
    "run <- run_to(\"waiting\", to = tempfile()); client <- run$client", "sandbox <- bcda_sandbox(5)",
    "run <- bcda_start(client_at(\"finished\"), \"Patient\", tempfile())"
  )
  for (said in said_by_all(scripts)) expect_identical(said, "status 0")
})

test_that("an error ends a script with an export in flight as any error does", {
  said <- said_by('run <- run_to("downloading"); stop("mine")', place())
  expect_match(said[1], "mine")
  expect_identical(said[length(said)], "status 1")
})

test_that("a session ends in a sink", {
  script <- '
    at <- function(here) if (here == "%s") quit(status = 42)
    client <- client_at("finished")
    if ("%s" == "abort") bcda_sandbox_control(client$keeps, "fault", "flip")
    bcda_export(client, "Patient", function(name, type) {
      at("begin")
      list(write = function(data) at("write"), commit = function(size, sha256) at("commit"), abort = function() at("abort"))
    }, progress = FALSE)'
  steps <- c("begin", "write", "commit", "abort")
  for (said in said_by_all(sprintf(script, steps, steps))) expect_identical(said, "status 42")
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


test_that("all works in the C locale, which is cron's", {
  script <- '
    say(l10n_info()[["UTF-8"]])
    client <- client_at("finished")
    name <- "\\u00e9 \\U1F600"
    out <- file.path(out, name)
    result <- bcda_export(client, "Patient", out, progress = FALSE)
    say(length(bcda_next(bcda_records(result))), " ", length(bcda_next(bcda_records(bcda_result(out)))))
    say(startsWith(result$files$path, paste0(out, "/")))
    text <- tempfile()
    writeBin(charToRaw("{\\"t\\":\\"\\u00e9\\U1F600\\"}\\n"), text)
    say(bcda_next(bcda_records(text))[[1]]$t == "\\u00e9\\U1F600")
    error <- tryCatch(bcda_export(client, "Patient", out, progress = FALSE), bcda_error = identity)
    say(class(error)[1], " ", error$file == out)'
  out <- place()
  dir.create(out)
  old <- Sys.getenv("LC_ALL", NA)
  on.exit(if (is.na(old)) Sys.unsetenv("LC_ALL") else Sys.setenv(LC_ALL = old))
  Sys.setenv(LC_ALL = "C")
  said <- said_by(script, out)
  expect_identical(said, c("FALSE", "10 10", "TRUE", "TRUE", "bcda_error_filesystem TRUE", "status 0"))
  expect_identical(list.files(out), "\u00e9 \U1F600")
})
