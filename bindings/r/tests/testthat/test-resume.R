# An export that was interrupted goes on.

test_that("only what is missing is fetched", {
  for (go_on in list(
    function(client, out) bcda_resume(client, out, progress = FALSE, parallel = 2),
    function(client, out) export_of(client, out = out)
  )) {
    out <- place()
    client <- client_of(a_sandbox(beneficiaries_per_file = 5, fault = "flip:count=1"))
    expect_status(export_of(client, out = out), "DECRYPTION") # one of two files failed
    count <- function(prefix) bcda_sandbox_requests(client$keeps, prefix)
    kick_offs <- count("GET /api/v1/Patient")
    downloads <- count("GET /data/")
    status <- bcda_directory_status(out)
    expect_identical(status$state, "unfinished")
    expect_identical(status$request$types, list("Patient"))
    expect_equal(status$files$published, 1)
    expect_null(status$usedBy)
    result <- go_on(client, out)
    expect_identical(count_of(result), 10L)
    expect_setequal(claims_in(out), basename(result$files$path))
    expect_identical(count("GET /api/v1/Patient"), kick_offs)
    expect_equal(count("GET /data/"), downloads + 1)
    expect_identical(bcda_directory_status(out)$state, "finished")
    requests <- count("")
    again <- bcda_resume(client, out, progress = FALSE)
    expect_identical(again$files, result$files)
    expect_equal(count(""), requests)
  }
})

test_that("what cannot be gone on with is named", {
  out <- place()
  client <- client_of(a_sandbox(beneficiaries_per_file = 5, fault = "flip:count=1"))
  expect_status(export_of(client, out = out), "DECRYPTION")
  expect_status(export_of(client, "Coverage", out = out), "FILESYSTEM", "types")
  expect_status(bcda_resume(shared_client(), out, progress = FALSE), "FILESYSTEM")
  expect_status(bcda_directory_status(place()), "FILESYSTEM", "there is no directory")
  empty <- place()
  dir.create(empty)
  status <- bcda_directory_status(empty)
  expect_identical(status$state, "none")
  expect_identical(status$directory, empty)
  expect_length(status$jobs, 0)
  expect_status(bcda_resume(client, empty, progress = FALSE), "FILESYSTEM", "holds no unfinished export")
  for (directory in list(NULL, 1, "", function(name, type) NULL)) {
    expect_refused(bcda_resume(client, directory, progress = FALSE), "directory of an export")
    expect_refused(bcda_directory_status(directory), "directory of an export")
  }
})
