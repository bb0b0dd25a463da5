# What goes wrong, and how it is told: the class, the message, the fields; and that no secret is ever in them.

FAILURES <- bcda_status()[!bcda_status()$code %in% c("OK", "AGAIN", "END"), ]

test_that("every failure has a class of its own, whatever else has none", {
  expect_gt(nrow(FAILURES), 15)
  expect_identical(FAILURES$class, paste0("bcda_error_", tolower(FAILURES$code)))
  expect_identical(bcda_status()$class[!bcda_status()$code %in% FAILURES$code], rep(NA_character_, 3))
  expect_identical(anyDuplicated(FAILURES$class), 0L)
})

test_that("an error of each class is caught as itself and as its parents", {
  for (code in FAILURES$code) {
    error <- bcda_error(code, "message", http_status = 503L, outcome = "of J. Doe", file = "f", retriable = TRUE, retry_after = 1.5)
    for (class in c(paste0("bcda_error_", tolower(code)), "bcda_error", "error", "condition")) {
      caught <- do.call(tryCatch, stats::setNames(list(quote(stop(error)), identity), c("expr", class)))
      expect_identical(caught, error)
    }
    expect_identical(conditionMessage(error), "message")
    expect_null(conditionCall(error))
    expect_unsaid("Doe", capture.output(print(error)))
    expect_unsaid("Doe", c(conditionMessage(error), format(error$message)))
  }
})

test_that("all fields come from the library", {
  failure <- list(
    status = "REFUSED", message = "m", http_status = 503L, outcome = "o", file = "f", retriable = TRUE, retry_after = 90
  )
  error <- tryCatch(checked(structure(failure, class = "bcda_failure")), error = identity)
  expect_s3_class(error, "bcda_error_refused")
  expect_identical(unclass(error)[c("code", names(failure)[-1])], c(list(code = "REFUSED"), failure[-1]))
})

test_that("fields that have nothing to say are NA", {
  error <- expect_status(bcda_client("https://localhost:1", client_secret_file = "/no/such", env = FALSE), "FILESYSTEM")
  expect_identical(names(error), c(
    "message", "call", "code", "http_status", "outcome", "file", "retriable", "retry_after", "result", "cause"
  ))
  expect_identical(error$code, "FILESYSTEM")
  expect_identical(error$http_status, NA_integer_)
  expect_identical(error$outcome, "")
  expect_identical(error$file, "/no/such")
  expect_identical(error$retriable, FALSE)
  expect_identical(error$retry_after, NA_real_)
  expect_null(error$result)
  expect_null(error$cause)
  error <- expect_refused(bcda_client("nowhere", env = FALSE), "url")
  expect_identical(error$file, NA_character_)
})

# ---- What the service does wrong ----

# A sandbox with two files has these faults. What comes of it, and how many files were verified.
FAULTS <- list(
  flip = list("flip", "DECRYPTION", "2 of 2 files failed"),
  `flip once` = list("flip:count=1", "DECRYPTION", "GCM tag", files = 1),
  `wrong key` = list("wrong-key:file=0", "DECRYPTION", "GCM tag", files = 1),
  `wrong label` = list("wrong-label:file=1", "DECRYPTION", "renamed", files = 1),
  `keys differ` = list("keys-differ", "PROTOCOL", "two different keys", http_status = 200L),
  `no key` = list(c("no-key", "no-keymap"), "VERIFICATION", "allow_plaintext"),
  plaintext = list("plaintext:count=1", "DECRYPTION", "plain NDJSON", files = 1),
  truncate = list("truncate", "NETWORK", "bytes missing", retriable = TRUE),
  reset = list("reset", "NETWORK", "reading from", retriable = TRUE),
  stall = list("stall", "TIMEOUT", "in time", retriable = TRUE, settings = list(idle_timeout = 0.1)),
  `other origin` = list("other-origin=https://elsewhere.example", "PROTOCOL", "allowed_origins"),
  html = list("html", "PROTOCOL", "web page", http_status = 200L),
  `not json` = list("not-json", "PROTOCOL", "JSON", http_status = 200L),
  `no location` = list("no-location", "PROTOCOL", "Content-Location"),
  `huge header` = list("huge-header", "LIMIT", "max_header_bytes"),
  `job fails` = list("job-fails", "JOB_FAILED", "failed on the service", http_status = 500L),
  `job expires` = list("job-expires", "JOB_GONE", "expired", http_status = 410L),
  `job hangs` = list("job-hangs", "TIMEOUT", c("100ms", "job_timeout"), settings = list(job_timeout = 0.1)),
  timeout = list("job-hangs", "TIMEOUT", "timeout (100ms)", settings = list(timeout = 0.1)),
  forbidden = list("status=403:on=GET /api/v1/Patient", "REFUSED", "403", http_status = 403L),
  busy = list("status=503:retry_after=0:on=GET /data", "REFUSED", "503", http_status = 503L, retriable = TRUE, retry_after = 0),
  `token refused` = list("status=401:on=POST /auth/token", "AUTHENTICATION", "client_secret", http_status = 401L),
  redirect = list("status=302:on=GET /api/v1/Patient", "REFUSED", "redirect", http_status = 302L),
  traversal = list("traversal", "DECRYPTION", "..%2f")
)

test_that("what the service does wrong is an error of its class, and leaves what was verified", {
  for (name in names(FAULTS)) {
    fault <- FAULTS[[name]]
    sandbox <- a_sandbox(beneficiaries_per_file = 5, fault = fault[[1]])
    client <- do.call(client_of, c(list(sandbox, retries = 1, outage_limit = 0), fault$settings))
    out <- place()
    error <- expect_status(export_of(client, out = out), fault[[2]], fault[[3]])
    expect_identical(error$http_status, fault$http_status %||% NA_integer_, label = name)
    expect_identical(error$retriable, fault$retriable %||% FALSE, label = name)
    expect_identical(error$retry_after, fault$retry_after %||% NA_real_, label = name)
    expect_null(error$cause)
    expect_s3_class(error$result, "bcda_result")
    expect_identical(nrow(error$result$files), as.integer(fault$files %||% 0), label = name)
    expect_setequal(claims_in(out), basename(error$result$files$path))
    expect_identical(sum(error$result$files$records), 5 * (fault$files %||% 0))
    if (nrow(error$result$files)) expect_identical(count_of(error$result), 5L)
    expect_false(file.exists(file.path(out, "export.json")))
  }
})

test_that("the file concerned is named", {
  client <- client_of(a_sandbox(fault = "flip"))
  manifest <- bcda_manifest(client, "Patient", progress = FALSE)
  error <- expect_status(bcda_fetch(client, manifest, place(), progress = FALSE), "DECRYPTION", manifest$files$name)
  expect_identical(error$file, manifest$files$name)
  said <- capture.output(expect_invisible(print(error)))
  expect_match(said, "bcda_error_decryption", all = FALSE)
  expect_match(said, manifest$files$name, all = FALSE)
})

test_that("when to try again is in seconds", {
  client <- client_of(a_sandbox(fault = "status=503:retry_after=90:on=GET /api/v1/metadata"), retries = 0)
  error <- expect_status(bcda_metadata(client), "REFUSED", "503")
  expect_identical(error$retry_after, 90)
  expect_true(error$retriable)
  expect_match(capture.output(print(error)), "after 90 s", all = FALSE)
})

test_that("refused credentials", {
  client <- client_of(shared_sandbox(), client_secret = SECRET)
  error <- expect_status(export_of(client), "AUTHENTICATION", "client_secret")
  expect_identical(error$http_status, 401L)
  expect_status(bcda_manifest(client, "Patient", progress = FALSE), "AUTHENTICATION")
  expect_unsaid(SECRET, everything_said(error))
})

test_that("the private key of someone else", {
  client <- client_of(shared_sandbox(), private_key = vector_path("keys/rsa2048-other.pkcs1.pem"))
  expect_status(export_of(client), "DECRYPTION", "private key is not the registered one")
})

test_that("nobody listens", {
  sandbox <- a_sandbox()
  client <- client_of(sandbox, retries = 0)
  close(sandbox)
  error <- expect_status(export_of(client), "NETWORK", "localhost")
  expect_true(error$retriable)
})

test_that("the certificate of someone else", {
  error <- expect_status(export_of(client_of(shared_sandbox(), ca_file = a_sandbox()$ca_file)), "TLS", "ca_file")
  expect_false(error$retriable)
})

test_that("the service's words stay in their field", {
  sandbox <- a_sandbox(fault = "revoke:on=GET /api/v1/Patient")
  told <- list()
  error <- expect_status(
    export_of(client_of(sandbox), progress = function(event) told[[length(told) + 1]] <<- event), "AUTHENTICATION"
  )
  expect_identical(error$outcome, "Invalid Token")
  shown <- c(conditionMessage(error), capture.output(print(error)), unlist(lapply(told, function(event) c(event$text, event$json))))
  expect_gt(length(shown), 5)
  expect_unsaid("Invalid Token", shown)
})

test_that("an error is caught by tryCatch and try alike, and its message is the last word", {
  failing <- function() bcda_client("nowhere", env = FALSE)
  expect_identical(tryCatch(failing(), bcda_error_network = function(e) 1, bcda_error_invalid_argument = function(e) 2), 2)
  expect_identical(tryCatch(failing(), error = function(e) 3), 3)
  said <- try(failing(), silent = TRUE)
  expect_s3_class(attr(said, "condition"), "bcda_error_invalid_argument")
  expect_match(as.character(said), "url")
})

test_that("errors survive saveRDS", {
  error <- expect_status(export_of(client_of(a_sandbox(beneficiaries_per_file = 5, fault = "flip:count=1"))), "DECRYPTION")
  file <- tempfile()
  saveRDS(error, file)
  expect_identical(readRDS(file), error)
})
