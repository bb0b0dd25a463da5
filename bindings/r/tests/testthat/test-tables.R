# Claims as tables: what the tables of samples have, which sources and settings they take, and what they refuse.

ALL_TABLES <- bcda_tables()$name

# ---- Against the samples ---------------------------------------------------------------------------------------------

# The text of a column of a table, as the samples' CSV files have it, and that text in the same form.
as_expected <- function(values, texts, type) {
  if (is.list(values)) {
    parsed <- lapply(texts, function(text) unlist(jsonlite::parse_json(text)) %||% vector(typeof(values[[1]]), 0))
    return(list(values, parsed))
  }
  switch(sub("[(].*", "", type),
    DECIMAL = list(as.numeric(values), as.numeric(texts)),
    DATE = list(format(values), texts),
    instant = list(as.numeric(values), vapply(texts, function(text) as.numeric(time_of(text)), 0, USE.NAMES = FALSE)),
    boolean = list(values, c(true = TRUE, false = FALSE)[texts]),
    integer = list(values, as.integer(texts)),
    list(values, texts)
  )
}

test_that("the tables of the samples are those that are expected", {
  skip_without_repository()
  cells <- 0
  for (generation in GENERATIONS) {
    for (table in ALL_TABLES) {
      expected <- expected_table(generation, table)
      types <- bcda_table_columns(table)
      for (decimals in c("double", "text")) {
        frame <- bcda_table(samples_of(generation), table, decimals = decimals)
        label <- paste(generation, table)
        expect_identical(names(frame), names(expected), label = label)
        expect_identical(names(frame), types$name, label = label)
        expect_identical(nrow(frame), nrow(expected), label = label)
        for (name in names(frame)) {
          both <- as_expected(frame[[name]], expected[[name]], types$type[types$name == name])
          expect(identical(unname(both[[1]]), unname(both[[2]])), paste(label, name))
          cells <- cells + length(both[[1]])
        }
      }
    }
  }
  expect_gt(cells, 20000)
})

test_that("the sums of the samples come to the cent", {
  skip_without_repository()
  paid <- function(...) bcda_table(samples_of("v3"), "claim", columns = "payment_amount", ...)[[1]]
  expect_identical(paid(), c(254072.03, 3.5, NA, 2690.19))
  expect_identical(paid(decimals = "text"), c("254072.03", "3.50", NA, "2690.19"))
  expect_identical(sum(round(100 * paid()), na.rm = TRUE) / 100, 256765.72)
  cents <- function(texts) sum(as.numeric(sub(".", "", texts, fixed = TRUE)), na.rm = TRUE)
  for (generation in GENERATIONS) {
    amounts <- function(decimals) bcda_table(samples_of(generation), "claim_amount", decimals = decimals)$amount # in 1/100 cents
    expect_identical(sum(round(10000 * amounts("double")), na.rm = TRUE), cents(amounts("text")))
  }
})

# ---- Types -----------------------------------------------------------------------------------------------------------

CLASSES <- list(
  string = "character", boolean = "logical", integer = "integer", instant = c("POSIXct", "POSIXt"), DATE = "Date",
  DECIMAL = "numeric"
)
classes <- function(frame) lapply(frame, class)

test_that("a column has the type of the dictionary, with rows and without", {
  skip_without_repository()
  nothing <- written(raw())
  for (table in ALL_TABLES) {
    dictionary <- bcda_table_columns(table)
    wanted <- stats::setNames(CLASSES[sub("[(].*", "", dictionary$type)], dictionary$name)
    wanted[dictionary$list] <- "list"
    expect_identical(lengths(wanted) > 0, stats::setNames(rep(TRUE, nrow(dictionary)), dictionary$name))
    for (paths in c(list(nothing), lapply(GENERATIONS, samples_of))) {
      frame <- bcda_table(paths, table)
      expect_s3_class(frame, c("bcda_frame", "data.frame"), exact = TRUE)
      expect_identical(classes(frame), wanted, label = table)
      for (name in names(frame)[wanted == "POSIXct"]) expect_identical(attr(frame[[name]], "tzone"), "UTC")
    }
    wanted[vapply(wanted, identical, NA, "numeric")] <- "character"
    expect_identical(classes(bcda_table(nothing, table, decimals = "text")), wanted)
    wanted[dictionary$list] <- "character"
    expect_identical(classes(bcda_table(nothing, table, decimals = "text", nested = "json")), wanted)
  }
})

test_that("a night without claims has the columns of one with claims", {
  skip_without_repository()
  none <- bcda_table(export_of(client_of(a_sandbox(fault = "job-empty")), "ExplanationOfBenefit"), "claim_line")
  some <- bcda_table(shared_result(), "claim_line")
  expect_identical(nrow(none), 0L)
  expect_gt(nrow(some), 0)
  expect_identical(classes(none), classes(some))
  expect_identical(sum(none$paid_amount), 0)
  expect_identical(nrow(rbind(none, some)), nrow(some))
  no_types <- bcda_table(export_of(shared_client(), "Patient"), "claim_line") # no claims were asked for
  expect_identical(classes(no_types), classes(some))
})

test_that("values = \"text\" makes text of all, and lists of text", {
  skip_without_repository()
  frame <- bcda_table(samples_of("v3"), "claim_line", values = "text")
  lists <- bcda_table_columns("claim_line")$list
  expect_identical(unname(vapply(frame, is.list, NA)), lists)
  expect_true(all(vapply(frame[!lists], is.character, NA)))
  expect_true(all(vapply(unlist(frame[lists], recursive = FALSE), is.character, NA)))
})

test_that("a view makes a table of any resource type", {
  view <- view_of(
    column("patient", "subject.getReferenceKey(Patient)"), column("code", "code.coding.code.first()"),
    column("value", "value.ofType(Quantity).value", type = "decimal", sql = "DECIMAL(18,4)"),
    resource = "Observation"
  )
  line <- paste0(
    '{"resourceType":"Observation","subject":{"reference":"Patient/p%d"},"code":{"coding":[{"code":"8302-2"}]},',
    '"valueQuantity":{"value":%.2f}}\n'
  )
  result <- written_export(Observation = paste(sprintf(line, 1:5, 1:5 / 4), collapse = ""))
  whole <- bcda_table(result, view = view)
  expect_identical(as.data.frame(whole), data.frame(patient = paste0("p", 1:5), code = "8302-2", value = 1:5 / 4))
  chunks <- list()
  bcda_table_chunks(result, view = view, batch_rows = 2, handler = function(chunk) chunks[[length(chunks) + 1]] <<- chunk)
  expect_identical(vapply(chunks, nrow, 0L), c(2L, 2L, 1L))
  expect_identical(do.call(rbind, chunks), whole)
  expect_identical(bcda_table(written_export(Observation = ""), view = view), whole[integer(), ])
})

# ---- Sources ---------------------------------------------------------------------------------------------------------

test_that("a table is made of a result, of its directory, of a series, and of files", {
  result <- export_of(client_of(a_sandbox(profile = "bcda-v3")), c("Patient", "Coverage"))
  keys <- bcda_table(result, "beneficiary")$beneficiary_key
  records <- bcda_next(bcda_records(result, "Patient"))
  expect_setequal(keys, vapply(records, function(record) record$id, ""))
  expect_length(keys, 10)
  files <- result$files$path[result$files$type == "Patient"]
  nothing <- written(raw(), tempfile(fileext = ".ndjson"))
  for (source in list(result$directory, files, bcda_result(result$directory), c(result$directory, nothing))) {
    expect_identical(bcda_table(source, "beneficiary")$beneficiary_key, keys)
  }
  with_directory(dirname(result$directory), expect_length(bcda_table("claims", "beneficiary")[[1]], 10))
})

test_that("of a series, the current state or all that was exported", {
  client <- client_of(a_sandbox(profile = "bcda-v3", changes = 1))
  series <- place()
  bcda_sync(client, series, progress = FALSE)
  bcda_sandbox_control(client$keeps, "clock", "48h")
  bcda_sync(client, series, progress = FALSE)
  keys <- function(...) bcda_table(series, "beneficiary", ...)$beneficiary_key
  expect_length(keys(), 10)
  expect_length(unique(keys()), 10)
  expect_length(keys(current = TRUE), 10)
  expect_length(keys(current = FALSE), 20)
  expect_setequal(keys(current = FALSE), keys())
})

test_that("a sync without data is an empty table", {
  result <- shared_result()
  result$directory <- NA_character_ # as of bcda_sync() in January
  expect_identical(dim(bcda_table(result, "claim")), c(0L, nrow(bcda_table_columns("claim"))))
  result$to_sink <- TRUE
  expect_status(bcda_table(result, "claim"), "STATE", "functions of yours")
})

test_that("a path may have any name", {
  directory <- place("claims \u00e9\U1F600 'x' {1}")
  export_of(shared_client(), "Patient", directory)
  expect_identical(nrow(bcda_table(directory, "beneficiary")), 20L)
  missing <- expect_status(bcda_table(file.path(directory, "\u00e9"), "claim"), "FILESYSTEM", file.path(directory, "\u00e9"))
  expect_identical(nrow(bcda_table(directory, "beneficiary", columns = "gender")), 20L)
})

# ---- Settings --------------------------------------------------------------------------------------------------------

test_that("columns come in the order that is asked for", {
  for (columns in list(c("birth_date", "beneficiary_key"), "birth_date,beneficiary_key")) {
    expect_identical(names(bcda_table(shared_result(), "beneficiary", columns = columns)), c("birth_date", "beneficiary_key"))
  }
  for (all in list(NULL, character())) {
    expect_identical(names(bcda_table(shared_result(), "beneficiary", columns = all)), bcda_table_columns("beneficiary")$name)
  }
  expect_refused(bcda_table(shared_result(), "beneficiary", columns = "birthdate"), "birthdate")
})

test_that("the generation is told by the claims, or is given", {
  skip_without_repository()
  claims <- function(generation) bcda_table(samples_of("v3"), "claim", generation = generation)
  expect_identical(claims("v3"), claims(NULL))
  expect_identical(claims("auto"), claims(NULL))
  expect_false(identical(claims("stu3"), claims(NULL)))
  expect_refused(claims("v4"), "generation")
})

test_that("claims that are not final are left out on demand", {
  skip_without_repository()
  claims <- bcda_table(samples_of("v3"), "claim")
  final <- bcda_table(samples_of("v3"), "claim", final_only = TRUE)
  expect_identical(final$claim_key, claims$claim_key[claims$final_action %in% "FinalAction"])
  expect_identical(bcda_table(samples_of("v3"), "claim", final_only = FALSE), claims)
})

test_that("a value that does not fit ends the read, or becomes NA and is counted", {
  path <- patients_with(c('"birthDate":"1950-05-05"', '"birthDate":"1950"', '"birthDate":"SECRET"'))
  view <- view_of(column("day", "birthDate", sql = "DATE"))
  expect_status(bcda_table(path, view = view), "RECORD", c("line 2", "day"))
  said <- list()
  days <- withCallingHandlers(
    bcda_table(path, view = view, on_error = "null"),
    bcda_message_nulled = function(m) {
      said[[length(said) + 1]] <<- m
      invokeRestart("muffleMessage")
    }
  )
  expect_identical(days$day, as.Date(c("1950-05-05", NA, NA)))
  expect_length(said, 1)
  expect_identical(said[[1]]$count, 2)
  expect_match(conditionMessage(said[[1]]), "2 values did not fit")
  expect_message(bcda_table_chunks(path, view = view, handler = identity, on_error = "null"), "2 values", class = "bcda_message_nulled")
  expect_silent(bcda_table(patients_with('"birthDate":"1950-05-05"'), view = view, on_error = "null"))
})

test_that("settings are taken in the forms of R", {
  for (final in list(TRUE, "yes", NULL)) expect_s3_class(bcda_table(shared_result(), "claim", final_only = final), "bcda_frame")
  for (rows in list(7, 7L, "7")) {
    sizes <- c()
    bcda_table_chunks(shared_result(), "beneficiary", function(chunk) sizes <<- c(sizes, nrow(chunk)), batch_rows = rows)
    expect_identical(sizes, c(7L, 7L, 6L))
  }
  for (rows in list(0, -1, 2^24 + 1)) expect_refused(bcda_table(shared_result(), "claim", batch_rows = rows), "batch_rows")
  expect_refused(bcda_table(shared_result(), "claim", batch_rows = 1.5), "batch_rows")
  expect_refused(bcda_table(shared_result(), "claim", final_only = NA), "final_only")
  expect_refused(bcda_table(shared_result(), "claim", columns = c("claim_key", NA)), "columns")
})

# ---- The dictionary --------------------------------------------------------------------------------------------------

test_that("the tables are listed with their columns", {
  tables <- bcda_tables()
  expect_identical(names(tables), c("name", "resource", "description"))
  expect_true(all(c("claim", "claim_line", "beneficiary", "coverage") %in% tables$name))
  expect_match(tables$description, "\\.$")
  expect_setequal(tables$resource, c("Patient", "Coverage", "ExplanationOfBenefit"))
  lines <- bcda_table_columns("claim_line")
  expect_identical(names(lines), c("name", "type", "list", "description", "cclf", "generations"))
  expect_identical(lines$type[lines$name == "paid_amount"], "DECIMAL(18,2)")
  expect_identical(lines$name[lines$list], c("hcpcs_modifier_systems", "care_team_sequences", "diagnosis_sequences"))
  expect_true(all(unlist(lines$generations) %in% GENERATIONS))
  expect_identical(lines$generations[[1]], GENERATIONS)
  expect_match(lines$cclf[lines$name == "line_number"], "CCLF")
  for (table in list("claims", "", "{}")) {
    expect_refused(bcda_table_columns(table), "table")
    expect_refused(bcda_table_view(table), "table")
  }
})

test_that("the view of a table makes that table, and can be changed", {
  skip_without_repository()
  for (generation in GENERATIONS) {
    for (table in ALL_TABLES) {
      view <- bcda_table_view(table, generation)
      by_name <- bcda_table(samples_of(generation), table, generation = generation)
      expect_identical(bcda_table(samples_of(generation), view = view, generation = generation), by_name, label = table)
    }
  }
  expect_identical(bcda_table_view("claim"), bcda_table_view("claim", "v3"))
  expect_refused(bcda_table_view("claim", "v1"), c("generation", "v3"))
  changed <- jsonlite::parse_json(bcda_table_view("beneficiary", "stu3"))
  changed$select[[1]]$column[[1]]$name <- "key"
  expect_identical(names(bcda_table(shared_result(), view = changed))[1], "key")
})

# ---- Views -----------------------------------------------------------------------------------------------------------

test_that("a view is text, lines, a file or a list", {
  view <- view_of(column("id", "id"), column("gender", "gender", type = "code"))
  text <- as.character(jsonlite::toJSON(view, auto_unbox = TRUE))
  pretty <- as.character(jsonlite::prettify(text))
  file <- written(charToRaw(text), place("my view \u00e9.json"))
  wanted <- bcda_table(shared_result(), view = view)
  expect_identical(names(wanted), c("id", "gender"))
  expect_identical(nrow(wanted), 20L)
  for (form in list(text, pretty, strsplit(pretty, "\n")[[1]], file)) {
    expect_identical(bcda_table(shared_result(), view = form), wanted)
  }
  with_directory(dirname(file), expect_identical(bcda_table(shared_result(), view = basename(file)), wanted))
})

test_that("UTF-8 stays what it is, in a view and in values", {
  text <- "\u00e9\U1F600\u4e2d"
  file <- patients_with(sprintf('"v":"%s","w":"\\u00e9"', text))
  got <- bcda_table(file, view = view_of(column("v", sprintf("iif(v = '%s', v, 'other')", text)), column("w", "w")))
  expect_identical(as.list(as.data.frame(got)), list(v = text, w = "\u00e9"))
  expect_identical(Encoding(got$v), "UTF-8")
  path <- written(charToRaw(enc2utf8(as.character(jsonlite::toJSON(
    view_of(column("v", sprintf("v = '%s'", text), type = "boolean")), auto_unbox = TRUE
  )))))
  expect_identical(bcda_table(file, view = path)$v, TRUE)
})

test_that("what is wrong with a view is named, with its column and the position in its path", {
  wrong <- view_of(column("id", "id"), column("paid", "payment.amount ~~ 5"))
  expect_refused(bcda_table(shared_result(), view = wrong), c("select[0].column[1]", "paid", "position 17", "payment.amount ~~ 5"))
  expect_refused(bcda_table(shared_result(), view = view_of(column("id", "id", type = "nonsense"))), c("select[0].column[0].type", "nonsense"))
  expect_refused(bcda_table(shared_result(), view = "{"), "JSON")
  expect_refused(bcda_table(shared_result(), view = "{}"), "ViewDefinition")
  none <- place("none.json")
  expect_identical(expect_status(bcda_table(shared_result(), view = none), "FILESYSTEM", none)$file, none)
  for (view in list(NA_character_, character(), c("{", NA), 5, TRUE)) expect_refused(bcda_table(shared_result(), view = view), "view")
})

# ---- Arguments and failures ------------------------------------------------------------------------------------------

test_that("what is not a table is not taken for one", {
  expect_refused(bcda_table(shared_result()), "one of them")
  expect_refused(bcda_table(shared_result(), "claim", view = view_of(column("id"))), "one of them")
  for (table in list(NA_character_, character(), c("claim", "coverage"), 5, list())) {
    expect_refused(bcda_table(shared_result(), table), "table is the name")
    expect_refused(bcda_table_columns(table), "table is the name")
    expect_refused(bcda_table_view(table), "table is the name")
  }
  expect_refused(bcda_table(shared_result(), "claim_lines"), c("claim_lines", "claim_line"))
  for (call in list(bcda_table, bcda_table_chunks)) {
    expect_refused(call(shared_result(), "ExplanationOfBenefit"), c("tables of this resource type are claim,", "claim_line"))
    expect_refused(call(shared_result(), "Observation"), "a table of any resource type")
  }
  for (generation in list(3, NA_character_, NULL)) expect_refused(bcda_table_view("claim", generation), "generation is")
  for (result in list(5, NULL, NA_character_, character(), "", c("a", NA), list(), shared_client())) {
    expect_refused(bcda_table(result, "claim"), "result")
  }
  for (decimals in list("exact", NA, 1, c("double", "text"), NULL)) {
    expect_refused(bcda_table(shared_result(), "claim", decimals = decimals), "decimals is")
  }
  for (nested in list("text", NA, NULL)) expect_refused(bcda_table(shared_result(), "claim", nested = nested), "nested is")
  for (handler in list("print", 5, NA)) expect_refused(bcda_table_chunks(shared_result(), "claim", handler), "handler")
  expect_refused(bcda_table(shared_result(), "claim", decimal = "text"), "did you mean decimals")
})

test_that("a source that is none is named", {
  for (path in c(place("none"), dirname(place()))) {
    error <- expect_status(bcda_table(path, "claim"), "FILESYSTEM", path)
    expect_status(bcda_table_chunks(path, "claim"), "FILESYSTEM", path)
  }
})

NAME <- "Jane-Q-Doe"

test_that("a record that is wrong is named by its file and line, and never shown", {
  live <- handles_of_others()
  fine <- sprintf('{"resourceType":"Patient","id":"1","birthDate":"1950-05-05","name":[{"family":"%s"}]}', NAME)
  bad <- list(
    list(sprintf('{"resourceType":"Patient","id":"2","birthDate":"%s"}', NAME), c("birth_date", "date")),
    list(sprintf('{"resourceType":"Patient","id":"%s"', NAME), "not JSON"),
    list(sprintf('["%s"]', NAME), character()),
    list(sprintf('{"resourceType":"Patient","id":"%s\xff"}', NAME), character()),
    list(sprintf('{"resourceType":"Patient","id":"2","gender":["%s","x"]}', NAME), "gender")
  )
  for (case in bad) {
    path <- written(charToRaw(paste0(fine, "\n", case[[1]], "\n")), tempfile(fileext = ".ndjson"))
    for (read in list(bcda_table, function(...) bcda_table_chunks(..., handler = identity))) {
      error <- expect_status(read(path, "beneficiary", generation = "v2"), "RECORD", c(path, "line 2", case[[2]]))
      expect_identical(error$file, path)
      expect_unsaid(NAME, everything_said(error))
      expect_identical(native_live_handles(), live)
    }
  }
})

test_that("a file that has changed since it was verified is no source", {
  result <- export_of(shared_client(), "Patient")
  cat("{}\n", file = result$files$path[1], append = TRUE)
  expect_status(bcda_table(result, "beneficiary"), "VERIFICATION", result$files$path[1])
  file.remove(result$files$path[1])
  expect_status(bcda_table(result, "beneficiary"), "FILESYSTEM", result$files$path[1])
})

# ---- Chunks ----------------------------------------------------------------------------------------------------------

test_that("chunks together are the table", {
  live <- handles_of_others()
  whole <- bcda_table(shared_result(), "claim_line")
  for (rows in c(1, 10, 1e6)) {
    chunks <- list()
    count <- bcda_table_chunks(shared_result(), "claim_line", function(chunk) chunks[[length(chunks) + 1]] <<- chunk, batch_rows = rows)
    expect_identical(count, as.double(nrow(whole)))
    expect_true(all(vapply(chunks, nrow, 0L) %in% seq_len(rows)))
    expect_identical(do.call(rbind, chunks), whole)
    expect_identical(bcda_table(shared_result(), "claim_line", batch_rows = rows), whole)
    expect_identical(native_live_handles(), live)
  }
})

test_that("a reader gives one chunk after another, and is closed after the last", {
  live <- handles_of_others()
  chunks <- bcda_table_chunks(shared_result(), "beneficiary", batch_rows = 15)
  expect_output(print(chunks), "<bcda_records, 0 rows so far>")
  expect_identical(c(nrow(bcda_next(chunks)), nrow(bcda_next(chunks))), c(15L, 5L))
  expect_null(bcda_next(chunks))
  expect_null(bcda_next(chunks))
  expect_output(print(chunks), "20 rows")
  expect_identical(handles_in_use(), live)
  early <- bcda_table_chunks(shared_result(), "beneficiary", batch_rows = 5)
  bcda_next(early)
  expect_gt(handles_in_use(), live)
  expect_invisible(close(early))
  close(early)
  expect_identical(handles_in_use(), live)
  expect_status(bcda_next(early), "STATE", c("closed", "bcda_table_chunks()"))
  forgotten <- bcda_table_chunks(shared_result(), "beneficiary")
  rm(forgotten)
  expect_identical(handles_in_use(), live)
})

test_that("a chunk has its types even if it is empty, and a table without rows has no chunk", {
  nothing <- written(raw())
  expect_identical(bcda_table_chunks(nothing, "claim", stop), 0)
  expect_null(bcda_next(bcda_table_chunks(nothing, "claim")))
})

test_that("a failure in a chunk, of the library or of the handler, closes the reader", {
  live <- handles_of_others()
  expect_error(bcda_table_chunks(shared_result(), "beneficiary", function(chunk) stop("mine"), batch_rows = 5), "^mine$")
  expect_identical(native_live_handles(), live)
  chunks <- bcda_table_chunks(patients_with(c('"id":"1"', '"id":5')), view = view_of(column("id", "id", type = "id")), batch_rows = 1)
  expect_identical(bcda_next(chunks)$id, "1")
  expect_status(bcda_next(chunks), "RECORD", "line 2")
  expect_status(bcda_next(chunks), "STATE", "broke off")
  rm(chunks)
  expect_identical(handles_in_use(), live)
})

test_that("every failure lets go of its handles", {
  live <- handles_of_others()
  for (call in list(
    function() bcda_table(shared_result(), "nonsense"), function() bcda_table(place(), "claim"),
    function() bcda_table(shared_result(), "claim", columns = "nonsense"),
    function() bcda_table(shared_result(), "claim", batch_rows = 0), function() bcda_table_stream(place(), "claim"),
    function() bcda_table_save(shared_result(), "claim", place(), format = "nonsense")
  )) {
    expect_s3_class(tryCatch(call(), error = identity), "bcda_error")
    expect_s3_class(bcda_table(shared_result(), "claim"), "bcda_frame")
    expect_identical(native_live_handles(), live)
  }
})

test_that("a reader that was saved is a clear error", {
  file <- tempfile()
  chunks <- bcda_table_chunks(shared_result(), "beneficiary")
  saveRDS(chunks, file)
  expect_status(bcda_next(readRDS(file)), "STATE", c("table", "another session"))
  close(readRDS(file))
  expect_identical(nrow(bcda_next(chunks)), 20L)
  close(chunks)
})

test_that("a reader is of no use in a child of this process", {
  skip_if_not_installed("parallel")
  chunks <- bcda_table_chunks(shared_result(), "beneficiary", batch_rows = 5)
  code <- parallel::mccollect(parallel::mcparallel(tryCatch(bcda_next(chunks), bcda_error = function(e) e$code)))[[1]]
  expect_identical(code, "STATE")
  expect_identical(nrow(bcda_next(chunks)), 5L)
  close(chunks)
})

# ---- Written and shown -----------------------------------------------------------------------------------------------

test_that("with nested = \"json\" a CSV file has all that a table has", {
  skip_without_repository()
  for (generation in GENERATIONS) {
    lines <- bcda_table(samples_of(generation), "claim_line")
    json <- bcda_table(samples_of(generation), "claim_line", nested = "json")
    expect_false(any(vapply(json, is.list, NA)))
    expect_identical(as.data.frame(lines, nested = "json"), as.data.frame(json))
    expected <- expected_table(generation, "claim_line")
    for (name in names(lines)[vapply(lines, is.list, NA)]) {
      parsed <- function(texts) lapply(texts, function(text) unlist(jsonlite::parse_json(text)))
      expect_identical(parsed(json[[name]]), parsed(expected[[name]]))
    }
    file <- tempfile(fileext = ".csv")
    utils::write.csv(json, file, row.names = FALSE, na = "")
    again <- utils::read.csv(file, colClasses = "character", na.strings = "", encoding = "UTF-8")
    expect_identical(again$claim_key, lines$claim_key)
    expect_identical(as.numeric(again$paid_amount), lines$paid_amount)
    expect_identical(again$care_team_sequences, json$care_team_sequences)
  }
  expect_identical(bcda_table_chunks(samples_of("v3"), "claim_line", function(chunk) {
    expect_false(any(vapply(chunk, is.list, NA)))
  }, nested = "json"), 18)
})

test_that("a print is short, and shows the items of a list", {
  skip_without_repository()
  frame <- bcda_table(samples_of("v3"), "claim_line", columns = c("line_index", "care_team_sequences", "hcpcs_modifier_systems"))
  shown <- utils::capture.output(print(frame))
  expect_match(shown[1], "18 rows, 3 columns")
  expect_lt(length(shown), 15)
  expect_match(utils::capture.output(print(frame, n = 18))[13], "^11 0 +1 *$")
  expect_s3_class(as.data.frame(frame), "data.frame", exact = TRUE)
})

# ---- Files -----------------------------------------------------------------------------------------------------------

mode_of <- function(path) format(file.info(path)$mode)

test_that("a table is written as CSV, NDJSON and Arrow", {
  skip_without_repository()
  live <- handles_of_others()
  for (generation in GENERATIONS) {
    lines <- bcda_table(samples_of(generation), "claim_line", decimals = "text", nested = "json")
    csv <- place("lines \u00e9.csv")
    expect_identical(bcda_table_save(samples_of(generation), "claim_line", csv), as.double(nrow(lines)))
    expect_identical(c(left_in(dirname(csv)), mode_of(csv)), c(basename(csv), "600"))
    read <- utils::read.csv(csv, colClasses = "character", na.strings = "", encoding = "UTF-8")
    for (name in c("claim_key", "paid_amount", "care_team_sequences")) expect_identical(read[[name]], lines[[name]])
    ndjson <- place("lines.ndjson")
    bcda_table_save(samples_of(generation), "claim_line", ndjson, format = "ndjson", columns = c("claim_key", "line_index"))
    rows <- lapply(readLines(ndjson), jsonlite::parse_json)
    expect_identical(vapply(rows, function(row) row$claim_key, ""), lines$claim_key)
    arrow <- place("lines.arrow")
    expect_invisible(bcda_table_save(samples_of(generation), "claim_line", arrow, format = "arrow"))
    expect_identical(rawToChar(readBin(arrow, "raw", 6)), "ARROW1")
  }
  expect_identical(handles_in_use(), live)
})

test_that("a file of a table without rows has the names of its columns", {
  path <- place("none.csv")
  with_directory(dirname(path), expect_identical(bcda_table_save(written(raw()), "claim", basename(path), columns = c("claim_key", "status")), 0))
  expect_identical(trimws(readLines(path)), "claim_key,status")
})

test_that("a file that is not whole is not there, and one that is there stays", {
  live <- handles_of_others()
  bad <- patients_with(c(rep('"id":"1"', 5000), '"birthDate":"Jane"'))
  path <- place("table.csv")
  for (call in list(
    function() bcda_table_save(bad, "beneficiary", path, generation = "v2", batch_rows = 10),
    function() bcda_table_save(shared_result(), "beneficiary", path, format = "parquet"),
    function() bcda_table_save(shared_result(), "beneficiaries", path), function() bcda_table_save(place(), "beneficiary", path)
  )) {
    expect_s3_class(tryCatch(call(), error = identity), "bcda_error")
    expect_identical(left_in(dirname(path)), character())
  }
  expect_status(bcda_table_save(bad, "beneficiary", path, generation = "v2"), "RECORD", "line 5001")
  expect_refused(bcda_table_save(shared_result(), "beneficiary", path, format = "parquet"), "format")
  writeLines("mine", path)
  expect_identical(expect_status(bcda_table_save(shared_result(), "beneficiary", path), "FILESYSTEM", path)$file, path)
  expect_identical(readLines(path), "mine")
  nowhere <- file.path(path, "table.csv")
  expect_status(bcda_table_save(shared_result(), "beneficiary", nowhere), "FILESYSTEM", nowhere)
  expect_identical(handles_in_use(), live)
  for (wrong in list(NULL, NA_character_, "", 5, c("a", "b"))) {
    expect_refused(bcda_table_save(shared_result(), "beneficiary", wrong), "path is")
    if (!is.null(wrong)) {
      expect_refused(bcda_table_save(shared_result(), "beneficiary", place(), format = wrong), "format")
    }
  }
})

test_that("the name of a file says its format", {
  begin <- function(name) {
    path <- place(name)
    bcda_table_save(shared_result(), "beneficiary", path)
    rawToChar(readBin(path, "raw", 6))
  }
  expect_identical(begin("table.arrow"), "ARROW1")
  expect_identical(substr(begin("table.ndjson"), 1, 1), "{")
  expect_identical(begin("table.csv"), "benefi")
  expect_identical(begin("table"), "benefi")
})

test_that("a file says how many values are missing from it", {
  path <- place("table.csv")
  view <- view_of(column("day", "birthDate", sql = "DATE"))
  patients <- patients_with(c('"birthDate":"1950-05-05"', '"birthDate":"1950"'))
  expect_message(bcda_table_save(patients, path = path, view = view, on_error = "null"), "1 value did not fit", class = "bcda_message_nulled")
  expect_identical(nrow(utils::read.csv(path, blank.lines.skip = FALSE)), 2L)
})
