# Where secrets come from, and that they are never shown.

test_that("a function is asked once for each client, and not to show it", {
  asked <- 0
  secret <- function() {
    asked <<- asked + 1
    shared_sandbox()$client_secret
  }
  for (n in c(1, 2)) {
    client <- client_of(shared_sandbox(), client_secret = secret)
    expect_identical(asked, n)
    for (again in 1:2) expect_identical(nrow(bcda_manifest(client, "Patient", progress = FALSE)$files), 2L)
    everything_said(client)
    expect_identical(asked, n)
  }
})

test_that("an error in a function is the cause", {
  own <- structure(class = c("own", "error", "condition"), list(message = "the keyring is locked", call = NULL))
  for (name in c("client_secret", "private_key_pem", "private_key_passphrase")) {
    error <- expect_refused(do.call(client_of, c(list(shared_sandbox()), stats::setNames(list(function() stop(own)), name))), name)
    expect_identical(error$cause, own)
    expect_match(conditionMessage(error), "it may hold the secret")
    expect_unsaid("the keyring is locked", conditionMessage(error)) # a function may say anything
  }
  error <- expect_refused(bcda_manifest(shared_client(), function() stop(own), progress = FALSE), "types")
  expect_identical(error$cause, own)
})

test_that("other conditions of a function go through", {
  expect_identical(withCallingHandlers(
    bcda_manifest(client_of(shared_sandbox(), client_secret = function() {
      warning("old")
      shared_sandbox()$client_secret
    }), "Patient", progress = FALSE)$files$type,
    warning = function(w) {
      expect_identical(conditionMessage(w), "old")
      invokeRestart("muffleWarning")
    }
  ), c("Patient", "Patient"))
  interrupted <- structure(class = c("interrupt", "condition"), list())
  expect_identical(
    tryCatch(client_of(shared_sandbox(), client_secret = function() stop(interrupted)), interrupt = function(i) "interrupted"),
    "interrupted"
  )
})

test_that("a function has to give one text", {
  for (value in list(NULL, 5, NA_character_, character(), "", c(SECRET, SECRET), list(SECRET), charToRaw(SECRET), quote(x))) {
    error <- expect_refused(client_of(shared_sandbox(), client_secret = function() value), "client_secret")
    expect_unsaid(SECRET, everything_said(error))
  }
})

test_that("a function with arguments is one that fails", {
  error <- expect_refused(client_of(shared_sandbox(), client_secret = function(which) which), "client_secret")
  expect_s3_class(error$cause, "error")
})

test_that("wrong values of secrets are not shown", {
  bytes <- paste0(SECRET, "\xff")
  Encoding(bytes) <- "bytes"
  for (name in bcda_settings()$name[bcda_settings()$secret]) {
    for (value in list(c(SECRET, SECRET), list(SECRET), charToRaw(SECRET), bytes, stats::setNames(5, SECRET))) {
      error <- expect_refused(do.call(client_of, c(list(shared_sandbox()), stats::setNames(list(value), name))))
      expect_unsaid(SECRET, everything_said(error))
    }
  }
})

test_that("secrets under a wrong name are not shown", {
  for (value in list(SECRET, list(SECRET), function() SECRET)) {
    error <- expect_refused(client_of(shared_sandbox(), client_secert = value), "did you mean client_secret")
    expect_unsaid(SECRET, everything_said(error))
  }
})

test_that("no secret is shown by what holds it, nor by how it fails", {
  sandbox <- a_sandbox(client_secret = SECRET, fault = "flip")
  pem <- text_of(sandbox$private_key)
  clients <- list(
    client_of(sandbox), client_of(sandbox, private_key_pem = pem), client_of(sandbox, client_secret = function() SECRET),
    client_of(sandbox, private_key = key_file(SMALL, ".pkcs8.encrypted.pem"), private_key_passphrase = PASSPHRASE)
  )
  clients[[2]] <- bcda_client(sandbox$url, client_id = sandbox$client_id, client_secret = SECRET, private_key_pem = pem,
    ca_file = sandbox$ca_file, poll_interval = 0.02, env = FALSE)
  secrets <- c(SECRET, PASSPHRASE, strsplit(pem, "\n")[[1]][2])
  for (client in clients) {
    told <- list()
    out <- place()
    tell <- function(event) told[[length(told) + 1]] <<- event
    run <- bcda_start(client, "Patient", out)
    said <- c(everything_said(client), everything_said(run))
    error <- tryCatch(bcda_wait(run, progress = tell), error = identity)
    expect_s3_class(error, "bcda_error_decryption")
    said <- c(said, everything_said(error), everything_said(run), paste(capture.output(str(told)), collapse = "\n"))
    for (file in file.path(out, left_in(out))) said <- c(said, text_of(file))
    for (secret in secrets) expect_unsaid(secret, said)
  }
  # A sandbox shows its secret to who asks for it by name, and to nobody else.
  for (secret in secrets) expect_unsaid(secret, capture.output(print(sandbox), utils::str(sandbox)))
})

test_that("no call on the stack holds a secret", {
  calls <- NULL
  secret <- SECRET
  failing <- function() bcda_client("https://localhost", client_secret = secret, parallel = 100, env = FALSE)
  tryCatch(withCallingHandlers(failing(), error = function(e) calls <<- sys.calls()), error = identity)
  inside <- calls[seq(match("failing()", vapply(calls, function(call) deparse(call)[1], "")), length(calls))]
  expect_match(unlist(lapply(inside, deparse)), "native_config_set", all = FALSE)
  expect_unsaid(SECRET, unlist(lapply(inside, deparse)))
})

test_that("a damaged key and credentials in a URL are not shown", {
  pem <- paste0("-----BEGIN PRIVATE KEY-----\n", SECRET, "\n-----END PRIVATE KEY-----\n")
  error <- expect_status(bcda_client("https://localhost", private_key_pem = pem, env = FALSE), "PRIVATE_KEY", "private_key_pem")
  expect_unsaid(SECRET, everything_said(error))
  error <- expect_refused(bcda_client(paste0("https://user:", SECRET, "@service.example"), env = FALSE), "url")
  expect_unsaid(SECRET, everything_said(error))
})

test_that("a secret given another way goes before the environment's", {
  with_env(list(BCDA_CLIENT_SECRET = "wrong"), {
    settings <- settings_for(shared_sandbox())
    secret <- settings$client_secret
    settings$client_secret <- NULL
    file <- tempfile()
    writeLines(secret, file)
    Sys.chmod(file, "600")
    for (how in list(list(client_secret_file = file), list(client_secret = secret), list(client_secret = function() secret))) {
      client <- do.call(bcda_client, c(settings, how))
      expect_identical(nrow(bcda_manifest(client, "Patient", progress = FALSE)$files), 2L)
    }
    expect_status(bcda_manifest(do.call(bcda_client, settings), "Patient", progress = FALSE), "AUTHENTICATION")
  })
})
