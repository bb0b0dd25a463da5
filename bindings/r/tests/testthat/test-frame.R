# Data frames of tables, as they are shown. How they are written to a file is in test-tables.R.

shown <- function(x, ...) capture.output(print(x, ...))

with_width <- function(width, code) {
  old <- options(width = width)
  on.exit(options(old))
  code
}

# A frame of patients with these members. Column `a` is text, `b` a collection, `c` a number, `d` a flag, `e` bytes.
frame_of <- function(members) {
  view <- view_of(
    column("a"), column("b", type = "integer", collection = TRUE), column("c", type = "decimal", sql = "DOUBLE"),
    column("d", type = "boolean"), column("e", type = "base64Binary")
  )
  bcda_table(patients_with(members), view = view)
}

test_that("a print is short, whatever is in the frame", {
  for (table in c("beneficiary", "coverage", "claim", "claim_line")) {
    read <- bcda_table(shared_result(), table)
    for (frame in list(read, head(read), read[2:3, ], read[2:1], read[0, ], read[integer()])) {
      expect_s3_class(frame, c("bcda_frame", "data.frame"), exact = TRUE)
      for (width in c(40, 80, 200)) {
        said <- with_width(width, shown(frame))
        expect_lte(max(nchar(said)), max(width, 2 * CELL + 10))
        expect_lt(length(said), 40)
        expect_match(said[1], paste0("<bcda_frame: ", nrow(frame), " rows?, ", length(frame), " columns?>"))
      }
    }
  }
  columns <- lapply(paste0("n", 1:2000), column, path = "a")
  wide <- bcda_table(patients_with(sprintf('"a":"%s"', strrep("x", 5000))), view = do.call(view_of, columns))
  expect_lt(sum(nchar(shown(wide))), 2000)
})

test_that("a print has cut cells, the items of lists, and what is left out", {
  frame <- frame_of(c('"a":"short","b":[1,2],"c":1.5', sprintf('"a":"%s","d":true,"e":"AAEC"', strrep("long ", 20))))
  said <- with_width(80, shown(frame))
  expect_match(said[2], "^ +a +b +c +d +e *$")
  expect_match(said[3], "^1 short +1, 2 +1.5 +NA +NA *$")
  expect_match(said[4], "^2 long long long\\S* ?\\S*\\.\\.\\. +NA +TRUE +00, 01, 02 *$")
  expect_length(said, 4)
  expect_match(shown(frame, n = 1), "^# 1 more row$", all = FALSE)
  expect_match(paste(with_width(10, shown(frame)), collapse = " "), "# 4 more +columns: +b, +c, +d, +e")
  capture.output(expect_identical(expect_invisible(print(frame[0, ])), frame[0, ]))
})

test_that("a print gives a terminal nothing to obey", {
  frame <- frame_of('"a":"x\\u001b[31m\\nred"')
  names(frame)[2] <- "b\u001b[2J"
  expect_no_match(shown(frame), "[[:cntrl:]]")
})

test_that("nested is one of two", {
  for (nested in list("text", NA, 1, c("list", "json"), NULL)) {
    expect_refused(as.data.frame(frame_of(""), nested = nested), "nested")
  }
})
