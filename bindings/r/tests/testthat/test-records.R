# Records: in chunks, as lists and as text.

# A folder of one file, named by its type.
export_with <- function(...) written_export(Patient = paste0(c(...), "\n", collapse = ""))

# All records, from chunks of at most `n`.
records_of <- function(result, type = NULL, n = 1000) {
  records <- list()
  bcda_records(result, type, function(chunk) records <<- c(records, chunk), n = n)
  records
}

ids_of <- function(records) vapply(records, function(record) record$id, "")

test_that("records have the structure of the JSON", {
  patients <- records_of(shared_result(), "Patient")
  expect_length(patients, 20)
  expect_identical(unique(vapply(patients, function(patient) patient$resourceType, "")), "Patient")
  expect_match(vapply(patients, function(patient) patient$birthDate, ""), "^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
  expect_type(patients[[1]]$name[[1]]$family, "character")
  expect_identical(anyDuplicated(ids_of(patients)), 0L)
  lines <- unlist(lapply(shared_result()$files$path[shared_result()$files$type == "Patient"], readLines))
  expect_identical(patients, lapply(lines, jsonlite::parse_json))
})

test_that("the size of the chunks does not change what is read", {
  for (type in c("Patient", "Coverage", "ExplanationOfBenefit")) {
    whole <- records_of(shared_result(), type)
    expect_gt(length(whole), 19)
    for (n in c(1, 3, 10)) expect_identical(records_of(shared_result(), type, n), whole)
  }
})

test_that("broken lines that complete each other are no records", {
  for (lines in list(
    c('{"id":"1","text":"cut', 'he"},{"id":"2"}'), c('{"id":"1","list":[1', '{"b":2}]},{"id":"2"}'),
    c('{"id":"1","text":"cut', '{he"},{"id":"2"}')
  )) {
    expect_status(bcda_records(export_with(lines), "Patient", identity), "PROTOCOL", c("line 1", "not a JSON object"))
  }
})

test_that("what texts of R cannot hold is refused, but not what looks like it", {
  for (line in c(
    '{"a":"x\\u0000y"}', '{"x\\u0000y":1}', '{"a":"\\\\\\u0000"}', '{"a":"\\ud83d"}', '{"a":"\\uDE00\\uD83D"}',
    '{"a":"\\ud83d\\\\ude00"}', '{"a":"\\ud83d\\\\\\ude00"}',
    '{"a":"\\ud83d\\ud83d\\ude00"}'
  )) {
    expect_status(records_of(export_with("{}", line)), "PROTOCOL", c("line 2", "cannot hold"))
  }
  expect_identical(records_of(export_with('{"a":"\\\\u0000 \\\\ud83d"}'))[[1]]$a, "\\u0000 \\ud83d")
  expect_identical(records_of(export_with('{"a":"\\ud83d\\uDE00"}'))[[1]]$a, "\U1F600")
  expect_identical(bcda_next(bcda_records(export_with('{"a":"\\u0000"}'), as = "text")), '{"a":"\\u0000"}')
})

test_that("a path is read as a result is", {
  result <- shared_result()
  paths <- result$files$path[result$files$type == "Patient"]
  read <- lapply(paths, records_of)
  expect_identical(lengths(read), c(10L, 10L))
  expect_identical(records_of(result, "Patient"), c(read[[1]], read[[2]]))
  with_directory(dirname(paths[1]), expect_identical(records_of(basename(paths[1])), read[[1]]))
  expect_refused(bcda_records(paths[1], "Coverage"), "type is for a result")
})

test_that("a type that is not there is refused, one that had no data is empty", {
  expect_refused(bcda_records(shared_result(), "Claim"), c("\"Claim\"", "Coverage, ExplanationOfBenefit, Patient"))
  expect_refused(bcda_records(shared_result(), "patient"), "Patient")
  for (type in list(5, NA_character_, c("Patient", "Coverage"), list("Patient"))) {
    expect_refused(bcda_records(shared_result(), type), "type")
  }
  manifest <- bcda_manifest(shared_client(), "Patient", progress = FALSE)
  fetched <- bcda_fetch(shared_client(), manifest, place(), progress = FALSE)
  untyped <- export_of(client_of(a_sandbox(profile = "bcda-v3")), NULL)
  for (result in list(fetched, untyped)) {
    expect_identical(result$types, character())
    expect_refused(bcda_records(result, "Patiant"), c("no resource type \"Patiant\"", "Patient"))
    expect_refused(bcda_records(result, "Patiant", stop), "Patiant")
    expect_gt(count_of(result, "Patient"), 0)
  }
  empty <- export_of(client_of(a_sandbox(fault = "job-empty")))
  expect_identical(bcda_records(empty, "Patient", stop), 0)
})

test_that("integers beyond 2^53 keep their digits", {
  big <- c("9007199254740993", "9223372036854775807", "-9007199254740993")
  lists <- records_of(export_with(sprintf('{"id":%s,"n":{"id":%s}}', big, big)))
  expect_identical(ids_of(lists), big)
  expect_identical(vapply(lists, function(record) record$n$id, ""), big)
})

test_that("numbers are numbers, flags are flags", {
  line <- '{"i":1,"d":0.1,"e":1e300,"l":true,"s":"1","n":null,"v":[true,1]}'
  record <- records_of(export_with(line))[[1]]
  expect_identical(record, list(i = 1L, d = 0.1, e = 1e300, l = TRUE, s = "1", n = NULL, v = list(TRUE, 1L)))
})

test_that("every digit of an amount is kept", {
  amounts <- c(0.1, 1234567.89, 1e15 + 0.5, .Machine$double.eps, 1 / 3)
  records <- records_of(export_with(sprintf('{"amount":{"value":%.17g}}', amounts)))
  expect_identical(vapply(records, function(record) record$amount$value, 0), amounts)
})

test_that("texts are Unicode", {
  texts <- c("\U1F600\U1FA7A", "\u00e9\u4e2d", "\ufeff", "a\tb\"\\", "\u0001", "NA", "")
  json <- vapply(texts, function(text) as.character(jsonlite::toJSON(list(t = text), auto_unbox = TRUE)), "")
  result <- export_with(json, '{"t":"\\ud83d\\ude00"}')
  read <- vapply(records_of(result), function(record) record$t, "")
  expect_identical(read, c(texts, "\U1F600"))
  expect_true(all(validUTF8(read)))
  texts <- bcda_next(bcda_records(result, as = "text"))
  expect_identical(unique(Encoding(texts[1:2])), "UTF-8")
})

CONTENTS <- list(
  list("empty", "", 0), list("one", "{}\n", 1), list("no final newline", '{"a":1}\n{"a":2}', 2),
  list("blank lines", '\n \t\n{"a":1}\n\n\r\n{"a":2}\n\n', 2), list("only blank lines", "\n\r\n \t \n", 0),
  list("CRLF", '{"a":1}\r\n{"a":2}\r\n', 2), list("BOM", '\ufeff{"a":1}\n{"a":2}\n', 2), list("BOM alone", "\ufeff", 0),
  list("BOM and a blank line", '\ufeff\r\n{"a":1}\n', 1), list("blanks around", ' {"a":1} \n', 1),
  list("long line", paste0('{"a":"', strrep("x", 3e6), '"}\n{"a":"b"}\n'), 2), list("many", strrep('{"a":1}\n', 40000), 40000)
)

test_that("any NDJSON is read", {
  for (content in CONTENTS) {
    result <- written_export(Patient = content[[2]])
    for (as in c("list", "text")) {
      expect_identical(bcda_records(result, handler = identity, as = as), as.numeric(content[[3]]), label = content[[1]])
    }
  }
})

test_that("what is not JSON is refused, with its place and without its content", {
  good <- '{"a":1}\n'
  befores <- list(c("", 1, 0), c(good, 2, 8), c("\ufeff{\"a\":1}\r\n\r\n", 3, 14), c(strrep(good, 2500), 2501, 20000))
  bad <- list(
    charToRaw("<hunter2>"), charToRaw('{"a":"hunter2'), charToRaw('["hunter2"]'), charToRaw('"hunter2"'), charToRaw("5"),
    c(charToRaw('{"a":"hunter2'), as.raw(0xFF), charToRaw('"}')), c(charToRaw('{"a":"hunter2'), as.raw(c(0xED, 0xA0, 0x80)), charToRaw('"}')),
    c(charToRaw('{"a":"hunter2'), as.raw(0L), charToRaw('"}')), charToRaw("{},{}"), charToRaw('{"a":1}{"a":"hunter2"}')
  )
  for (before in befores) {
    for (line in bad) {
      path <- written(c(charToRaw(enc2utf8(before[1])), line, charToRaw(paste0("\n", good))))
      for (n in c(7, 1000)) {
        error <- expect_status(
          bcda_records(path, handler = identity, n = n), "PROTOCOL",
          c(path, sprintf("line %s, byte %s:", before[2], before[3]))
        )
        expect_identical(error$file, path)
        expect_unsaid("hunter2", everything_said(error))
      }
    }
  }
})

test_that("text is not parsed, but is UTF-8", {
  path <- written(charToRaw("not JSON\n"))
  expect_identical(bcda_next(bcda_records(path, as = "text")), "not JSON")
  path <- written(as.raw(c(0x7B, 0xFF, 0x7D, 0x0A)))
  expect_status(bcda_next(bcda_records(path, as = "text")), "PROTOCOL", c("UTF-8", "line 1, byte 0"))
})

test_that("a file that has changed since it was verified is an error", {
  change <- list(
    cut = function(lines) lines[-1], longer = function(lines) c(lines, lines[1]), emptied = function(lines) character(),
    cut_in_the_last = function(lines) c(lines[-10], substr(lines[10], 1, 40)),
    blanked = function(lines) replace(lines, 2, strrep(" ", nchar(lines[2], "bytes")))
  )
  for (how in names(change)) {
    result <- export_of(shared_client())
    path <- result$files$path[2]
    writeLines(change[[how]](readLines(path)), path)
    for (call in list(records_of, function(result) bcda_records(result, handler = identity, as = "text", n = 3))) {
      error <- expect_status(call(result), "VERIFICATION", c(path, "were verified"))
      expect_identical(error$file, path)
    }
  }
  unlink(result$files$path[1])
  expect_status(records_of(result), "FILESYSTEM", result$files$path[1])
})

test_that("chunks come in order, do not span files, and end with NULL", {
  records <- bcda_records(shared_result(), "Patient", n = 4)
  expect_s3_class(records, "bcda_records")
  sizes <- integer()
  ids <- character()
  while (!is.null(chunk <- bcda_next(records))) {
    sizes <- c(sizes, length(chunk))
    ids <- c(ids, ids_of(chunk))
  }
  expect_identical(sizes, c(4L, 4L, 2L, 4L, 4L, 2L))
  expect_identical(ids, ids_of(records_of(shared_result(), "Patient")))
  expect_null(bcda_next(records))
  expect_identical(capture.output(expect_invisible(print(records))), "<bcda_records, 20 records so far>")
})

test_that("every data file is read when no type is named", {
  types <- character()
  count <- bcda_records(shared_result(), handler = function(chunk) {
    types <<- c(types, vapply(chunk, function(record) record$resourceType, ""))
  }, as = "list")
  expect_identical(count, sum(shared_result()$files$records))
  expect_setequal(types, c("Patient", "Coverage", "ExplanationOfBenefit"))
})

test_that("readers are independent, and end early", {
  one <- bcda_records(shared_result(), "Patient", as = "list", n = 1)
  other <- bcda_records(shared_result(), "Patient", as = "list", n = 1)
  first <- bcda_next(one)
  expect_identical(bcda_next(other), first)
  close(one)
  expect_status(bcda_next(one), "STATE", "closed")
  close(one)
  expect_false(identical(bcda_next(other), first))
  close(other)
})

test_that("after a chunk that was lost there is no other", {
  lines <- c("{}", "[]", "{}")
  for (broken in list(export_with(lines), written_export(Patient = "{}\n", bytes = 1))) {
    records <- bcda_records(broken, n = 1)
    expect_error(while (!is.null(bcda_next(records))) NULL, class = "bcda_error")
    expect_status(bcda_next(records), "STATE", c("records may be lost", "call bcda_records() again"))
  }
  # Whatever comes while a chunk is made, an interrupt too.
  records <- bcda_records(shared_result(), "Patient", n = 4)
  convert <- records$convert
  records$convert <- function(text, file) stop("amid it")
  expect_error(bcda_next(records), "amid it")
  records$convert <- convert
  expect_status(bcda_next(records), "STATE", "records may be lost")
})

test_that("an error in a handler comes out as it is, and the file is closed", {
  live <- handles_in_use()
  own <- structure(class = c("own", "error", "condition"), list(message = "mine", call = NULL))
  expect_identical(tryCatch(bcda_records(shared_result(), "Patient", function(chunk) stop(own)), error = identity), own)
  expect_identical(handles_in_use(), live)
})

test_that("a long file is read in chunks of not much more than 32 MiB", {
  line <- paste0('{"a":"', strrep("x", 3e6), '"}\n')
  sizes <- integer()
  bcda_records(written(charToRaw(strrep(line, 15))), handler = function(chunk) sizes <<- c(sizes, length(chunk)), as = "text")
  expect_identical(sum(sizes), 15L)
  expect_lt(max(sizes) * 3e6, 1.2 * 2^25)
})

test_that("what a handler gives does not matter, nor that it reads, too", {
  count <- bcda_records(shared_result(), "Patient", function(chunk) count_of(shared_result(), "Coverage"), n = 7)
  expect_identical(count, 20)
})
