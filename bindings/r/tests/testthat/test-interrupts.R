# Ctrl-C at each stage, in an R of its own: what waits ends, nothing is left, and the session goes on to work.

skip_if(Sys.which("kill") == "" || .Platform$OS.type != "unix", "needs signals")

interrupt <- function(pid) tools::pskill(pid, tools::SIGINT)

# What ends in an interrupt: says so, and how long it took the signal to come through; and that the session works.
THEN <- '
finally <- function() {
  sandbox <- bcda_sandbox(10, pending_time = 0, job_time = 0)
  client <- do.call(bcda_sandbox_client, c(list(sandbox), settings))
  result <- bcda_export(client, "Patient", tempfile(), progress = FALSE)
  say("works ", length(bcda_next(bcda_records(result))))
}
interrupted <- function(call) {
  tryCatch({ call; say("not interrupted") }, interrupt = function(i) say("interrupted"))
  finally()
}
'

# Each of the scripts, which run at the same time.
expect_interrupted <- function(scripts) {
  frame <- environment()
  outs <- replicate(length(scripts), place())
  children <- Map(function(script, out) child(c(THEN, script), out, frame = frame), scripts, outs)
  for (n in seq_along(children)) {
    interrupt(when_ready(children[[n]]))
    expect_identical(rest_of(children[[n]]), c("interrupted", "works 10", "status 0"), label = scripts[n])
    expect_no_claims(outs[n])
  }
}

test_that("an export is interrupted at each stage", {
  expect_interrupted(sprintf('
    client <- client_at("%s")
    interrupted(bcda_export(client, "Patient", out, progress = function(event) {
      if (event$kind == "state" && event$text == "%s") ready()
    }))', STAGES, STAGES))
})

test_that("every wait is interrupted", {
  waits <- c("bcda_wait(run)", "while (TRUE) bcda_next_event(run)", "bcda_wait(run, 3600)", "bcda_next_event(run, 3600)")
  expect_interrupted(sprintf('
    run <- run_to("authenticating")
    while (!is.null(bcda_next_event(run, 0.1))) NULL
    interrupted({
      ready()
      %s
    })', waits))
})

test_that("the other calls are interrupted, too", {
  expect_interrupted(c('
    client <- client_at("waiting")
    interrupted(bcda_manifest(client, "Patient", progress = function(event) if (identical(event$text, "waiting")) ready()))', '
    client <- client_at("finished")
    manifest <- bcda_manifest(client, "Patient", progress = FALSE)
    bcda_sandbox_control(client$keeps, "fault", "stall:at=1")
    interrupted(bcda_fetch(client, manifest, out, progress = function(event) if (identical(event$text, "downloading")) ready()))', '
    client <- client_at("finished")
    bcda_sandbox_control(client$keeps, "fault", "delay=1h:on=GET /api/v1/metadata")
    interrupted({
      ready()
      bcda_metadata(client)
    })'))
})

test_that("a wait that was interrupted leaves its run, which can be waited for again", {
  child <- child('
    sandbox <- bcda_sandbox(10, pending_time = 0, job_time = "1h")
    run <- run_to("waiting", do.call(bcda_sandbox_client, c(list(sandbox), settings)))
    tryCatch({ ready(); bcda_wait(run) }, interrupt = function(i) say("interrupted"))
    say(bcda_done(run))
    bcda_sandbox_control(sandbox, "clock", "2h")
    say(sum(bcda_wait(run, progress = FALSE)$files$records))', place())
  interrupt(when_ready(child))
  expect_identical(rest_of(child), c("interrupted", "FALSE", "10", "status 0"))
})

test_that("a decryption is interrupted, and leaves nothing", {
  pipe <- endless()
  out <- place("plain.ndjson")
  child <- child(c(THEN, '
    told <- FALSE
    interrupted(bcda_decrypt(arguments[2], out, key = arguments[3], label = arguments[4], private_key = arguments[5],
      progress = function(done, total) if (!told) { told <<- TRUE; ready() }))'),
    out, pipe, SMALL$encryptedKey, SMALL$filename, key_file(SMALL)
  )
  interrupt(when_ready(child))
  expect_identical(rest_of(child), c("interrupted", "works 10", "status 0"))
  expect_identical(left_in(dirname(out)), character())
})

test_that("reading is interrupted", {
  child <- child(c(THEN, '
    file <- tempfile()
    writeLines(rep("{}", 1e5), file)
    told <- FALSE
    interrupted(repeat bcda_records(file, handler = function(chunk) if (!told) { told <<- TRUE; ready() }, as = "text", n = 10))
  '))
  interrupt(when_ready(child))
  expect_identical(rest_of(child), c("interrupted", "works 10", "status 0"))
})

test_that("an export to a sink is interrupted, and its file is aborted", {
  for (where in c("between", "write")) {
    child <- child(c(THEN, '
      where <- arguments[2]
      client <- client_at("finished")
      bcda_sandbox_control(client$keeps, "fault", "stall:at=90%")
      told <- FALSE
      tell <- function() if (!told) { told <<- TRUE; ready() }
      sink <- function(name, type) list(
        write = function(data) { if (where == "write") { tell(); repeat NULL } else tell() },
        commit = function(size, sha256) say("committed"), abort = function() say("aborted")
      )
      interrupted(bcda_export(client, "Patient", sink, progress = FALSE))'), "", where)
    interrupt(when_ready(child))
    expect_identical(rest_of(child), c("aborted", "interrupted", "works 10", "status 0"), label = where)
  }
})

test_that("an interrupt in a sink is its refusal, and its run comes to an end", {
  child <- child('
    told <- FALSE
    sink <- function(name, type) list(
      write = function(data) if (!told) { told <<- TRUE; ready(); repeat NULL },
      commit = function(size, sha256) NULL, abort = function() say("aborted")
    )
    run <- bcda_start(client_at("finished"), "Patient", sink)
    tryCatch(bcda_wait(run), interrupt = function(i) say("interrupted"))
    error <- tryCatch(bcda_wait(run), bcda_error = identity)
    say(error$code, ": ", conditionMessage(error$cause))')
  interrupt(when_ready(child))
  expect_identical(rest_of(child), c("interrupted", "aborted", "SINK: interrupted", "status 0"))
})

test_that("an interrupt without a handler ends a script, with nothing left", {
  out <- place()
  child <- child('
    client <- client_at("downloading")
    bcda_export(client, "Patient", out, progress = function(event) if (identical(event$text, "downloading")) ready())
    say("not reached")', out)
  interrupt(when_ready(child))
  said <- rest_of(child)
  expect_false("not reached" %in% said)
  expect_match(said[length(said)], "^status [1-9]")
  expect_no_claims(out)
})

test_that("a table that is read is interrupted, and lets go of its handles", {
  # So many batches of one record that they take much longer than the signal.
  records <- tempfile(fileext = ".ndjson")
  writeLines(rep('{"resourceType":"Patient","id":"1"}', 1e6), records)
  reads <- c(
    "bcda_table(out, view = view, batch_rows = 1)",
    "bcda_table_chunks(out, view = view, batch_rows = 1, handler = identity)",
    "bcda_table_save(out, path = saved, view = view, batch_rows = 1)"
  )
  frame <- environment()
  children <- lapply(reads, function(read) {
    child(c(THEN, sprintf('
      view <- \'{"resource":"Patient","select":[{"column":[{"name":"id","path":"id"}]}]}\'
      saved <- file.path(tempfile(), "saved.csv")
      dir.create(dirname(saved))
      tryCatch(
        {
          ready()
          %s
        },
        interrupt = function(i) say("interrupted")
      )
      invisible(gc())
      invisible(gc())
      say("handles ", bcda:::native_live_handles(), ", files ", length(list.files(dirname(saved), all.files = TRUE, no.. = TRUE)))
      finally()', read)), records, frame = frame)
  })
  for (n in seq_along(children)) {
    interrupt(when_ready(children[[n]]))
    expect_identical(rest_of(children[[n]]), c("interrupted", "handles 0, files 0", "works 10", "status 0"), label = reads[n])
  }
})
