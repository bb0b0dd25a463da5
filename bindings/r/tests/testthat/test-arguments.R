# Arguments that are wrong in every way: each is refused with the name of what is wrong, and nothing is begun.

NOT_ONE_TEXT <- list(5, TRUE, NA, NA_character_, character(), c("a", "b"), list("a"), raw(1), NULL)
but <- function(values, ...) Filter(function(value) !any(vapply(list(...), identical, NA, value)), values)

test_that("what is not a client is not taken for one", {
  others <- c(NOT_ONE_TEXT, list(shared_sandbox(), shared_result(), new.env(), structure(list(), class = "bcda_client")))
  calls <- list(
    function(x) bcda_export(x, "Patient", place(), progress = FALSE), function(x) bcda_start(x, "Patient", place()),
    function(x) bcda_manifest(x, "Patient", progress = FALSE), function(x) bcda_fetch(x, "{}", place(), progress = FALSE),
    bcda_metadata, bcda_auth, bcda_jobs, bcda_attribution, function(x) bcda_job_status(x, "u"),
    function(x) bcda_cancel_job(x, "u"), close.bcda_client
  )
  for (other in others) for (call in calls) expect_refused(call(other), "bcda_client")
})

test_that("what is not a sandbox, a run or a reader is not taken for one", {
  others <- c(NOT_ONE_TEXT, list(shared_client(), new.env(), structure(list(), class = "bcda_run")))
  for (other in others) {
    for (call in list(bcda_sandbox_client, bcda_sandbox_requests, function(x) bcda_sandbox_control(x, "clock", "1h"))) {
      expect_refused(call(other), "bcda_sandbox")
    }
    for (call in list(bcda_wait, bcda_next_event, bcda_cancel, bcda_done)) expect_refused(call(other), "bcda_run")
    expect_refused(bcda_next(other), "bcda_records")
  }
  closed <- bcda_sandbox(1)
  close(closed)
  expect_status(bcda_sandbox_client(closed), "STATE", "closed")
})

test_that("what is not a result is not taken for one", {
  expect_refused(bcda_records(dirname(shared_result()$files$path[1])), "bcda_result() opens the export")
  for (other in c(but(NOT_ONE_TEXT, NA_character_), list(shared_client(), list(files = 1)))) {
    expect_refused(bcda_records(other), "result")
    expect_refused(bcda_issues(other), "result")
  }
  for (other in NOT_ONE_TEXT) expect_refused(bcda_result(other), "directory")
})

test_that("a directory is one text or a function", {
  for (out in but(NOT_ONE_TEXT, NULL)) {
    expect_refused(bcda_export(shared_client(), "Patient", out, progress = FALSE), "out is a directory")
    expect_refused(bcda_client("https://localhost", out = out, env = FALSE), "out is a directory")
  }
  expect_refused(bcda_export(shared_client(), "Patient", progress = FALSE), "out")
  expect_refused(bcda_export(shared_client(), "Patient", "", progress = FALSE), "out")
  expect_refused(bcda_client("https://localhost", out = function(name, type) NULL, env = FALSE), "out of a client")
})

test_that("places that cannot be used are named", {
  occupied <- place()
  dir.create(occupied)
  writeLines("{}", file.path(occupied, "Patient.ndjson"))
  file <- place()
  writeLines("a file", file)
  for (out in c(occupied, file, file.path(place(), "none", "claims"))) {
    error <- expect_status(bcda_start(shared_client(), "Patient", out), "FILESYSTEM", out)
    expect_identical(error$file, out)
  }
})

test_that("unknown names are told the nearest", {
  expect_refused(bcda_client("https://localhost", clientid = "x", env = FALSE), c("clientid", "did you mean client_id"))
  expect_refused(bcda_sandbox_client(shared_sandbox(), paralel = 4), "did you mean parallel")
  for (call in list(bcda_export, bcda_start, bcda_manifest)) {
    for (value in list("4", 4, TRUE, list(1), function() "4")) {
      expect_refused(call(shared_client(), "Patient", paralel = value), "no setting named paralel; did you mean parallel")
    }
  }
  expect_refused(bcda_fetch(shared_client(), "{}", place(), paralel = 4), "did you mean parallel")
  expect_refused(bcda_decrypt("a", "b", key = "00", private_kei = "x"), "did you mean private_key")
  expect_refused(bcda_sandbox(beneficiary = 1), "beneficiaries")
  expect_refused(bcda_sandbox_control(shared_sandbox(), "clok", "1h"), "clock")
})

test_that("names are not cut, and belong to the function", {
  expect_refused(bcda_start(shared_client(), "Patient", type = "Coverage"), c("no argument type", "did you mean types"))
  expect_refused(bcda_start(shared_client(), type = "Coverage", out = place()), "did you mean types")
  expect_refused(do.call(bcda_client, list(ur = "https://localhost", env = FALSE)), "did you mean url")
  expect_refused(bcda_sandbox(benef = 1), "did you mean beneficiaries")
  expect_refused(bcda_decrypt("a", "b", key = "00", parallel = 3), "parallel is an argument of bcda_client()")
  expect_refused(bcda_manifest(shared_client(), "Patient", out = place()), "out is an argument of bcda_client()")
})

test_that("arguments without a name are refused", {
  expect_refused(bcda_client("https://localhost", "id", "secret"), "by name")
  expect_refused(bcda_export(shared_client(), "Patient", place(), FALSE, TRUE), "by name")
  expect_refused(bcda_sandbox(1, 2), "by name")
  expect_refused(bcda_sandbox_client(shared_sandbox(), 4), "by name")
  expect_refused(bcda_decrypt("a", "b", "00", "{}", "l", NULL, "key.pem"), "by name")
})

test_that("a setting of the client is refused for one export", {
  for (name in c("url", "client_id", "ca_file", "threads")) {
    how <- stats::setNames(list("1"), name)
    expect_refused(do.call(export_of, c(list(shared_client()), how)), paste(name, "is an argument of bcda_client()"))
  }
})

# By setting: values that it does not take, and what the message says that it does.
WRONG <- list(
  list("client_id", 5, "text"), list("client_id", c("a", "b"), "text"), list("client_id", NA_character_, "text"),
  list("client_id", list("x"), "text"), list("client_id", TRUE, "text"), list("private_key", 5, "a path"),
  list("private_key", character(), "a path"), list("restart", 1, "TRUE or FALSE"), list("restart", NA, "TRUE or FALSE"),
  list("restart", c(TRUE, FALSE), "TRUE or FALSE"), list("restart", "maybe", "true or false"),
  list("parallel", TRUE, "a whole number"), list("parallel", 2.5, "a whole number"), list("parallel", NaN, "a whole number"),
  list("parallel", Inf, "a whole number"), list("parallel", "many", "a whole number"), list("parallel", 65, "1 to 64"),
  list("parallel", 1e300, "parallel"), list("parallel", 1:2, "a whole number"), list("retries", -1, "retries"),
  list("poll_interval", TRUE, "seconds, a difftime"), list("poll_interval", list(1), "seconds, a difftime"),
  list("poll_interval", "5 parsecs", "a duration"), list("poll_interval", NaN, "seconds, a difftime"),
  list("poll_interval", -1, "duration"), list("poll_interval", Sys.time(), "seconds, a difftime"),
  list("poll_interval", Sys.Date(), "seconds, a difftime"), list("parallel", Sys.Date(), "a whole number"),
  list("since", as.Date("2026-02-13"), "a time (POSIXct)"), list("since", as.Date("2026-02-13"), "a Date has no time of day"),
  list("until", as.POSIXct(NA), "a time (POSIXct)"), list("until", Sys.time() + 0:1, "a time (POSIXct)"),
  list("since", 1771000000, "a time (POSIXct)"), list("parallel", factor("a"), "a whole number"), list("max_header_bytes", 1.5, "a size"),
  list("max_header_bytes", "64KB", "a size"), list("max_header_bytes", NA_real_, "bytes"), list("durability", "luck", "power"),
  list("durability", 5, "text"), list("types", c("Patient", ""), "an empty item"), list("types", 1, "a character vector"),
  list("types", c("Patient", NA), "a character vector"), list("types", list("Patient"), "a character vector")
)

test_that("wrong values are refused by the name of their setting", {
  for (wrong in WRONG) {
    how <- stats::setNames(wrong[2], wrong[[1]])
    expect_refused(do.call(bcda_sandbox_client, c(list(shared_sandbox()), how)), wrong[c(1, 3)])
  }
})

test_that("no type at all is not taken for every type", {
  for (name in c("types", "type_filters", "elements", "patients", "include_associated_data")) {
    how <- stats::setNames(list(character()), name)
    expect_refused(do.call(bcda_plan, c(list(shared_client()), how)), c(name, "leave it unset for the default"))
  }
  expect_refused(export_of(shared_client(), character()), "types")
  expect_refused(export_of(client_of(shared_sandbox(), types = character()), NULL), "types")
})

test_that("a setting is not taken for another one whose name begins so", {
  client <- client_of(shared_sandbox(), outage_limit = 60)
  expect_refused(bcda_export(client, "Patient", outage_limit = 60, progress = FALSE), "out is missing")
})

test_that("progress is a flag or a function", {
  for (progress in list(NA, 1, "yes", c(TRUE, FALSE), NULL, list())) {
    out <- place()
    live <- handles_in_use()
    requests <- bcda_sandbox_requests(shared_sandbox())
    expect_refused(export_of(shared_client(), out = out, progress = progress), "progress")
    expect_identical(handles_in_use(), live)
    expect_identical(bcda_sandbox_requests(shared_sandbox()), requests)
    expect_false(file.exists(out))
  }
  expect_refused(bcda_decrypt("a", "b", progress = "yes"), "progress")
})

test_that("timeouts are seconds", {
  run <- bcda_start(shared_client(), "Patient", place())
  on.exit(close(run))
  for (timeout in list(NA, NA_real_, "1", TRUE, NULL, c(1, 2))) {
    expect_refused(bcda_wait(run, timeout), "timeout")
    expect_refused(bcda_next_event(run, timeout), "timeout")
  }
  expect_identical(nrow(bcda_wait(run, as.difftime(1, units = "hours"))$files), 2L)
})

test_that("records are asked for with sensible numbers", {
  for (n in list(0, -1, 1.5, NA, Inf, NULL, "5", c(1, 2), 2^31)) {
    expect_refused(bcda_records(shared_result(), "Patient", n = n), "n is a number of records")
  }
  expect_refused(bcda_records(shared_result(), "Patient", handler = 5), "handler")
  for (as in list("frame", "tex", NA, 1, NULL, c("text", "list"))) {
    expect_refused(bcda_records(shared_result(), "Patient", as = as), c("as is", "\"text\""))
  }
})

test_that("what is no manifest is refused", {
  expect_refused(bcda_fetch(shared_client(), "manifest.json", place(), progress = FALSE), "readLines()")
  for (manifest in c(but(NOT_ONE_TEXT, c("a", "b")), list(shared_client()))) {
    expect_refused(bcda_fetch(shared_client(), manifest, place(), progress = FALSE), "manifest")
  }
  for (text in c("", "<html>", "[]", "5", "{\"output\":5}", "{\"output\":[5]}", "{\"output\":[{\"url\":5}]}")) {
    error <- tryCatch(bcda_fetch(shared_client(), text, place(), progress = FALSE), bcda_error = identity)
    expect_s3_class(error, "bcda_error")
    expect_true(error$code %in% c("INVALID_ARGUMENT", "PROTOCOL"), label = paste(text, error$code))
  }
  manifest <- bcda_manifest(shared_client(), "Patient", progress = FALSE)
  for (file in list(5, NA_character_, "", c("a", "b"), TRUE)) {
    expect_refused(bcda_fetch(shared_client(), manifest, place(), file = file, progress = FALSE), "file is the name")
  }
  expect_refused(bcda_fetch(shared_client(), manifest, place(), file = "none.ndjson", progress = FALSE), "none.ndjson")
})

test_that("a decryption's arguments are one text each", {
  for (name in c("path", "output", "label", "key")) {
    for (value in but(NOT_ONE_TEXT, NULL)) {
      how <- stats::setNames(list(value), name)
      error <- expect_refused(do.call(decrypt, c(list(SMALL, place())[if (name == "output") 1 else 1:2], how)), name)
    }
  }
  for (env in list(NA, 1, NULL, "yes")) expect_refused(bcda_decrypt("a", "b", key = "00", env = env), "env")
  for (env in list(NA, 1, NULL, "yes")) expect_refused(bcda_client("https://localhost", env = env), "env")
})

test_that("odd characters are refused or taken as they are", {
  expect_refused(bcda_client("https://local\nhost", env = FALSE), "url")
  expect_refused(bcda_client("https://localhost", user_agent = "a\r\nX-Injected: b", env = FALSE), "user_agent")
  bytes <- "a\xff"
  Encoding(bytes) <- "bytes"
  expect_refused(bcda_client("https://localhost", client_id = bytes, env = FALSE))
  latin1 <- "caf\xe9"
  Encoding(latin1) <- "latin1"
  directory <- place()
  export_of(shared_client(), out = paste0(directory, latin1))
  expect_true(file.exists(paste0(directory, "caf\u00e9")))
})

test_that("wrong options of a sandbox are refused, without a secret", {
  expect_refused(bcda_sandbox(era = "2020"), "oct2019")
  expect_refused(bcda_sandbox(fault = "flop"), "flip")
  expect_refused(bcda_sandbox(tls = "maybe"), "true or false")
  expect_refused(bcda_sandbox(beneficiaries = -1), "beneficiaries")
  for (value in list(NA, list(1), c(TRUE, FALSE), mean)) expect_refused(bcda_sandbox(tls = value), "tls")
  error <- expect_refused(bcda_sandbox(client_secret = paste0(SECRET, "\"")), "client_secret")
  expect_unsaid(SECRET, everything_said(error))
  sandbox <- a_sandbox()
  for (name in list(5, NA_character_, NULL, c("a", "b"))) expect_refused(bcda_sandbox_control(sandbox, name, "1h"))
  for (prefix in list(5, NA_character_, NULL, c("a", "b"))) expect_refused(bcda_sandbox_requests(sandbox, prefix))
})
