# Records: as data frames, in chunks, as lists and as text.

# A folder of one file, named by its type.
export_with <- function(...) written_export(Patient = paste0(c(...), "\n", collapse = ""))

test_that("Patients are a row each, nested members are columns of their own", {
  patients <- bcda_read(shared_result(), "Patient")
  expect_s3_class(patients, c("bcda_frame", "data.frame"), exact = TRUE)
  expect_identical(nrow(patients), 20L)
  expect_identical(unique(patients$resourceType), "Patient")
  expect_type(patients$id, "character")
  expect_match(patients$birthDate, "^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
  expect_true(is.list(patients$name))
  expect_identical(anyDuplicated(patients$id), 0L)
})

test_that("money is a number, and what is nested may stay as it is", {
  flat <- bcda_read(shared_result(), "ExplanationOfBenefit")
  expect_type(flat$payment.amount.value, "double")
  deep <- bcda_read(shared_result(), "ExplanationOfBenefit", flatten = FALSE)
  expect_true(is.list(deep$payment))
  expect_false("payment.amount.value" %in% names(deep))
  expect_identical(nrow(deep), nrow(flat))
  expect_identical(deep$id, flat$id)
  value <- function(payment) if (is.null(payment$amount$value)) NA_real_ else as.numeric(payment$amount$value)
  expect_identical(vapply(deep$payment, value, 0), flat$payment.amount.value)
})

test_that("the size of the chunks does not change what is read", {
  for (type in c("Patient", "Coverage", "ExplanationOfBenefit")) {
    for (flatten in c(TRUE, FALSE)) {
      whole <- bcda_read(shared_result(), type, flatten = flatten)
      expect_gt(nrow(whole), 19)
      for (chunk in c(1, 3, 10)) {
        expect_identical(bcda_read(shared_result(), type, flatten = flatten, chunk = chunk), whole)
      }
    }
  }
})

test_that("nor does it change what odd records are read as", {
  odd <- list(
    c('{"a.b":"literal","a":{"b":"nested"}}', '{"a":{"b":"nested2"}}'), c('{"a":{"b":1}}', '{"a":"x"}'),
    c('{"a":{}}', '{"a":{"b":1}}'), c('{"a":1}', '{"a":"x"}', '{"a":1.5}'), c('{"b":1}', "{}", '{"a":[1]}')
  )
  for (lines in odd) {
    for (flatten in c(TRUE, FALSE)) {
      whole <- bcda_read(export_with(lines), flatten = flatten)
      expect_identical(nrow(whole), length(lines))
      for (chunk in 1:2) expect_identical(bcda_read(export_with(lines), flatten = flatten, chunk = chunk), whole)
    }
  }
  read <- bcda_read(export_with(odd[[1]]), chunk = 1)
  expect_identical(read$a.b, c("literal", NA))
  expect_identical(read$a.b.1, c("nested", "nested2"))
})

test_that("broken lines that complete each other are no records", {
  for (lines in list(
    c('{"id":"1","text":"cut', 'he"},{"id":"2"}'), c('{"id":"1","list":[1', '{"b":2}]},{"id":"2"}'),
    c('{"id":"1","text":"cut', '{he"},{"id":"2"}')
  )) {
    for (as in c("frame", "list")) {
      expect_status(bcda_records(export_with(lines), "Patient", identity, as = as), "PROTOCOL", c("line 1", "not a JSON object"))
    }
  }
})

test_that("what texts of R cannot hold is refused, but not what looks like it", {
  for (line in c(
    '{"a":"x\\u0000y"}', '{"x\\u0000y":1}', '{"a":"\\\\\\u0000"}', '{"a":"\\ud83d"}', '{"a":"\\uDE00\\uD83D"}',
    '{"a":"\\ud83d\\\\ude00"}', '{"a":"\\ud83d\\\\\\ude00"}',
    '{"a":"\\ud83d\\ud83d\\ude00"}'
  )) {
    expect_status(bcda_read(export_with("{}", line)), "PROTOCOL", c("line 2", "cannot hold"))
  }
  expect_identical(bcda_read(export_with('{"a":"\\\\u0000 \\\\ud83d"}'))$a, "\\u0000 \\ud83d")
  expect_identical(bcda_read(export_with('{"a":"\\ud83d\\uDE00"}'))$a, "\U1F600")
  expect_identical(bcda_next(bcda_records(export_with('{"a":"\\u0000"}'), as = "text")), '{"a":"\\u0000"}')
})

test_that("whole numbers are doubles as others are", {
  expect_identical(bcda_read(export_with('{"a":1}', '{"a":2}'))$a, c(1, 2))
  expect_identical(bcda_read(export_with('{"a":12345.6789012345678}', '{"a":"x"}'))$a, c("12345.678901234567", "x"))
})

test_that("true is not taken for 1, nor for a text", {
  expect_identical(bcda_read(export_with('{"a":1}', '{"a":true}'))$a, list(1L, TRUE))
  expect_identical(bcda_read(export_with('{"a":"TRUE"}', '{"a":true}'))$a, list("TRUE", TRUE))
  expect_identical(bcda_read(export_with('{"a":true}', "{}"))$a, c(TRUE, NA))
})

test_that("objects are flattened to some depth, and no deeper", {
  deep <- paste0(strrep('{"a":', 300), "1", strrep("}", 300))
  expect_identical(names(bcda_read(export_with(deep))), paste(rep("a", 33), collapse = "."))
})

test_that("a path is read as a result is", {
  result <- shared_result()
  paths <- result$files$path[result$files$type == "Patient"]
  read <- lapply(paths, bcda_read)
  expect_identical(vapply(read, nrow, 0L), c(10L, 10L))
  expect_equal(bcda_read(result, "Patient")$id, c(read[[1]]$id, read[[2]]$id))
  with_directory(dirname(paths[1]), expect_identical(bcda_read(basename(paths[1])), read[[1]]))
  expect_refused(bcda_read(paths[1], "Coverage"), "type is for a result")
  expect_refused(bcda_read(paths[1], chunk = 0), "chunk")
})

test_that("a type that is not there is refused, one that had no data is empty", {
  expect_refused(bcda_read(shared_result(), "Claim"), c("\"Claim\"", "Coverage, ExplanationOfBenefit, Patient"))
  expect_refused(bcda_records(shared_result(), "patient"), "Patient")
  expect_refused(bcda_read(shared_result()), "which resource type")
  for (type in list(5, NA_character_, c("Patient", "Coverage"), list("Patient"))) {
    expect_refused(bcda_read(shared_result(), type), "type")
  }
  manifest <- bcda_manifest(shared_client(), "Patient", progress = FALSE)
  fetched <- bcda_fetch(shared_client(), manifest, place(), progress = FALSE)
  untyped <- export_of(client_of(a_sandbox(profile = "bcda-v3")), NULL)
  for (result in list(fetched, untyped)) {
    expect_identical(result$types, character())
    expect_refused(bcda_read(result, "Patiant"), c("no resource type \"Patiant\"", "Patient"))
    expect_refused(bcda_records(result, "Patiant", stop), "Patiant")
    expect_gt(nrow(bcda_read(result, "Patient")), 0)
  }
  empty <- export_of(client_of(a_sandbox(fault = "job-empty")))
  expect_identical(nrow(bcda_read(empty, "Patient")), 0L)
  expect_identical(bcda_records(empty, "Patient", stop), 0)
})

test_that("identifiers beyond 2^53 keep their digits", {
  big <- c("9007199254740993", "9223372036854775807", "-9007199254740993")
  result <- export_with(sprintf('{"id":%s,"n":{"id":%s}}', big, big))
  for (chunk in c(1, 5)) {
    frame <- bcda_read(result, chunk = chunk)
    expect_identical(frame$id, big)
    expect_identical(frame$n.id, big)
  }
  expect_identical(bcda_read(result, flatten = FALSE)$id, big)
  lists <- bcda_next(bcda_records(result, as = "list"))
  expect_identical(vapply(lists, function(record) record$n$id, ""), big)
})

test_that("small numbers among big ones keep their digits, wherever the chunks end", {
  result <- export_with('{"id":1}', '{"id":9007199254740993}', '{"id":100000}', '{"id":2.5}', "{}")
  digits <- c("1", "9007199254740993", "100000", "2.5", NA)
  for (chunk in 1:5) {
    for (flatten in c(TRUE, FALSE)) {
      expect_identical(bcda_read(result, chunk = chunk, flatten = flatten)$id, digits, label = paste(chunk, flatten))
    }
  }
})

test_that("numbers are numbers, flags are flags", {
  result <- export_with('{"i":1,"d":0.1,"e":1e300,"l":true,"s":"1","n":null}', '{"i":2147483648,"d":-5,"e":0,"l":false,"s":""}')
  for (chunk in c(1, 5)) {
    for (flatten in c(TRUE, FALSE)) {
      frame <- bcda_read(result, chunk = chunk, flatten = flatten)
      expect_equal(frame$i, c(1, 2147483648))
      expect_identical(frame$d, c(0.1, -5))
      expect_identical(frame$e, c(1e300, 0))
      expect_identical(frame$l, c(TRUE, FALSE))
      expect_identical(frame$s, c("1", ""))
    }
  }
})

test_that("every digit of an amount is kept", {
  amounts <- c(0.1, 1234567.89, 1e15 + 0.5, .Machine$double.eps, 1 / 3)
  result <- export_with(sprintf('{"amount":{"value":%.17g}}', amounts))
  for (chunk in c(1, 10)) expect_identical(bcda_read(result, chunk = chunk)$amount.value, amounts)
})

test_that("records with differing members are aligned", {
  result <- export_with(
    '{"a":1,"b":{"c":"x"}}', '{"b":{"d":[1,2]}}', '{"a":"text"}', '{"e":[{"f":1}]}', '{"b":null}', "{}"
  )
  for (chunk in 1:6) {
    frame <- bcda_read(result, chunk = chunk)
    expect_identical(nrow(frame), 6L)
    expect_identical(frame$a, c("1", NA, "text", NA, NA, NA))
    expect_identical(frame$b.c, c("x", NA, NA, NA, NA, NA))
    expect_equal(unlist(frame$b.d[[2]]), 1:2)
    expect_identical(lengths(frame$b.d), c(0L, 2L, 0L, 0L, 0L, 0L))
    expect_identical(lengths(frame$e) > 0, 1:6 == 4)
    expect_false(any(c("b", "e.f") %in% setdiff(names(frame), "b")), label = "columns of what is nested")
  }
})

test_that("a member that is a scalar here and nested there is a list column", {
  for (lines in list(c('{"a":1}', '{"a":[1,2]}'), c('{"a":[1,2]}', '{"a":1}'))) {
    for (chunk in 1:2) {
      for (flatten in c(TRUE, FALSE)) {
        frame <- bcda_read(export_with(lines), chunk = chunk, flatten = flatten)
        expect_identical(nrow(frame), 2L)
        expect_true(is.list(frame$a))
        expect_identical(sort(lengths(frame$a)), 1:2)
      }
    }
  }
})

test_that("odd names of members stay apart", {
  result <- export_with('{"a.b":1,"a":{"b":2},"":3,"if":4,"x y":5}')
  frame <- bcda_read(result)
  expect_identical(anyDuplicated(names(frame)), 0L)
  expect_setequal(unlist(frame), 1:5)
  frame <- bcda_read(result, flatten = FALSE)
  expect_identical(names(frame), c("a.b", "a", "", "if", "x y"))
})

test_that("texts are Unicode", {
  texts <- c("\U1F600\U1FA7A", "\u00e9\u4e2d", "\ufeff", "a\tb\"\\", "\u0001", "NA", "")
  json <- vapply(texts, function(text) as.character(jsonlite::toJSON(list(t = text), auto_unbox = TRUE)), "")
  result <- export_with(json, '{"t":"\\ud83d\\ude00"}')
  for (flatten in c(TRUE, FALSE)) {
    read <- bcda_read(result, flatten = flatten)$t
    expect_identical(read, c(texts, "\U1F600"))
    expect_true(all(validUTF8(read)))
  }
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
    expect_identical(nrow(bcda_read(result)), as.integer(content[[3]]), label = content[[1]])
    expect_identical(nrow(bcda_read(result, flatten = FALSE, chunk = 50000)), as.integer(content[[3]]), label = content[[1]])
    for (as in c("frame", "list", "text")) {
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
      for (as in c("frame", "list")) {
        error <- expect_status(
          bcda_records(path, handler = identity, as = as), "PROTOCOL",
          c(path, sprintf("line %s, byte %s:", before[2], before[3]))
        )
        expect_identical(error$file, path)
        expect_unsaid("hunter2", everything_said(error))
      }
      expect_status(bcda_read(path, flatten = FALSE, chunk = 7), "PROTOCOL", sprintf("line %s,", before[2]))
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
    for (call in list(bcda_read, function(result) bcda_records(result, handler = identity, as = "text", n = 3))) {
      error <- expect_status(call(result), "VERIFICATION", c(path, "were verified"))
      expect_identical(error$file, path)
    }
  }
  unlink(result$files$path[1])
  expect_status(bcda_read(result), "FILESYSTEM", result$files$path[1])
})

test_that("chunks come in order, do not span files, and end with NULL", {
  records <- bcda_records(shared_result(), "Patient", n = 4)
  expect_s3_class(records, "bcda_records")
  sizes <- integer()
  ids <- character()
  while (!is.null(chunk <- bcda_next(records))) {
    sizes <- c(sizes, nrow(chunk))
    ids <- c(ids, chunk$id)
  }
  expect_identical(sizes, c(4L, 4L, 2L, 4L, 4L, 2L))
  expect_identical(ids, bcda_read(shared_result(), "Patient")$id)
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
  count <- bcda_records(shared_result(), "Patient", function(chunk) nrow(bcda_read(shared_result(), "Coverage")), n = 7)
  expect_identical(count, 20)
})
