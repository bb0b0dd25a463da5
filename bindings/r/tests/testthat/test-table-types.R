# How each type of a column becomes a vector of R: no value is changed, and what R cannot hold is not lost silently.

num <- function(text) paste0('"v":', text)

test_that("integers stay integers, but for R's NA", {
  expect_identical(values_in(num(c("0", "-5", "2147483647")), "v", type = "integer"), c(0L, -5L, 2147483647L))
  expect_identical(values_in(c(num("7"), "", num("-7")), "v", type = "integer"), c(7L, NA, -7L))
  expect_identical(values_in(c(num(c("-2147483648", "1")), ""), "v", type = "integer"), c(-2147483648, 1, NA))
  one_a_batch <- values_in(num(c("1", "-2147483648", "2")), "v", type = "integer", how = list(batch_rows = 1))
  expect_identical(one_a_batch, c(1, -2147483648, 2))
  lists <- values_in(num(c("[1,2]", "[]", "[-2147483648,5]")), "v", type = "integer", collection = TRUE, how = list(batch_rows = 1))
  expect_identical(lists, list(1:2, integer(), c(-2147483648, 5)))
})

test_that("64-bit integers are doubles, or text if one is beyond 2^53", {
  for (type in list(list(type = "integer64"), list(sql = "BIGINT"))) {
    read <- function(texts, ...) do.call(values_in, c(list(num(texts), "v", how = list(...)), type))
    edge <- c("9007199254740992", "-9007199254740992", "1")
    expect_identical(read(edge), c(2^53, -2^53, 1))
    beyond <- c("9007199254740993", "-9007199254740993", "9223372036854775807", "-9223372036854775808", "0")
    expect_identical(read(beyond), beyond)
    expect_identical(read(c("1", "9007199254740992", "9007199254740993"), batch_rows = 1), c("1", "9007199254740992", "9007199254740993"))
  }
  expect_identical(values_in(c(num("9007199254740993"), ""), "v", type = "integer64", how = list(batch_rows = 1)), c("9007199254740993", NA))
  lists <- values_in(num(c("[1]", "[9007199254740993,2]", "[]")), "v", type = "integer64", collection = TRUE, how = list(batch_rows = 1))
  expect_identical(lists, list("1", c("9007199254740993", "2"), character()))
})

test_that("decimals are the nearest doubles, or text with all digits", {
  texts <- c("0.07", "1234567.89", "-0.01", "99999999999999.99", "0", "-254072.03", "0.29", "4.35", "1e2")
  decimals <- values_in(c(num(texts), ""), "v", sql = "DECIMAL(18,2)")
  expect_identical(decimals, c(0.07, 1234567.89, -0.01, 99999999999999.99, 0, -254072.03, 0.29, 4.35, 100, NA))
  as_text <- values_in(c(num(texts), ""), "v", sql = "DECIMAL(18,2)", how = list(decimals = "text"))
  expect_identical(as_text, c("0.07", "1234567.89", "-0.01", "99999999999999.99", "0.00", "-254072.03", "0.29", "4.35", "100.00", NA))
})

test_that("a decimal beyond 2^53 is the nearest double, too", {
  # Each is between two doubles; the first digits of the double that is nearest come from exact arithmetic.
  large <- c(
    "9007199254740993" = "9007199254740992", "9007199254740995" = "9007199254740996", "36028797018963971" = "36028797018963968",
    "36028797018963972.1" = "36028797018963976", "-36028797018963972.1" = "-36028797018963976",
    "1234567890123456789012345678" = "1234567890123456850245451776"
  )
  doubles <- values_in(num(names(large)), "v", sql = "DECIMAL(38,10)")
  expect_identical(sprintf("%.0f", doubles), unname(large))
  expect_identical(values_in(num("9007199254740993.1234567891"), "v", sql = "DECIMAL(38,10)", how = list(decimals = "text")), "9007199254740993.1234567891")
  small <- values_in(num("0.00000000000000000000000000000000000001"), "v", sql = "DECIMAL(38,38)")
  expect_identical(sprintf("%.17g", small), "9.9999999999999996e-39") # the double of 1e-38
  whole <- values_in(num("-99999999999999999999999999999999999999"), "v", sql = "DECIMAL(38,0)", how = list(decimals = "text"))
  expect_identical(whole, "-99999999999999999999999999999999999999")
  lists <- values_in(num(c("[1.05,2]", "[]")), "v", sql = "DECIMAL(5,2)", collection = TRUE)
  expect_identical(lists, list(c(1.05, 2), double()))
  lists <- values_in(num(c("[1.05,2]", "[]")), "v", sql = "DECIMAL(5,2)", collection = TRUE, how = list(decimals = "text"))
  expect_identical(lists, list(c("1.05", "2.00"), character()))
})

test_that("doubles, booleans and untyped values", {
  expect_identical(values_in(c(num(c("1e300", "0.1", "5")), ""), "v", sql = "DOUBLE"), c(1e300, 0.1, 5, NA))
  expect_identical(values_in(c(num(c("true", "false")), ""), "v", type = "boolean"), c(TRUE, FALSE, NA))
  expect_identical(values_in(c(num(c("1.50", "true", '"x"', '""')), ""), "v"), c("1.50", "true", "x", "", NA))
  expect_identical(values_in(num("[true,false]"), "v", type = "boolean", collection = TRUE), list(c(TRUE, FALSE)))
})

test_that("many booleans and missing values come in their places", {
  flags <- rep(c(TRUE, NA, FALSE, FALSE, TRUE, NA, NA), length.out = 1000)
  members <- ifelse(is.na(flags), "", num(tolower(flags)))
  for (rows in c(7, 8, 64, 1000)) expect_identical(values_in(members, "v", type = "boolean", how = list(batch_rows = rows)), flags)
  numbers <- ifelse(is.na(flags), NA_integer_, seq_along(flags))
  expect_identical(values_in(ifelse(is.na(numbers), "", num(numbers)), "v", type = "integer"), numbers)
})

test_that("dates are dates, and instants are times in UTC", {
  days <- c("1950-05-05", "2020-02-29", "1899-12-31", "9999-12-31", "0001-01-01")
  dates <- values_in(c(num(paste0('"', days, '"')), ""), "v", sql = "DATE")
  expect_identical(dates, as.Date(c(days, NA)))
  instants <- c("2026-02-13T08:00:00Z", "2026-02-13T08:00:00.123456-05:00", "1900-01-01T00:00:00.25Z", "9999-12-31T23:59:59Z")
  times <- values_in(c(num(paste0('"', instants, '"')), ""), "v", type = "instant")
  wanted <- do.call(c, lapply(instants, time_of))
  expect_identical(attributes(times), list(class = c("POSIXct", "POSIXt"), tzone = "UTC"))
  expect_identical(as.numeric(times), c(as.numeric(wanted), NA))
  expect_identical(rfc3339(times[2]), "2026-02-13T13:00:00.123456Z")
  expect_identical(values_in(num('"2026-02-13"'), "v", type = "date"), "2026-02-13") # no type of SQL was asked for
})

test_that("a time is the seconds since midnight, and bytes are raw", {
  times <- values_in(c(num(c('"08:30:00.5"', '"23:59:59"')), ""), "v", sql = "TIME")
  expect_identical(times, as.difftime(c(30600.5, 86399, NA), units = "secs"))
  bytes <- values_in(c(num(c('"AAEC"', '""')), ""), "v", type = "base64Binary")
  expect_identical(bytes, list(as.raw(0:2), raw(), NULL))
  expect_identical(values_in(num('["AAEC","AA=="]'), "v", type = "base64Binary", collection = TRUE), list(list(as.raw(0:2), raw(1))))
})

test_that("a collection is a vector of its type in each row", {
  lists <- function(items, ...) values_in(c(num(items), "", num("[]")), "v", ..., collection = TRUE)
  expect_identical(lists('["a","\u00e9"]', type = "string"), list(c("a", "\u00e9"), character(), character()))
  expect_identical(lists('["2020-01-01"]', sql = "DATE"), list(as.Date("2020-01-01"), as.Date(double()), as.Date(double())))
  no_times <- .POSIXct(double(), "UTC")
  expect_identical(lists('["2020-01-01T00:00:00Z"]', type = "instant"), list(.POSIXct(1577836800, "UTC"), no_times, no_times))
  no_seconds <- as.difftime(double(), units = "secs")
  expect_identical(lists('["00:00:01"]', sql = "TIME"), list(as.difftime(1, units = "secs"), no_seconds, no_seconds))
  rows <- values_in(num(c('["a"]', "[]", '["b","c"]', "[]", '["d"]')), "v", type = "string", collection = TRUE, how = list(batch_rows = 2))
  expect_identical(rows, list("a", character(), c("b", "c"), character(), "d"))
  changed <- rows
  changed[[2]][1] <- "x" # the empty ones are one vector, of which R makes a copy
  expect_identical(rows[[4]], character())
})

test_that("a collection with an item that does not fit is NULL on demand, and NA as JSON", {
  path <- patients_with(c(num('[1,"x",3]'), num("[4]"), ""))
  view <- view_of(column("v", type = "integer", collection = TRUE))
  read <- function(...) suppressMessages(bcda_table(path, view = view, on_error = "null", ...)$v)
  expect_identical(read(), list(NULL, 4L, integer()))
  expect_identical(read(nested = "json"), c(NA, "[4]", "[]"))
  expect_identical(read(nested = "json", batch_rows = 1), c(NA, "[4]", "[]"))
})

test_that("collections of every type are JSON on demand", {
  json <- function(items, ...) values_in(c(num(items), ""), "v", ..., collection = TRUE, how = list(nested = "json"))
  expect_identical(json('["a\\"b","\u00e9"]', type = "string"), c('["a\\"b","\u00e9"]', "[]"))
  expect_identical(json("[1,100000]", type = "integer"), c("[1,100000]", "[]"))
  expect_identical(json("[1,9007199254740992]", type = "integer64"), c("[1,9007199254740992]", "[]"))
  expect_identical(json("[true]", type = "boolean"), c("[true]", "[]"))
  expect_identical(json("[1.05]", sql = "DECIMAL(18,2)"), c("[1.05]", "[]"))
  expect_identical(json('["2020-01-01"]', sql = "DATE"), c('["2020-01-01"]', "[]"))
  expect_identical(json('["2020-01-01T00:00:00.5Z"]', type = "instant"), c('["2020-01-01T00:00:00.500000Z"]', "[]"))
  expect_identical(json('["08:30:00"]', sql = "TIME"), c('["08:30:00"]', "[]"))
  expect_identical(json('["AAEC"]', type = "base64Binary"), c('["AAEC"]', "[]"))
  bytes <- values_in(c(num('"AAEC"'), ""), "v", type = "base64Binary", how = list(nested = "json"))
  expect_identical(bytes, c('"AAEC"', NA))
})

test_that("a text is a text, whatever is in it", {
  texts <- c("", " ", "NA", "a\nb", "\u00e9\U1F600", strrep("x", 1e5), "NA")
  members <- num(vapply(texts, function(text) jsonlite::toJSON(text, auto_unbox = TRUE), ""))
  for (rows in c(1, 3, 100)) expect_identical(values_in(c(members, ""), "v", how = list(batch_rows = rows)), c(texts, NA))
  repeated <- rep(c("a", "a", "b", NA, "b", "b", "", NA, "", ""), 50)
  expect_identical(values_in(ifelse(is.na(repeated), "", num(paste0('"', repeated, '"'))), "v"), repeated)
})

test_that("a NUL is an error that does not show the text", {
  live <- handles_in_use()
  for (collection in c(FALSE, TRUE)) {
    text <- if (collection) '["x","Jane\\u0000Doe"]' else '"Jane\\u0000Doe"'
    error <- expect_status(values_in(num(c(if (collection) "[]" else '"x"', text)), "v", collection = collection), "RECORD", c("column v", "U+0000"))
    expect_unsaid("Jane", everything_said(error))
  }
  expect_identical(values_in(num('"AA=="'), "v", type = "base64Binary"), list(raw(1))) # bytes may be 0
  expect_identical(handles_in_use(), live)
})

test_that("the columns of a batch are checked", {
  tables <- native_tables_create()
  config <- native_config_create()
  on.exit({
    native_tables_destroy(tables)
    native_config_destroy(config)
  })
  expect_refused(native_batch_column(tables, 0, 0))
  expect_refused(native_tables_export(tables, config, 0), "no table")
  native_tables_add_table(tables, "beneficiary")
  expect_refused(native_tables_open(tables, config), "paths")
  native_tables_add_path(tables, patients_with('"id":"1"'))
  native_tables_open(tables, config)
  expect_refused(native_batch_column(tables, 0, 0), "no batch")
  expect_identical(native_tables_next(tables), 0L)
  expect_identical(native_batch_column(tables, 0, 0), "1")
  for (column in c(-1, 1000)) expect_refused(native_batch_column(tables, column, 0))
  expect_identical(native_tables_next(tables), -1L)
  expect_refused(native_batch_column(tables, 0, 0), "no batch")
  native_tables_destroy(tables)
  expect_status(native_batch_column(tables, 0, 0), "STATE", "closed")
})

test_that("a torture of the garbage collector changes nothing", {
  view <- view_of(
    column("s"), column("l", "l", type = "string", collection = TRUE), column("i", "i", type = "instant", collection = TRUE),
    column("z", "z", type = "base64Binary"), column("d", "d", sql = "DECIMAL(18,2)")
  )
  members <- '"s":"a text","l":["x1","x2"],"i":["2020-01-01T00:00:00Z"],"z":"AAEC","d":1.5'
  path <- patients_with(c(members, "", members))
  plain <- bcda_table(path, view = view, decimals = "text")
  tortured <- local({
    old <- gctorture(TRUE)
    on.exit(gctorture(old))
    bcda_table(path, view = view, decimals = "text")
  })
  expect_identical(tortured, plain)
})
