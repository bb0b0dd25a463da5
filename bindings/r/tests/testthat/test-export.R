# The whole flow against the sandbox: what is exported, and how it is shown.

test_that("what is exported is what the service has", {
  result <- shared_result()
  expect_s3_class(result, "bcda_result")
  expect_setequal(result$files$type, c("Patient", "Coverage", "ExplanationOfBenefit"))
  expect_identical(nrow(result$files), 6L)
  expect_identical(names(result$files), c("type", "path", "bytes", "records", "sha256", "decrypted", "proof"))
  expect_identical(vapply(result$files, typeof, ""),
    c(
      type = "character", path = "character", bytes = "double", records = "double", sha256 = "character",
      decrypted = "logical", proof = "character"
    )
  )
  expect_true(all(result$files$decrypted))
  expect_identical(result$files$bytes, file.size(result$files$path))
  expect_identical(result$files$records, vapply(result$files$path, function(p) length(readLines(p)) + 0, 0, USE.NAMES = FALSE))
  expect_identical(sum(result$files$records[result$files$type == "Patient"]), 20)
  expect_match(result$files$sha256, "^[0-9a-f]{64}$")
  expect_identical(nrow(result$error_files), 0L)
  expect_identical(names(result$error_files), names(result$files))
  expect_false(result$to_sink)
})

test_that("a result tells its times, urls and receipt", {
  result <- shared_result()
  expect_s3_class(result$transaction_time, "POSIXct")
  expect_lt(abs(as.numeric(difftime(Sys.time(), result$transaction_time, units = "hours"))), 1)
  expect_s3_class(result$elapsed, "difftime")
  expect_identical(units(result$elapsed), "secs")
  expect_gt(as.numeric(result$elapsed), 0)
  expect_identical(names(result$urls), basename(result$files$path))
  expect_true(all(startsWith(result$urls, shared_sandbox()$url)))
  expect_identical(result$receipt$status, "OK")
  expect_length(result$receipt$jobs, 3)
})

test_that("the sha256 is of the plaintext", {
  skip_if(Sys.which("sha256sum") == "", "needs sha256sum")
  files <- shared_result()$files
  said <- system2("sha256sum", shQuote(files$path), stdout = TRUE)
  expect_identical(sub(" .*", "", said), files$sha256)
})

test_that("a result prints what there is, without a URL", {
  said <- capture.output(expect_invisible(print(shared_result())))
  expect_match(said[1], "^<bcda_result: 6 files, [0-9,]+ records, [0-9,]+ bytes>$")
  expect_match(said, "Patient +2 files, 20 records", all = FALSE)
  expect_match(said, "data up to 20..-..-.. ..:..:.. UTC", all = FALSE)
  expect_unsaid("http", paste(said, collapse = "\n"))
})

test_that("nothing but the files, the receipt and what belongs to it is in the directory", {
  directory <- dirname(shared_result()$files$path[1])
  expect_setequal(claims_in(directory), basename(shared_result()$files$path))
  expect_true("export.json" %in% left_in(directory))
})

test_that("an export is opened again", {
  result <- shared_result()
  directory <- dirname(result$files$path[1])
  again <- bcda_result(directory)
  expect_identical(again$files, result$files)
  expect_identical(again$error_files, result$error_files)
  expect_identical(again$urls, result$urls)
  expect_identical(again$receipt, result$receipt)
  expect_equal(again$transaction_time, result$transaction_time)
  expect_equal(as.numeric(again$elapsed), as.numeric(result$elapsed), tolerance = 0.1)
  expect_identical(capture.output(print(again)), capture.output(print(result)))
  with_directory(dirname(directory), expect_identical(bcda_result(basename(directory))$files, result$files))
})

test_that("what is no export is not opened", {
  directory <- place()
  expect_status(bcda_result(directory), "FILESYSTEM", "export.json")
  dir.create(directory)
  for (text in c("", "nonsense", "[]", "{}{}", '{"files":[{}]}', '{"files":[5]}')) {
    writeLines(text, file.path(directory, "export.json"))
    error <- expect_status(bcda_result(directory), "FILESYSTEM", "not the receipt of an export")
    expect_identical(error$file, file.path(directory, "export.json"))
  }
})

test_that("a receipt cannot point out of its directory", {
  for (path in c("/etc/passwd", "../x.ndjson", "a/../../x", "..")) {
    directory <- place()
    dir.create(directory)
    file <- list(type = "Patient", path = path, bytes = 1, records = 1, sha256 = "", decrypted = TRUE, url = "")
    time <- "2019-09-20T14:47:33Z"
    receipt <- list(transactionTime = time, started = time, finished = time, files = list(file), errors = list())
    writeLines(jsonlite::toJSON(receipt, auto_unbox = TRUE), file.path(directory, "export.json"))
    expect_status(bcda_result(directory), "FILESYSTEM", "leads elsewhere")
  }
})

test_that("numbers of a receipt beyond 2^32 are as they are", {
  result <- written_export(Patient = "{}\n", bytes = 5e9)
  expect_identical(result$files$bytes, 5e9)
  expect_match(capture.output(print(result)), "5,000,000,000 bytes", all = FALSE)
})

test_that("times of a receipt keep their fractions", {
  result <- written_export(Patient = "{}\n")
  expect_identical(as.numeric(result$transaction_time), 1568990853.25)
  expect_identical(attr(result$transaction_time, "tzone"), "UTC")
  expect_identical(as.numeric(result$elapsed), 1.75)
})

test_that("the manifest lists the files, and prints none of their URLs", {
  manifest <- bcda_manifest(shared_client(), c("Patient", "Coverage"), progress = FALSE)
  expect_s3_class(manifest, "bcda_manifest")
  expect_identical(names(manifest$files), c("type", "name", "is_error"))
  expect_identical(sort(manifest$files$type), rep(c("Coverage", "Patient"), each = 2))
  expect_false(any(manifest$files$is_error))
  expect_match(manifest$files$name, "^[-0-9a-f]{36}\\.ndjson$")
  expect_identical(capture.output(expect_invisible(print(manifest))), "<bcda_manifest: 4 files of Coverage, Patient>")
})

test_that("one file of a manifest is fetched by its name or its URL, or all of them", {
  manifest <- bcda_manifest(shared_client(), c("Patient", "Coverage"), progress = FALSE)
  name <- manifest$files$name[3]
  url <- regmatches(manifest$text, regexpr(paste0("https://[^\"]*", name), manifest$text))
  for (file in c(name, url)) {
    result <- bcda_fetch(shared_client(), manifest, place(), file = file, progress = FALSE)
    expect_identical(result$files$type, manifest$files$type[3])
    expect_match(result$files$path, name, fixed = TRUE)
    expect_identical(claims_in(dirname(result$files$path)), basename(result$files$path))
  }
  result <- bcda_fetch(shared_client(), manifest$text, place(), progress = FALSE)
  expect_identical(nrow(result$files), 4L)
  expect_identical(count_of(result, "Patient"), 20L)
})

test_that("the service describes itself", {
  metadata <- bcda_metadata(shared_client())
  expect_identical(metadata$resourceType, "CapabilityStatement")
  expect_identical(bcda_sandbox_requests(shared_sandbox(), "GET /api/v1/metadata"), 1)
})

test_that("error files are a warning, and are read apart", {
  for (era in c("nov2018", "oct2019")) {
    sandbox <- a_sandbox(20, error_rate = 0.3, era = era)
    warned <- NULL
    result <- withCallingHandlers(export_of(client_of(sandbox)), bcda_warning_partial = function(w) {
      warned <<- w
      invokeRestart("muffleWarning")
    })
    expect_identical(class(warned), c("bcda_warning_partial", "bcda_warning", "warning", "condition"))
    expect_match(conditionMessage(warned), "1 error file")
    expect_identical(warned$result, result)
    expect_identical(nrow(result$error_files), 1L)
    issues <- bcda_issues(result)
    expect_true(result$partial)
    expect_identical(names(issues), c("severity", "code", "text", "count", "file"))
    expect_identical(sum(issues$count), 20 - result$files$records)
    expect_identical(unique(issues$severity), "error") # the service writes "Error"
    expect_false(any(grepl("retrieving", capture.output(str(unclass(result)), print(result)))))
    expect_match(issues$text, "Error retrieving Patient for beneficiary")
    expect_identical(unique(issues$file), result$error_files$path)
    expect_match(capture.output(print(result))[1], "1 error file>$")
    expect_identical(count_of(result), as.integer(result$files$records))
    again <- bcda_result(dirname(result$files$path))
    expect_identical(again$error_files, result$error_files)
    expect_identical(bcda_issues(again), issues)
  }
})

test_that("a whole export warns of nothing, and has no issues", {
  expect_no_warning(result <- export_of(shared_client()))
  expect_identical(dim(bcda_issues(result)), c(0L, 5L))
  expect_false(result$partial)
})

test_that("warnings of the service alone do not make a result partial", {
  expect_no_warning(result <- export_of(client_of(a_sandbox(20, profile = "bcda-v3")), "ExplanationOfBenefit"))
  expect_false(result$partial)
  issues <- bcda_issues(result)
  expect_identical(issues$severity, "warning")
  expect_identical(issues$count, 1)
  expect_identical(issues$file, result$error_files$path)
  expect_identical(bcda_issues(bcda_result(dirname(result$files$path[1]))), issues)
})

test_that("files in plaintext are taken when that is allowed, and only then", {
  sandbox <- a_sandbox(era = "nov2019-off")
  out <- place()
  error <- expect_status(export_of(client_of(sandbox), out = out), "VERIFICATION", "allow_plaintext")
  expect_identical(nrow(error$result$files), 0L)
  expect_identical(claims_in(out), character())
  result <- export_of(client_of(sandbox), allow_plaintext = TRUE)
  expect_false(any(result$files$decrypted))
  expect_identical(count_of(result), 10L)
  expect_identical(nrow(export_of(client_of(sandbox, allow_plaintext = TRUE))$files), 1L)
})

test_that("a job without files is an empty export", {
  result <- export_of(client_of(a_sandbox(fault = "job-empty")))
  expect_identical(sum(result$files$records), 0)
  expect_identical(count_of(result, "Patient"), 0L)
})

test_that("a directory may be relative or odd", {
  parent <- place()
  dir.create(parent)
  with_directory(parent, {
    for (name in c("relative", "\U1F600 claims", "a\nb", "%s", "\u00e9")) {
      result <- export_of(shared_client(), out = name)
      expect_identical(dirname(result$files$path), rep(file.path(parent, name), 2))
      expect_identical(count_of(result), 20L)
    }
  })
  expect_setequal(list.files(parent), c("relative", "\U1F600 claims", "a\nb", "%s", "\u00e9"))
  expect_identical(count_of(bcda_result(file.path(parent, "\U1F600 claims"))), 20L)
})

test_that("an occupied directory is left as it is", {
  out <- place()
  export_of(shared_client(), out = out)
  before <- lapply(file.path(out, left_in(out)), bytes_of)
  error <- expect_status(export_of(shared_client(), out = out), "FILESYSTEM", "holds a finished export")
  expect_identical(error$file, out)
  expect_identical(lapply(file.path(out, left_in(out)), bytes_of), before)
})

test_that("an export that failed is begun anew where it was, when that is asked for", {
  client <- client_of(a_sandbox(beneficiaries_per_file = 5, fault = "flip:count=1"))
  out <- place()
  error <- expect_status(export_of(client, out = out), "DECRYPTION")
  expect_identical(nrow(error$result$files), 1L)
  kick_offs <- function() bcda_sandbox_requests(client$keeps, "GET /api/v1/Patient")
  before <- kick_offs()
  again <- bcda_fetch(client, error$result, out = place(), progress = FALSE)
  expect_identical(count_of(again), 10L)
  expect_identical(kick_offs(), before)
  expect_status(export_of(client, "Coverage", out = out), "FILESYSTEM", c("types", "restart"))
  result <- export_of(client, out = out, restart = TRUE)
  expect_identical(count_of(result), 10L)
  expect_setequal(claims_in(out), basename(result$files$path))
  expect_refused(bcda_fetch(client, bcda_result(out), place()), "no manifest")
})
