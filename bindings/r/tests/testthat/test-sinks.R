# Files that go to functions: what they are given, and what becomes of their failures.

# A sink that keeps what it is given, and fails where it is told to.
keeper <- function(fail = "none", error = simpleError("mine")) {
  kept <- new.env()
  kept$calls <- character()
  kept$files <- list()
  called <- function(what) {
    kept$calls <- c(kept$calls, what)
    if (what == fail) stop(error)
  }
  kept$sink <- function(name, type) {
    called("begin")
    number <- length(kept$files) + 1
    kept$files[[number]] <- list(name = name, type = type, data = raw(), state = "begun")
    list(
      write = function(data) {
        called("write")
        kept$files[[number]]$data <- c(kept$files[[number]]$data, data)
      },
      commit = function(size, sha256) {
        called("commit")
        kept$files[[number]][c("state", "size", "sha256")] <- list("committed", size, sha256)
      },
      abort = function() {
        called("abort")
        kept$files[[number]]$state <- "aborted"
      }
    )
  }
  kept
}

states <- function(kept) vapply(kept$files, function(file) file$state, "")

test_that("a sink gets every file whole, and commits it verified", {
  kept <- keeper()
  result <- export_of(shared_client(), c("Patient", "Coverage"), kept$sink)
  expect_true(result$to_sink)
  expect_identical(states(kept), rep("committed", 4))
  for (file in kept$files) {
    at <- match(file$sha256, result$files$sha256)
    expect_identical(result$files$type[at], file$type)
    expect_identical(result$files$path[at], file$name)
    expect_identical(result$files$bytes[at], file$size)
    expect_identical(as.numeric(length(file$data)), file$size)
    copy <- written(file$data)
    expect_identical(as.numeric(count_of(copy)), result$files$records[at])
  }
  expect_setequal(unique(kept$calls), c("begin", "write", "commit"))
  expect_status(bcda_records(result, "Patient", identity), "STATE", "functions of yours")
  expect_match(capture.output(print(result))[1], "4 files")
})

test_that("one file may go to a sink, and error files do, too", {
  manifest <- bcda_manifest(shared_client(), "Patient", progress = FALSE)
  kept <- keeper()
  result <- bcda_fetch(shared_client(), manifest, kept$sink, file = manifest$files$name[2], progress = FALSE)
  expect_identical(states(kept), "committed")
  expect_match(kept$files[[1]]$name, manifest$files$name[2], fixed = TRUE)
  kept <- keeper()
  expect_warning(
    result <- export_of(client_of(a_sandbox(20, error_rate = 0.3, era = "oct2019")), out = kept$sink), class = "bcda_warning_partial"
  )
  expect_identical(sort(vapply(kept$files, function(file) file$type, "")), c("OperationOutcome", "Patient"))
  expect_match(bcda_issues(result)$text[1], "Error retrieving Patient") # read while the file passed
})

test_that("an error in a sink is the cause, and its file is aborted", {
  for (step in c("begin", "write", "commit")) {
    own <- structure(class = c("own", "error", "condition"), list(message = "the disk is full", call = NULL))
    kept <- keeper(step, own)
    error <- expect_status(export_of(client_of(a_sandbox()), out = kept$sink), "SINK", "caused by: the disk is full")
    expect_identical(error$cause, own)
    expect_identical(nrow(error$result$files), 0L)
    expect_identical(states(kept), if (step == "begin") character() else "aborted", label = step)
    expect_identical(sum(kept$calls == "abort"), as.integer(step != "begin"))
  }
})

test_that("an error in abort is a message, and does not hide why", {
  old <- options(warn = 2)
  on.exit(options(old))
  own <- simpleError("mine")
  kept <- keeper("abort", own)
  expect_message(
    error <- expect_status(export_of(client_of(a_sandbox(fault = "flip")), out = kept$sink), "DECRYPTION"),
    class = "bcda_message_abort"
  )
  expect_null(error$cause)
  expect_identical(sum(kept$calls == "abort"), 1L)

  # The same for one that is aborted because its run is closed, and for the others then.
  kept <- keeper("abort", own)
  run <- run_at("downloading", client_of(a_sandbox(20, beneficiaries_per_file = 10, fault = "stall:at=50%")), kept$sink)
  while (sum(kept$calls == "begin") < 2) bcda_next_event(run, 0.05)
  messages <- list()
  withCallingHandlers(close(run), message = function(m) {
    messages[[length(messages) + 1]] <<- m
    invokeRestart("muffleMessage")
  })
  expect_length(messages, 2)
  for (message in messages) {
    expect_match(conditionMessage(message), "abort failed: mine")
    expect_identical(message$cause, own)
  }
})

test_that("what was altered is aborted, what was not is committed", {
  kept <- keeper()
  client <- client_of(a_sandbox(beneficiaries_per_file = 5, fault = "flip:count=1"))
  error <- expect_status(export_of(client, out = kept$sink), "DECRYPTION", "GCM tag")
  expect_setequal(states(kept), c("aborted", "committed"))
  expect_null(error$cause)
  expect_true(error$result$to_sink)
  expect_identical(error$result$files$path, Filter(function(file) file$state == "committed", kept$files)[[1]]$name)
})

test_that("a function that makes no sink fails the export", {
  for (sink in list(NULL, list(), list(write = identity), list(write = 1, commit = 2, abort = 3), identity, "x")) {
    error <- expect_status(export_of(client_of(a_sandbox()), out = function(name, type) sink), "SINK", "has to return list(write")
    expect_s3_class(error$cause, "bcda_error_invalid_argument")
  }
  error <- expect_status(export_of(client_of(a_sandbox()), out = function() NULL), "SINK")
  expect_s3_class(error$cause, "error")
  sink <- list(write = function() NULL, commit = function(size, sha256) NULL, abort = function() NULL)
  error <- expect_status(export_of(client_of(a_sandbox()), out = function(name, type) sink), "SINK")
  expect_match(conditionMessage(error$cause), "unused argument")
})

test_that("what is neither committed nor aborted when a run ends otherwise is aborted", {
  ends <- list(
    cancel = function(run) expect_status({
      bcda_cancel(run)
      bcda_wait(run)
    }, "CANCELED"),
    close = close
  )
  for (end in names(ends)) {
    kept <- keeper()
    run <- run_at("downloading", client_of(a_sandbox(fault = "stall:at=50%")), kept$sink)
    while (!"begin" %in% kept$calls) bcda_next_event(run, 0.05)
    ends[[end]](run)
    close(run)
    expect_identical(states(kept), "aborted", label = end)
    expect_identical(sum(kept$calls == "abort"), 1L, label = end)
  }
})

test_that("an error in progress aborts what was begun", {
  kept <- keeper("commit", simpleError("refused"))
  tell <- function(event) if (event$kind == "progress" && "begin" %in% kept$calls) stop("mine")
  client <- client_of(a_sandbox(bytes_per_type = "8MiB", files_per_type = 1, fault = "stall:at=90%"))
  expect_error(export_of(client, out = kept$sink, progress = tell), "mine")
  expect_identical(states(kept), "aborted")
})

test_that("a run that is collected has its files aborted by the next one", {
  kept <- keeper()
  local({
    run <- run_at("downloading", client_of(a_sandbox(fault = "stall:at=50%")), kept$sink)
    while (!"begin" %in% kept$calls) bcda_next_event(run, 0.05)
  })
  gc()
  expect_identical(states(kept), "begun") # finalizers run none of the user's functions
  export_of(shared_client(), out = keeper()$sink)
  expect_identical(states(kept), "aborted")
})

test_that("a sink may use the package, even wait for another export", {
  inner <- NULL
  kept <- keeper()
  sink <- function(name, type) {
    if (is.null(inner)) inner <<- export_of(shared_client(), "Coverage", keeper()$sink)
    kept$sink(name, type)
  }
  result <- export_of(client_of(a_sandbox()), out = sink)
  expect_identical(states(kept), "committed")
  expect_identical(nrow(inner$files), 2L)
})

test_that("a sink that waits for its own run, or closes it, ends with a clear error", {
  calls <- list(
    wait = function(run) bcda_wait(run), `next` = function(run) bcda_next_event(run), close = function(run) close(run)
  )
  for (name in names(calls)) {
    run <- NULL
    kept <- keeper()
    sink <- function(type, name) {
      file <- kept$sink(type, name)
      write <- file$write
      file$write <- function(data) {
        calls[[name]](run)
        write(data)
      }
      file
    }
    run <- bcda_start(client_of(a_sandbox()), "Patient", sink)
    error <- tryCatch(bcda_wait(run), error = identity)
    expect_s3_class(error, "bcda_error")
    expect_false("commit" %in% kept$calls, label = name)
    close(run)
    expect_false("begun" %in% states(kept), label = name)
  }
})

test_that("leaving a wait from a sink leaves the run as it was", {
  kept <- keeper()
  jumped <- withRestarts(
    export_of(client_of(a_sandbox()), out = function(name, type) {
      file <- kept$sink(name, type)
      file$write <- function(data) invokeRestart("away")
      file
    }),
    away = function() "away"
  )
  expect_identical(jumped, "away")
  expect_identical(states(kept), "aborted")
})

test_that("the collector may run in every callback", {
  kept <- keeper()
  result <- export_of(client_of(a_sandbox()), out = function(name, type) {
    gc()
    lapply(kept$sink(name, type), function(f) {
      force(f)
      function(...) {
        gc()
        f(...)
      }
    })
  }, progress = function(event) gc())
  expect_identical(states(kept), "committed")
})
