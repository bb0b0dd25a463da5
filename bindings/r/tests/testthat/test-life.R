# Handles: closed twice, used after, saved, collected, forked; at any moment.

# One of each kind that has a handle.
handles <- function(frame = parent.frame()) {
  sandbox <- a_sandbox(frame = frame)
  client <- client_of(sandbox)
  run <- bcda_start(client, "Patient", place())
  bcda_wait(run)
  list(sandbox = sandbox, client = client, run = run)
}

USES <- list(
  sandbox = list(
    function(x) bcda_sandbox_requests(x), function(x) bcda_sandbox_control(x, "clock", "1h")
  ),
  client = list(
    bcda_metadata, function(x) bcda_export(x, "Patient", place(), progress = FALSE), function(x) bcda_start(x, "Patient", place()),
    function(x) bcda_manifest(x, "Patient", progress = FALSE), function(x) bcda_fetch(x, "{}", place(), progress = FALSE)
  ),
  run = list(bcda_cancel, function(x) bcda_next_event(x, 0))
)

test_that("what is closed may be closed again, and says so when it is used", {
  live <- handles_in_use()
  made <- handles()
  for (kind in rev(names(made))) {
    expect_invisible(close(made[[kind]]))
    close(made[[kind]])
    for (use in USES[[kind]]) expect_status(use(made[[kind]]), "STATE", c(kind, "closed"))
  }
  expect_match(capture.output(print(made$client)), "closed")
  expect_match(capture.output(print(made$sandbox)), "closed")
  expect_false(file.exists(made$sandbox$private_key))
  expect_identical(handles_in_use(), live)
})

test_that("a handle that was saved is a clear error, and no crash", {
  file <- tempfile()
  for (made in list(handles())) {
    saveRDS(made, file)
    read <- readRDS(file)
    for (kind in names(USES)) {
      expect_output(print(read[[kind]]), "bcda")
      for (use in USES[[kind]]) expect_status(use(read[[kind]]), "STATE", "another session")
    }
    for (one in read) close(one)
    expect_output(print(unserialize(serialize(run_at("waiting", client_of(at_stage("waiting")), place()), NULL))), "bcda_run")
    for (one in unserialize(serialize(made, NULL))) close(one)
    expect_gt(bcda_sandbox_requests(made$sandbox), 0) # it lives on
  }
})

test_that("every native kind of handle comes back from a file as closed, whatever it is", {
  reader <- native_reader_open(shared_result()$files$path[1])
  event <- native_event_create()
  config <- native_config_create()
  options <- native_sandbox_options_create()
  tables <- opened_tables(shared_result(), "beneficiary", NULL, list())
  file <- native_table_file_create(tables, place())
  again <- unserialize(serialize(list(reader, event, config, options, tables, file), NULL))
  expect_status(native_reader_chunk(again[[1]], 1), "STATE", "reader")
  expect_status(native_event_list(again[[2]]), "STATE", "event")
  expect_status(native_config_get(again[[3]], "url"), "STATE", "configuration")
  expect_status(native_sandbox_options_set(again[[4]], "seed", "1"), "STATE", "sandbox options")
  expect_status(native_tables_next(again[[5]]), "STATE", "table")
  expect_status(native_table_file_publish(again[[6]]), "STATE", "file of a table")
  native_reader_destroy(again[[1]])
  native_event_destroy(again[[2]])
  native_config_destroy(again[[3]])
  native_sandbox_options_destroy(again[[4]])
  native_tables_destroy(again[[5]])
  native_table_file_destroy(again[[6]])
  expect_identical(native_table_file_write(file, tables, "csv"), 1L)
  expect_false(is.null(native_reader_chunk(reader, 1)))
})

test_that("a reader that was saved is a clear error", {
  records <- bcda_records(shared_result(), "Patient", n = 1)
  bcda_next(records)
  again <- unserialize(serialize(records, NULL))
  expect_status(bcda_next(again), "STATE", "another session")
  close(again)
  expect_length(bcda_next(records), 1)
})

test_that("results, errors and manifests are saved whole", {
  file <- tempfile()
  for (value in list(shared_result(), bcda_manifest(shared_client(), "Patient", progress = FALSE))) {
    saveRDS(value, file)
    expect_identical(readRDS(file), value)
  }
  expect_identical(count_of(unserialize(serialize(shared_result(), NULL)), "Patient"), 20L)
})

test_that("what is forgotten is closed by the collector", {
  shared_result() # and what it is made of
  live <- handles_in_use()
  local({
    sandbox <- bcda_sandbox(10, pending_time = 0, job_time = 0, fault = "job-hangs")
    client <- client_of(sandbox)
    run <- bcda_start(client, "Patient", place())
    records <- bcda_records(shared_result(), "Patient", n = 1)
    bcda_next(records)
    expect_gt(native_live_handles(), live + 3)
  })
  expect_identical(handles_in_use(), live)
})

test_that("no call leaves a handle behind, whether it succeeds or fails", {
  client <- client_of(a_sandbox(fault = "flip:skip=1"))
  live <- handles_in_use()
  calls <- list(
    function() export_of(shared_client()), function() export_of(client), function() export_of(shared_client(), parallel = 100),
    function() bcda_manifest(shared_client(), "Patient", progress = FALSE), function() bcda_metadata(shared_client()),
    function() count_of(shared_result(), "Patient"), function() count_of("/no/such"), function() decrypt(SMALL, place()),
    function() decrypt(SMALL, place(), key = "00"), function() bcda_client("nowhere", env = FALSE),
    function() bcda_sandbox(era = "2020"), function() bcda_client("https://localhost", parallel = 100, env = FALSE),
    function() bcda_client("https://localhost", config_file = "/no/such", env = FALSE),
    function() bcda_fetch(shared_client(), "nonsense", place(), progress = FALSE)
  )
  for (n in seq_along(calls)) {
    suppressWarnings(tryCatch(calls[[n]](), error = identity))
    expect_identical(handles_in_use(), live, label = paste("after call", n))
  }
})

test_that("a client keeps its sandbox", {
  client <- client_of(bcda_sandbox(10, pending_time = 0, job_time = 0))
  gc()
  expect_identical(nrow(export_of(client)$files), 1L)
})

test_that("nothing is left open", {
  skip_if(!dir.exists("/proc/self/fd"), "needs /proc")
  work <- function() {
    sandbox <- bcda_sandbox(10, pending_time = 0, job_time = 0)
    client <- client_of(sandbox)
    result <- export_of(client)
    bcda_next(bcda_records(result, n = 1))
    close(client)
    close(sandbox)
    gc()
    length(list.files("/proc/self/fd"))
  }
  work() # what is made once and kept
  expect_identical(work(), work())
})

test_that("the collector may run at every allocation", {
  sandbox <- a_sandbox(3)
  tortured <- function() {
    gctorture2(37)
    on.exit(gctorture2(0))
    client <- client_of(sandbox)
    result <- export_of(client)
    list(records = bcda_next(bcda_records(result, as = "text")), error = tryCatch(bcda_client("nowhere", env = FALSE), error = identity))
  }
  got <- tortured()
  expect_length(got$records, 3)
  expect_s3_class(got$error, "bcda_error_invalid_argument")
})

test_that("native values survive a collection at every single allocation", {
  path <- written(charToRaw(strrep("{\"a\":1}\n", 5)))
  gctorture(TRUE)
  on.exit(gctorture(FALSE))
  reader <- native_reader_open(path)
  chunk <- native_reader_chunk(reader, 3)
  name <- native_setting_name(0)
  failure <- tryCatch(native_reader_open("/no/such"), error = identity)
  config <- native_config_create()
  native_config_set(config, "client_id", "abc")
  got <- native_config_get(config, "client_id")
  event <- native_event_create()
  fields <- native_event_list(event)
  gctorture(FALSE)
  expect_identical(chunk, rep("{\"a\":1}", 3))
  expect_identical(c(name, got), c("url", "abc"))
  expect_s3_class(failure, "bcda_error_filesystem")
  expect_type(fields$kind, "character")
  expect_identical(fields$percent, NA_real_)
})

test_that("a chunk survives its growth", {
  lines <- sprintf("{\"a\":%d}", 1:3000) # more than there is room for at first
  path <- tempfile()
  writeLines(lines, path)
  reader <- native_reader_open(path)
  gctorture2(25)
  on.exit(gctorture2(0))
  chunk <- native_reader_chunk(reader, 5000)
  gctorture2(0)
  expect_identical(chunk, lines)
})

test_that("a forked child gets a clear error, and leaves what is the parent's alone", {
  made <- handles()
  run <- bcda_start(client_of(at_stage("waiting")), "Patient", place())
  records <- bcda_records(shared_result(), "Patient", n = 1)
  bcda_next(records)
  in_child <- function(n) {
    uses <- c(
      lapply(USES$client, function(use) function() use(made$client)), lapply(USES$sandbox, function(use) function() use(made$sandbox)),
      list(
        function() bcda_next_event(run, 1), function() bcda_wait(run, 1), function() bcda_cancel(run), function() bcda_done(run),
        function() bcda_next(records)
      )
    )
    said <- vapply(uses, function(use) tryCatch({
      use()
      "no error"
    }, error = function(e) paste(class(e)[1], grepl("fork", conditionMessage(e)))), "")
    close(run)
    for (one in made) close(one)
    said
  }
  said <- parallel::mclapply(1:4, in_child, mc.cores = 2, mc.preschedule = FALSE)
  for (each in said) expect_identical(unique(each), "bcda_error_state TRUE")
  expect_gt(bcda_sandbox_requests(made$sandbox), 0)
  expect_false(bcda_done(run))
  close(run)
  expect_identical(nrow(export_of(made$client)$files), 1L)
  expect_length(bcda_next(records), 1)
})

test_that("a forked child may begin anew", {
  in_child <- function(n) {
    sandbox <- bcda_sandbox(10, pending_time = 0, job_time = 0)
    result <- bcda_export(client_of(sandbox), "Patient", place(), progress = FALSE)
    close(sandbox)
    count_of(result)
  }
  shared_client()
  expect_identical(parallel::mclapply(1:2, in_child, mc.cores = 2), list(10L, 10L))
})

test_that("files are read in forked children", {
  paths <- shared_result()$files$path
  read <- parallel::mclapply(paths, function(path) count_of(path), mc.cores = 2)
  expect_equal(unlist(read), shared_result()$files$records)
})
