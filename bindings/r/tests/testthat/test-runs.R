# Runs in the background: waiting, events, canceling, ending.

test_that("a run is waited for, again and again", {
  run <- bcda_start(shared_client(), "Patient", place())
  expect_s3_class(run, "bcda_run")
  result <- bcda_wait(run)
  expect_identical(sum(result$files$records), 20)
  expect_identical(result$types, "Patient")
  expect_identical(run$kind, "export")
  expect_true(bcda_done(run))
  expect_identical(bcda_wait(run), result)
  expect_identical(bcda_wait(run, 0), result)
  expect_identical(capture.output(expect_invisible(print(run))), "<bcda_run: export, succeeded>")
  close(run)
  expect_identical(bcda_wait(run), result)
})

test_that("a wait ends when its time is over, and the run goes on", {
  sandbox <- a_sandbox(job_time = "1h")
  run <- bcda_start(client_of(sandbox), "Patient", place())
  for (timeout in c(0, 0.01, 0.12, -1)) expect_null(bcda_wait(run, timeout))
  expect_false(bcda_done(run))
  expect_identical(capture.output(print(run)), "<bcda_run: export, started>")
  bcda_sandbox_control(sandbox, "job_time", 0)
  close(run)
})

test_that("a run that failed says so each time, and as it did", {
  run <- bcda_start(client_of(a_sandbox(fault = "job-fails")), "Patient", place())
  error <- expect_status(bcda_wait(run), "JOB_FAILED")
  expect_identical(expect_status(bcda_wait(run), "JOB_FAILED"), error)
  expect_true(bcda_done(run))
  expect_identical(capture.output(print(run)), "<bcda_run: export, failed: JOB_FAILED>")
})

FIELDS <- c(
  kind = "character", text = "character", type = "character", file = "character", url = "character", status = "character",
  percent = "double", bytes_done = "double", bytes_total = "double", files_done = "double", files_total = "double",
  wait = "double", json = "character"
)

test_that("events come in order, to progress and to who asks", {
  told <- list()
  export_of(shared_client(), progress = function(event) told[[length(told) + 1]] <<- event)
  run <- bcda_start(shared_client(), "Patient", place())
  asked <- list()
  while (!is.null(event <- bcda_next_event(run))) asked[[length(asked) + 1]] <- event
  expect_true(bcda_done(run))
  expect_null(bcda_next_event(run))
  for (events in list(told, asked)) {
    for (event in events) {
      expect_identical(vapply(event, typeof, ""), FIELDS)
      expect_identical(lengths(event, use.names = FALSE), rep(1L, length(FIELDS)))
      expect_identical(jsonlite::validate(event$json)[1], TRUE)
    }
    of <- function(kind) Filter(function(event) event$kind == kind, events)
    expect_identical(vapply(of("state"), function(event) event$text, ""),
      c("authenticating", "kick-off", "waiting", "downloading", "finished"))
    expect_length(of("job"), 1)
    expect_length(of("file"), 2)
    expect_identical(vapply(of("file"), function(event) event$status, ""), c("OK", "OK"))
    expect_true(all(file.exists(vapply(of("file"), function(event) event$file, ""))))
    expect_identical(events[[length(events)]]$kind, "finished")
    progress <- of("progress")
    expect_identical(progress[[length(progress)]]$files_done, 2)
  }
})

test_that("numbers of events beyond 2^32 are as they are", {
  sandbox <- a_sandbox(bytes_per_type = 5e9, files_per_type = 1, fault = "stall:at=1")
  run <- bcda_start(client_of(sandbox), "Patient", place())
  on.exit(close(run))
  repeat {
    event <- bcda_next_event(run)
    if (is.null(event) || event$kind == "progress" && isTRUE(event$bytes_total > 0)) break
  }
  expect_gt(event$bytes_total, 5e9 - 1) # in whole records, with nonce and tag
  expect_lt(event$bytes_total, 5e9 + 10000)
  expect_match(event$json, sprintf("\"bytes_total\":%.0f[,}]", event$bytes_total))
})

test_that("an error in progress comes out as it is, and cancels", {
  own <- structure(class = c("own", "error", "condition"), list(message = "mine", call = NULL))
  live <- handles_in_use()
  for (stage in STAGES) {
    sandbox <- at_stage(stage)
    client <- client_of(sandbox)
    out <- place()
    tell <- function(event) if (event$kind == "state" && event$text == stage) stop(own)
    expect_identical(tryCatch(export_of(client, out = out, progress = tell), error = identity), own)
    expect_no_claims(out)
    close(client)
    close(sandbox)
  }
  expect_identical(handles_in_use(), live)
})

test_that("canceling ends a run at each stage, leaving nothing of the unverified", {
  for (stage in STAGES) {
    out <- place()
    run <- run_at(stage, client_of(at_stage(stage)), out)
    expect_invisible(bcda_cancel(run))
    error <- expect_status(bcda_wait(run), "CANCELED")
    expect_identical(nrow(error$result$files), 0L)
    expect_no_claims(out)
    close(run)
  }
})

test_that("closing ends a run at each stage", {
  for (stage in STAGES) {
    out <- place()
    run <- run_at(stage, client_of(at_stage(stage)), out)
    close(run)
    close(run)
    expect_no_claims(out)
    for (call in list(bcda_wait, bcda_next_event, bcda_cancel, bcda_done)) expect_status(call(run), "STATE", "closed")
  }
})

test_that("canceling what is done changes nothing", {
  run <- bcda_start(shared_client(), "Patient", place())
  result <- bcda_wait(run)
  bcda_cancel(run)
  expect_identical(bcda_wait(run), result)
})

test_that("a run goes on without its client and without its sandbox's variable", {
  run <- local({
    sandbox <- bcda_sandbox(10, pending_time = 0, job_time = 0.1)
    client <- client_of(sandbox)
    run <- bcda_start(client, "Patient", place())
    close(client)
    run
  })
  gc()
  expect_identical(sum(bcda_wait(run)$files$records), 10)
})

test_that("many runs at once are waited for in any order", {
  clients <- lapply(1:6, function(n) client_of(shared_sandbox()))
  runs <- lapply(rep(clients, 3), function(client) bcda_start(client, "Patient", place()))
  results <- lapply(sample(runs), bcda_wait)
  expect_true(all(vapply(results, function(result) sum(result$files$records) == 20, NA)))
  lapply(runs, close)
  lapply(clients, close)
})

test_that("progress may be a bar, which says what happens", {
  lines <- function(stage) {
    events <- list(
      state = list(kind = "state", text = "waiting"), poll = list(kind = "poll", percent = 40),
      retry = list(kind = "retry", wait = 2.34),
      progress = list(kind = "progress", bytes_done = 1024, bytes_total = 4096, files_done = 1, files_total = 3)
    )
    bar_state(events[[stage]])
  }
  expect_identical(lines("state")$text, "waiting for the service")
  expect_identical(lines("poll")$percent, 40)
  expect_match(lines("retry")$text, "2.3 s")
  expect_identical(lines("progress")$percent, 25)
  expect_match(lines("progress")$text, "file 1 of 3, 1 KiB")
  expect_null(bar_state(list(kind = "warning", text = "x")))
  old <- options(cli.progress_show_after = 0, cli.dynamic = FALSE)
  on.exit(options(old))
  bars <- cli::cli_progress_num()
  expect_no_error(suppressMessages(capture.output(result <- export_of(shared_client(), progress = TRUE), type = "message")))
  expect_identical(cli::cli_progress_num(), bars)
  expect_identical(nrow(result$files), 2L)
})
