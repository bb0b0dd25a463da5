# Every setting is an argument, in every form, and arrives; and where settings come from.

TABLE <- bcda_settings()
EXPORT <- TABLE$name[TABLE$export]
OF_TABLES <- TABLE$name[TABLE$table]
OF_CLIENT <- setdiff(TABLE$name, OF_TABLES)
KICK_OFF <- c(
  "level", "group", "since", "until", "type_filters", "elements", "include_associated_data", "patients", "output_format",
  "method"
)
DECRYPT <- c(grep("^private_key", TABLE$name, value = TRUE), "durability")
arguments_of <- function(call) names(formals(call))

test_that("the tables are as the library has them", {
  expect_gt(nrow(TABLE), 30)
  expect_identical(TABLE$env, paste0("BCDA_", toupper(TABLE$name)))
  expect_match(TABLE$help, "\\.$")
  expect_setequal(TABLE$name[TABLE$secret], c(
    "access_token", "client_secret", "private_key_pem", "private_key_passphrase", "signing_key_text", "signing_key_passphrase",
    "client_key_passphrase"
  ))
  expect_identical(anyDuplicated(TABLE$name), 0L)
  expect_identical(names(bcda_sandbox_options()), c("name", "default", "help"))
  expect_match(bcda_version(), "^[0-9]+\\.[0-9]+\\.[0-9]+$")
  expect_match(bcda_version(details = TRUE), "OpenSSL")
  expect_true(startsWith(bcda_version(details = TRUE), bcda_version()))
})

test_that("every setting is an argument, and no argument is none", {
  own <- list(
    list(bcda_client, OF_CLIENT, c("...", "config_file", "env")), list(bcda_export, EXPORT, c("...", "client", "progress")),
    list(bcda_start, EXPORT, c("...", "client")), list(bcda_manifest, setdiff(EXPORT, "out"), c("...", "client", "progress")),
    list(bcda_plan, setdiff(EXPORT, "out"), c("...", "client")),
    list(bcda_fetch, setdiff(EXPORT, c("types", KICK_OFF)), c("...", "client", "manifest", "file", "progress")),
    list(bcda_decrypt, DECRYPT, c("...", "path", "output", "key", "manifest", "label", "progress", "env")),
    list(bcda_table, OF_TABLES, c("...", "result", "table", "view", "decimals", "nested")),
    list(bcda_table_chunks, OF_TABLES, c("...", "result", "table", "handler", "view", "decimals", "nested")),
    list(bcda_table_save, OF_TABLES, c("...", "result", "table", "path", "view", "format")),
    list(bcda_table_stream, OF_TABLES, c("...", "result", "table", "view")),
    list(bcda_sandbox, bcda_sandbox_options()$name, "...")
  )
  for (one in own) expect_setequal(arguments_of(one[[1]]), c(one[[2]], one[[3]]))
})

test_that("a setting is an argument of the functions that it is for, and of no other", {
  expect_setequal(OF_TABLES, c("columns", "generation", "on_error", "values", "current", "final_only", "batch_rows"))
  expect_length(intersect(OF_TABLES, EXPORT), 0)
  client <- shared_client()
  calls <- list(
    function(...) bcda_client("https://service.example", env = FALSE, ...), function(...) client_of(shared_sandbox(), ...),
    function(...) bcda_export(client, "Patient", place(), ...), function(...) bcda_start(client, "Patient", place(), ...),
    function(...) bcda_plan(client, "Patient", ...)
  )
  for (name in OF_TABLES) {
    given <- stats::setNames(list("x"), name)
    for (call in calls) expect_refused(do.call(call, given), paste(name, "is an argument of bcda_table()"))
  }
  for (call in list(bcda_table, bcda_table_chunks, bcda_table_stream)) {
    expect_refused(call(shared_result(), "claim", parallel = 2), "parallel is an argument of bcda_client()")
    expect_refused(call(shared_result(), "claim", colums = "x"), "columns")
  }
})

test_that("options.R is what its maker makes of the tables", {
  skip_without_repository()
  maker <- repository("bindings", "r", "tools", "make_options.R")
  library <- paste0("R_LIBS=", paste(c(dirname(find.package("bcda")), .libPaths()), collapse = ":"))
  made <- system2(file.path(R.home("bin"), "Rscript"), c("--vanilla", shQuote(maker)), stdout = TRUE, env = library)
  expect_identical(made, readLines(repository("bindings", "r", "R", "options.R")))
})

test_that("every setting is documented", {
  for (page in c("bcda_client", "bcda_export", "bcda_decrypt", "bcda_table", "bcda_table_save", "bcda_table_stream", "bcda_sandbox")) {
    rd <- paste(capture.output(tools::Rd2txt(utils:::.getHelpFile(help(page, package = "bcda")))), collapse = "\n")
    names <- switch(page,
      bcda_client = OF_CLIENT, bcda_export = setdiff(EXPORT, "types"), bcda_decrypt = DECRYPT,
      bcda_table = , bcda_table_save = , bcda_table_stream = OF_TABLES,
      bcda_sandbox = bcda_sandbox_options()$name
    )
    for (name in names) expect(grepl(paste0("(^|[ \n,])_?\b?", name, ":"), gsub("_\b", "", rd)), paste(page, name))
  }
})

# ---- What they take ----

OF_TYPE <- list(
  string = list("x"), boolean = list(TRUE, FALSE, "yes", "off"), integer = list(3, 3L, "3"),
  duration = list(3, 3L, 0.25, "250ms", "5m", as.difftime(1.5, units = "secs"), as.difftime(1, units = "days")),
  size = list(65536, 65536L, "64KiB", "1GiB", 1e6)
)

# What to export. The service of 2019 takes only the type; a plan for another server shows the others.
WHAT <- list(
  level = list("system", "patient"), group = list("all", "an-id.1"), since = list("2020-02-13T08:00:00Z"),
  until = list("2020-02-13T08:00:00.000-05:00"),
  type_filters = list("Patient?active=true", c("Patient?active=true", "Patient?gender=female,male")),
  elements = list("Patient.name", c("Patient.name", "Patient.gender")),
  organize_output_by = list("Patient"), allow_partial_manifests = list(TRUE, "no"),
  include_associated_data = list("LatestProvenanceResources"), patients = list("Patient/1", c("Patient/1", "Patient/2")),
  output_format = list("application/fhir+ndjson"), method = list("GET", "POST")
)

values_of <- function(name) {
  own <- list(
    url = list("https://service.example"), client_secret = list("x", function() "x"),
    client_secret_file = list(secret_file("x")), private_key = list(key_file(SMALL)),
    private_key_pem = list(text_of(key_file(SMALL)), function() text_of(key_file(SMALL))),
    private_key_passphrase = list(PASSPHRASE, function() PASSPHRASE),
    private_key_passphrase_file = list(secret_file(PASSPHRASE)), ca_file = list(shared_sandbox()$ca_file),
    allowed_origins = list("https://a.example", c("https://a.example", "https://b.example:8443")),
    token_origins = list("https://a.example"), require_proof = list("none", "gcm"),
    types = list("Patient", "Patient, Coverage", c("Patient", "Coverage"), function() "Patient"), out = list("claims", place()),
    profile = list("auto", "bcda-2019"), profile_file = list(secret_file("{}")), auth = list("auto", "basic"),
    token_url = list("https://service.example/auth/token"), access_token = list("x", function() "x"),
    access_token_file = list(secret_file("x")), signing_key = list(key_file(SMALL)),
    signing_key_text = list(text_of(key_file(SMALL)), function() text_of(key_file(SMALL))),
    signing_key_passphrase = list(PASSPHRASE, function() PASSPHRASE),
    signing_key_passphrase_file = list(secret_file(PASSPHRASE)), proxy = list("none", "http://proxy:3128"),
    client_certificate = list(key_file(SMALL, ".certificate.pem")), client_certificate_key = list(key_file(SMALL)),
    client_key_passphrase = list(PASSPHRASE, function() PASSPHRASE),
    client_key_passphrase_file = list(secret_file(PASSPHRASE)), durability = list("power", "process"),
    sync_partial = list("keep", "move"), job_directory = list(place(), place()), tables = list("beneficiary", c("beneficiary", "coverage"))
  )
  own <- c(own, WHAT)
  own[[name]] %||% OF_TYPE[[TABLE$type[TABLE$name == name]]]
}

secret_file <- function(text) {
  path <- tempfile()
  writeLines(text, path)
  Sys.chmod(path, "600")
  path
}

test_that("a client takes every setting in every form, and NULL for the default", {
  encrypted <- list(private_key = key_file(SMALL, ".pkcs8.encrypted.pem"))
  signing <- list(signing_key = encrypted$private_key)
  certificate <- list(client_certificate = key_file(SMALL, ".certificate.pem"))
  locked <- c(certificate, client_certificate_key = encrypted$private_key)
  with <- list(
    private_key_passphrase = encrypted, private_key_passphrase_file = encrypted,
    signing_key_passphrase = signing, signing_key_passphrase_file = signing,
    client_certificate = list(client_certificate_key = key_file(SMALL)), client_certificate_key = certificate,
    client_key_passphrase = locked, client_key_passphrase_file = locked
  )
  for (name in OF_CLIENT) {
    values <- values_of(name)
    expect_gt(length(values), 0)
    for (value in c(list(NULL), values)) {
      how <- settings_for(shared_sandbox())
      if (!is.null(value)) how <- utils::modifyList(how, with[[name]] %||% list())
      if (name == "client_secret_file") how$client_secret <- NULL
      if (name == "private_key_pem") how$private_key <- NULL
      how[name] <- list(value)
      if (name == "url" && is.null(value)) next
      expect_silent(close(do.call(bcda_client, c(how, env = FALSE))))
    }
  }
  expect_refused(bcda_client(env = FALSE), "url is missing")
})

test_that("every call takes every setting of an export", {
  manifest <- bcda_manifest(shared_client(), "Patient", progress = FALSE)
  calls <- list(
    function(...) bcda_export(shared_client(), "Patient", place(), progress = FALSE, ...),
    function(...) bcda_wait(bcda_start(shared_client(), "Patient", place(), ...)),
    function(...) bcda_manifest(shared_client(), "Patient", progress = FALSE, ...),
    function(...) bcda_fetch(shared_client(), manifest, place(), progress = FALSE, ...)
  )
  for (form in 1:2) {
    names <- setdiff(EXPORT, c("types", "out", "job_url", "delete_job", names(WHAT))) # of jobs: see test-inquiries.R
    how <- lapply(stats::setNames(nm = names), function(name) values_of(name)[[form]])
    how$poll_interval <- list(0.02, as.difftime(0.02, units = "secs"))[[form]]
    for (call in calls) expect_identical(nrow(do.call(call, how)$files), 2L)
  }
})

test_that("a plan takes what to export", {
  client <- client_of(shared_sandbox(), profile = "generic", auth = "none")
  for (name in names(WHAT)) {
    for (value in WHAT[[name]]) {
      how <- list(level = if (name == "group") "group" else "patient")
      how[[name]] <- value
      expect_length(do.call(bcda_plan, c(list(client, "Patient"), how)), 1)
    }
  }
})

test_that("durations arrive as they were meant", {
  client <- client_of(a_sandbox(fault = "job-hangs"))
  for (limit in list(0.05, "50ms", as.difftime(0.05, units = "secs"), as.difftime(0.05 / 60, units = "mins"))) {
    expect_status(export_of(client, timeout = limit), "TIMEOUT", "timeout (50ms)")
  }
  old <- options(scipen = -100, OutDec = ",")
  on.exit(options(old))
  expect_status(export_of(client, timeout = 0.05), "TIMEOUT", "timeout (50ms)")
})

test_that("sizes and numbers arrive as they were meant", {
  old <- options(scipen = -100, OutDec = ",")
  on.exit(options(old))
  error <- expect_status(bcda_manifest(client_of(shared_sandbox(), max_manifest_bytes = 100), progress = FALSE), "LIMIT")
  expect_match(conditionMessage(error), "the 100 bytes that the setting max_manifest_bytes allows")
  expect_s3_class(bcda_manifest(client_of(shared_sandbox(), max_manifest_bytes = 100000), progress = FALSE), "bcda_manifest")
  sandbox <- a_sandbox(fault = "status=503:on=GET /api/v1/Patient")
  expect_status(export_of(client_of(sandbox), retries = 2), "REFUSED")
  expect_identical(bcda_sandbox_requests(sandbox, "GET /api/v1/Patient/$export"), 3)
})

test_that("lists arrive as they were meant", {
  for (types in list(c("Patient", "Coverage"), "Patient,Coverage", "Coverage, Patient")) {
    expect_setequal(bcda_manifest(shared_client(), types, progress = FALSE)$files$type, c("Patient", "Coverage"))
  }
  other <- a_sandbox(fault = "other-origin=https://127.0.0.1:1")
  error <- expect_status(export_of(client_of(other), retries = 0), "PROTOCOL", "allowed_origins")
  allowed <- client_of(other, allowed_origins = c("https://a.example", "https://127.0.0.1:1"), retries = 0)
  expect_status(export_of(allowed), "NETWORK")
})

test_that("an item of a list may hold a comma", {
  shown <- function(value) {
    config <- make_config(list(allowed_origins = value))
    on.exit(native_config_destroy(config))
    native_config_get(config, "allowed_origins")
  }
  expect_identical(shown(c("https://a", "https://b")), "https://a,https://b")
  expect_identical(shown(c("https://a,b", "c")), "[\"https://a,b\",\"c\"]")
  expect_identical(shown("[\"https://a,b\"]"), "[\"https://a,b\"]")
  expect_identical(shown(character()), "")
})

test_that("what an export is given goes before what the client was", {
  client <- client_of(shared_sandbox(), types = "Coverage", out = place())
  result <- bcda_export(client, progress = FALSE)
  expect_identical(unique(result$files$type), "Coverage")
  expect_identical(unique(bcda_export(client, "Patient", place(), progress = FALSE)$files$type), "Patient")
})

test_that("a default `out` may be relative, or begin with a tilde, as one given later", {
  directory <- place()
  dir.create(directory)
  with_directory(directory, client <- client_of(shared_sandbox(), out = "claims"))
  expect_identical(dirname(bcda_export(client, "Patient", progress = FALSE)$files$path), rep(file.path(directory, "claims"), 2))
})

# ---- Where they come from ----

in_env <- function(settings) stats::setNames(lapply(settings, as.character), paste0("BCDA_", toupper(names(settings))))
types_of <- function(client) sort(unique(bcda_manifest(client, progress = FALSE)$files$type))

config_with <- function(values) {
  path <- place("bcda \u00e9.json")
  writeLines(jsonlite::toJSON(values, auto_unbox = TRUE), path)
  Sys.chmod(path, "600")
  path
}

test_that("the environment has what is not given", {
  out <- place()
  with_env(in_env(c(settings_for(shared_sandbox()), types = "Patient,Coverage", out = out)), {
    expect_identical(types_of(bcda_client()), c("Coverage", "Patient"))
    expect_identical(types_of(bcda_client(types = "Patient")), "Patient")
    bcda_export(bcda_client(), progress = FALSE)
    expect_true(file.exists(file.path(out, "export.json")))
    expect_refused(bcda_client(env = FALSE), "url is missing")
    at_first <- dirname(place())
    with_env(list(BCDA_OUT = "relative"), with_directory(at_first, client <- bcda_client()))
    expect_identical(unique(dirname(bcda_export(client, progress = FALSE)$files$path)), file.path(at_first, "relative"))
    expect_length(types_of(client_of(shared_sandbox())), 3) # a sandbox's client does not read it
    with_env(list(BCDA_PARALLEL = "many"), {
      expect_refused(bcda_client(), "BCDA_PARALLEL")
      expect_identical(types_of(bcda_client(parallel = 2, types = "Patient")), "Patient")
    })
  })
})

test_that("a file has what is not given, and goes before the environment", {
  values <- c(settings_for(shared_sandbox()), list(types = c("Patient", "Coverage"), parallel = 2))
  path <- config_with(values)
  with_env(list(BCDA_TYPES = "ExplanationOfBenefit"), {
    expect_identical(types_of(bcda_client(config_file = path)), c("Coverage", "Patient"))
    expect_identical(types_of(bcda_client(config_file = path, types = "Patient")), "Patient")
    values$types <- NULL
    expect_identical(types_of(bcda_client(config_file = config_with(values))), "ExplanationOfBenefit")
  })
  with_directory(dirname(path), expect_length(types_of(bcda_client(config_file = basename(path), env = FALSE)), 2))
})

test_that("a file that is wrong is named", {
  texts <- c('{"clientid": "x"}' = "client_id", "[]" = "JSON object", nonsense = "JSON object", '{"parallel": 99}' = "1 to 64")
  for (text in names(texts)) {
    path <- tempfile()
    writeLines(text, path)
    error <- expect_refused(bcda_client("https://service.example", config_file = path, env = FALSE), c(texts[[text]], path))
    expect_identical(error$file, path)
  }
  expect_identical(expect_status(bcda_client("https://x", config_file = "/no/such", env = FALSE), "FILESYSTEM")$file, "/no/such")
  for (path in list(5, NA_character_, character())) expect_refused(bcda_client("https://x", config_file = path), "config_file")
})

# ---- Options of a sandbox ----

test_that("a sandbox takes its options as R has them", {
  public <- key_file(SMALL, ".public.pem")
  for (options in list(
    list(tls = FALSE, error_rate = 0.1, beneficiaries_per_file = 2, public_key = public, job_time = as.difftime(1, units = "secs")),
    list(tls = "false", error_rate = "10%", beneficiaries_per_file = "2", public_key = public, job_time = "1s")
  )) {
    sandbox <- do.call(bcda_sandbox, c(list(4), options))
    expect_true(startsWith(sandbox$url, "http:"))
    expect_identical(sandbox$private_key, "") # it is not the sandbox's own
    expect_identical(client_of(sandbox, private_key = key_file(SMALL))$url, sandbox$url)
    close(sandbox)
  }
})

test_that("every option of a sandbox takes its default", {
  table <- bcda_sandbox_options()
  for (i in seq_len(nrow(table))) {
    value <- if (table$name[i] == "host") "localhost" else table$default[i]
    if (!nzchar(value)) next
    expect_silent(close(do.call(bcda_sandbox, stats::setNames(list(value), table$name[i]))))
  }
})

test_that("faults add up, and are cleared", {
  sandbox <- a_sandbox(fault = c("status=403:on=GET /api/v1/metadata:count=1", "status=404:on=GET /api/v1/metadata"))
  client <- client_of(sandbox, retries = 0)
  expect_match(conditionMessage(expect_status(bcda_metadata(client), "REFUSED")), "403")
  expect_match(conditionMessage(expect_status(bcda_metadata(client), "REFUSED")), "404")
  bcda_sandbox_control(sandbox, "fault", "none")
  expect_identical(bcda_metadata(client)$resourceType, "CapabilityStatement")
})

test_that("a sandbox's behavior is changed while it runs", {
  sandbox <- a_sandbox(job_time = "1h")
  client <- client_of(sandbox)
  expect_status(export_of(client, timeout = 0.1), "TIMEOUT")
  for (time in list(0, "0s", as.difftime(0, units = "mins"))) expect_invisible(bcda_sandbox_control(sandbox, "job_time", time))
  expect_identical(nrow(export_of(client)$files), 1L)
  expect_identical(bcda_sandbox_requests(sandbox, "GET /none"), 0)
  expect_gt(bcda_sandbox_requests(sandbox), 3)
})
