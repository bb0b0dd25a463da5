# Data frames of records: the columns that are always there, how they are shown, how they are written to a file.

ALL_TYPES <- c("Patient", "Coverage", "ExplanationOfBenefit")

# An export of these types without a file.
empty_export <- function(types) export_of(client_of(a_sandbox(fault = "job-empty")), types)

export_with_lines <- function(lines) written_export(Patient = paste0(lines, "\n", collapse = ""))

kinds <- function(frame) vapply(frame, typeof, "")

test_that("the known columns are those that the service writes", {
  for (type in ALL_TYPES) {
    for (flatten in c(TRUE, FALSE)) {
      read <- columns_of(unlist(lapply(shared_result()$files$path[shared_result()$files$type == type], function(path) {
        bcda_next(bcda_records(path, as = "list"))
      }), recursive = FALSE), if (flatten) DEEPEST else 0)
      known <- known_columns(type, 0, flatten)
      expect_setequal(names(known), names(read))
      expect_identical(kinds(known[names(read)]), kinds(read))
    }
  }
})

test_that("an empty night has the columns of a full one", {
  empty <- empty_export(ALL_TYPES)
  expect_identical(nrow(empty$files), 0L)
  for (type in ALL_TYPES) {
    for (nested in c("list", "json")) {
      for (flatten in c(TRUE, FALSE)) {
        none <- bcda_read(empty, type, flatten = flatten, nested = nested)
        some <- bcda_read(shared_result(), type, flatten = flatten, nested = nested)
        expect_identical(dim(none)[1], 0L)
        expect_identical(kinds(none)[names(some)], kinds(some))
        expect_identical(class(none), class(some))
        expect_identical(nrow(rbind(none, some)), nrow(some))
      }
    }
  }
  claims <- bcda_read(empty, "ExplanationOfBenefit")
  expect_identical(claims$payment.amount.value, numeric())
  expect_identical(sum(claims$payment.amount.value), 0)
  expect_identical(nrow(claims[claims$status == "active", c("id", "patient.reference")]), 0L)
})

test_that("a file without a record is an empty night, too", {
  for (content in c("", "\n \n")) {
    claims <- bcda_read(written_export(ExplanationOfBenefit = content))
    expect_identical(claims$payment.amount.value, numeric())
    expect_identical(claims$item, list())
  }
  expect_identical(dim(bcda_read(written_export(Observation = ""))), c(0L, 0L))
})

test_that("the type may be left out when one was asked for, or has files", {
  expect_identical(names(bcda_read(empty_export("Coverage"))), names(COLUMNS$Coverage))
  expect_refused(bcda_read(empty_export(c("Patient", "Coverage"))), c("which resource type", "Coverage, Patient"))
  expect_refused(bcda_read(empty_export("Patient"), "Coverage"), "it has Patient")
})

test_that("a column that no record has is missing values, wherever the chunks end", {
  drug <- '{"resourceType":"ExplanationOfBenefit","id":"%d","status":"active"}'
  result <- written_export(ExplanationOfBenefit = paste0(sprintf(drug, 1:3), "\n", collapse = ""))
  claims <- bcda_read(result)
  expect_identical(claims$payment.amount.value, rep(NA_real_, 3))
  expect_identical(claims$item, list(NULL, NULL, NULL))
  expect_true(is.na(sum(claims$payment.amount.value)))
  bcda_records(result, n = 2, handler = function(chunk) expect_setequal(names(chunk), names(claims)))
  other <- written_export(Patient = '{"resourceType":"Other","a":1}\n{"a":2}\n')
  expect_identical(names(bcda_read(other)), c("resourceType", "a"))
})

# ---- Shown ----

shown <- function(x, ...) capture.output(print(x, ...))

with_width <- function(width, code) {
  old <- options(width = width)
  on.exit(options(old))
  code
}

test_that("a print is short, whatever is in the frame", {
  for (type in ALL_TYPES) {
    read <- bcda_read(shared_result(), type)
    for (frame in list(read, head(read), read[2:3, ], read[c("id", "resourceType")], read[0, ], read[integer()])) {
      expect_s3_class(frame, c("bcda_frame", "data.frame"), exact = TRUE)
      for (width in c(40, 80, 200)) {
        said <- with_width(width, shown(frame))
        expect_lte(max(nchar(said)), max(width, 2 * CELL + 10))
        expect_lt(length(said), 30)
        expect_match(said[1], paste0("<bcda_frame: ", nrow(frame), " rows?, ", length(frame), " columns?>"))
      }
    }
  }
  wide <- bcda_read(written(charToRaw(paste0("{", paste0('"', 1:2000, '":"', strrep("x", 5000), '"', collapse = ","), "}"))))
  expect_lt(sum(nchar(shown(wide))), 2000)
})

test_that("a print has cut cells, lists as <list>, and what is left out", {
  lines <- c('{"a":"short","b":[1,2],"c":1.5}', sprintf('{"a":"%s","b":null,"d":true}', strrep("long ", 20)))
  frame <- bcda_read(written(charToRaw(paste(lines, collapse = "\n"))))
  said <- with_width(80, shown(frame))
  expect_match(said[2], "^ +a +b +c +d *$")
  expect_match(said[3], "^1 short +<list> +1.5 +NA *$")
  expect_match(said[4], "^2 long long long\\S* ?\\S*\\.\\.\\. +NA +NA +TRUE *$")
  expect_length(said, 4)
  expect_match(shown(frame, n = 1), "^# 1 more row$", all = FALSE)
  expect_match(paste(with_width(10, shown(frame)), collapse = " "), "# 3 more +columns: +b, c, d")
  capture.output(expect_identical(expect_invisible(print(frame[0, ])), frame[0, ]))
})

test_that("a print gives a terminal nothing to obey", {
  frame <- bcda_read(written(charToRaw('{"a\\u001b[2J":"x\\u001b[31m\\nred"}\n')))
  expect_no_match(shown(frame), "[[:cntrl:]]")
})

# ---- Written ----

test_that("with nested = \"json\" a CSV file has all that the records have", {
  for (type in ALL_TYPES) {
    frame <- bcda_read(shared_result(), type, nested = "json")
    expect_false(any(vapply(frame, is.list, NA)))
    path <- tempfile(fileext = ".csv")
    utils::write.csv(frame, path, row.names = FALSE)
    again <- utils::read.csv(path, colClasses = vapply(frame, class, ""), na.strings = "NA", check.names = FALSE)
    expect_equal(again, as.data.frame(frame), ignore_attr = FALSE)
    lists <- bcda_read(shared_result(), type)
    for (name in names(lists)[vapply(lists, is.list, NA)]) {
      parsed <- lapply(again[[name]], function(text) if (!is.na(text)) jsonlite::parse_json(text, bigint_as_char = TRUE))
      expect_identical(parsed, lists[[name]], label = name)
    }
    later <- as.data.frame(lists, nested = "json")
    expect_identical(class(later), "data.frame")
    expect_identical(later, as.data.frame(frame))
    chunks <- list()
    bcda_records(shared_result(), type, function(chunk) chunks[[length(chunks) + 1]] <<- chunk, nested = "json")
    expect_identical(do.call(rbind, chunks)$id, frame$id)
  }
})

test_that("JSON of what is nested means the same", {
  values <- c(
    "[]", "{}", "[1,2.5]", "[0.1,1e300,0.30000000000000004]", '[{"a":null,"b":[true,"x\\"y\\n"]}]', '["NA",""]', '{"a":{"b":[]}}',
    "[null]", "[[1],[]]", "[9007199254740993]", '["\\u00e9\\ud83d\\ude00"]'
  )
  # A scalar among them keeps them in one column, unflattened.
  result <- export_with_lines(c(sprintf('{"v":%s}', values), '{"v":1}', '{"v":true}', '{"v":"x"}', "{}"))
  lists <- bcda_read(result)$v
  json <- bcda_read(result, nested = "json")$v
  expect_identical(json[length(json)], NA_character_)
  expect_identical(json[length(values) + 1:3], c("1", "true", '"x"'))
  for (i in seq_along(values)) {
    expect_equal(jsonlite::parse_json(json[i], bigint_as_char = TRUE), lists[[i]], tolerance = 0, label = values[i])
  }
  expect_identical(json[4], "[0.1,1e+300,0.30000000000000004]")
})

test_that("JSON of what is nested deep, and of any text, is written", {
  deep <- paste0('{"a":[', strrep("[", 100), strrep("]", 100), "]}")
  expect_identical(bcda_read(export_with_lines(deep), nested = "json")$a, substr(deep, 6, nchar(deep) - 1))
  texts <- c("a\tb\u0001\u001f", '\\ "', "\u00e9", "")
  expect_identical(jsonlite::parse_json(json_of(as.list(texts))), as.list(texts))
  expect_identical(json_of(stats::setNames(list(), character())), "{}")
})

test_that("nested is one of two", {
  for (nested in list("text", NA, 1, c("list", "json"), NULL)) {
    expect_refused(bcda_read(shared_result(), "Patient", nested = nested), "nested")
    expect_refused(bcda_records(shared_result(), "Patient", nested = nested), "nested")
    expect_refused(as.data.frame(bcda_read(shared_result(), "Patient"), nested = nested), "nested")
  }
})
