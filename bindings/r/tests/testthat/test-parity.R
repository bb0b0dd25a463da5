# Nothing of the C interface is out of R's reach, but for what is named here with the reason.

UNUSED <- c(
  bcda_error_status = "every call returns the status, too",
  bcda_setting_get_type = "bcda_setting_type_name says the same",
  bcda_event_get_kind = "bcda_event_kind_name says the same",
  bcda_client_metadata = "bcda_metadata_start says the same and can be canceled",
  bcda_version_number = "bcda_version says the same",
  bcda_run_get_kind = "bcda_run_kind_name says the same",
  bcda_run_fd = "R polls no descriptors; run_wait_wakeup waits for the same"
)

declared <- function() {
  headers <- c(repository("capi", "include", "bcda", "bcda.h"), repository("sandbox", "include", "bcda", "bcda_sandbox.h"))
  text <- paste(unlist(lapply(headers, readLines)), collapse = " ")
  found <- regmatches(text, gregexpr("BCDA_API [A-Za-z0-9_ *]+?\\bbcda_\\w+\\s*\\(", text, perl = TRUE))[[1]]
  unique(sub("\\s*\\($", "", sub(".*\\b(bcda_\\w+\\s*\\()$", "\\1", found, perl = TRUE)))
}

# What the facade's objects, not yet linked with the library, ask for.
called <- function() {
  objects <- file.path(Sys.getenv("BCDA_TEST_OBJECTS"), c("flat.o", "run.o", "decryption.o", "tables.o"))
  stopifnot(file.exists(objects))
  symbols <- system2("nm", c("-u", shQuote(objects)), stdout = TRUE)
  unique(sub(".*\\bU (bcda_\\w+).*", "\\1", grep("\\bU bcda_", symbols, value = TRUE)))
}

test_that("the facade calls every function of the headers", {
  skip_without_repository()
  skip_if(Sys.getenv("BCDA_TEST_OBJECTS") == "", "needs the facade's objects (BCDA_TEST_OBJECTS)")
  expect_gt(length(declared()), 100)
  expect_setequal(setdiff(declared(), called()), names(UNUSED))
  expect_identical(setdiff(called(), declared()), character())
})

# What SWIG offers, and who among our own functions calls it.
offered <- function() ls(asNamespace("bcda"), pattern = "^native_")

test_that("the layer calls the whole facade", {
  own <- Filter(is.function, mget(setdiff(ls(asNamespace("bcda"), all.names = TRUE), offered()), envir = asNamespace("bcda")))
  used <- unique(unlist(lapply(own, function(f) all.names(body(f)))))
  defaults <- unlist(lapply(own, function(f) lapply(formals(f), all.names)))
  expect_gt(length(offered()), 90)
  known <- c(
    "native_live_handles", # for tests
    "native_result_error_file_count", # a result counts its own
    "native_config_load_json", # do.call(bcda_client, jsonlite::parse_json(text)) says the same
    "native_tables_files", "native_tables_bytes", # for the metrics of engines, which are written in Java
    "native_setting_is_of_request", "native_setting_is_for_opening", # R has no functions for partitions
    "native_decryption_cancel" # an interrupted one is destroyed, which cancels
  )
  expect_setequal(setdiff(offered(), c(used, defaults)), known)
})

test_that("what is exported is documented, and nothing else is", {
  exported <- getNamespaceExports("bcda")
  documented <- unlist(lapply(tools::Rd_db("bcda"), function(rd) {
    unlist(lapply(Filter(function(part) attr(part, "Rd_tag") == "\\alias", rd), as.character))
  }))
  expect_identical(setdiff(exported, documented), character())
  expect_true(all(grepl("^bcda_", exported)))
  pages <- c("bcda_errors", "bcda_frame", "bcda_package")
  expect_identical(setdiff(grep("^bcda_", documented, value = TRUE), c(exported, pages)), character())
})
