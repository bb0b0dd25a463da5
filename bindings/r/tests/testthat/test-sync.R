# A series of exports.

test_that("the next run asks for what has changed", {
  client <- client_of(a_sandbox(profile = "bcda-v3"))
  series <- place()
  first <- bcda_sync(client, series, progress = FALSE)
  expect_null(first$receipt$since)
  second <- bcda_sync(client, series, progress = FALSE)
  expect_identical(second$receipt$since, first$receipt$transactionTime)
  expect_identical(nrow(second$files), 0L)
  expect_true(all(startsWith(first$files$path, paste0(first$directory, "/"))))
  expect_length(list.files(series), 2)
  expect_identical(dim(bcda_deleted(first)), c(0L, 2L))
})

test_that("a service without data is no failure", {
  fault <- "status=404:on=GET /api/v3/Group:body={\"resourceType\":\"OperationOutcome\"}"
  series <- place()
  client <- client_of(a_sandbox(profile = "bcda-v3", fault = fault))
  result <- bcda_sync(client, series, progress = FALSE)
  expect_identical(result$directory, NA_character_)
  expect_false(file.exists(series))
})

test_that("a series needs a directory", {
  for (directory in list(NULL, 1, function(name, type) NULL)) {
    expect_refused(bcda_sync(shared_client(), directory, progress = FALSE), "directory of a series")
  }
})

test_that("deleted resources are a typed list", {
  directory <- place()
  dir.create(file.path(directory, "deleted"), recursive = TRUE)
  writeLines(
    '{"resourceType":"Bundle","entry":[{"request":{"method":"DELETE","url":"Patient/-1.a"}}]}',
    file.path(directory, "deleted", "a.ndjson")
  )
  writeLines(paste0(
    '{"transactionTime":"2026-01-01T00:00:00Z","started":"2026-01-01T00:00:00Z","finished":"2026-01-01T00:00:00Z",',
    '"files":[],"errors":[],"deleted":[{"type":"Bundle","path":"deleted/a.ndjson","bytes":1,"records":1,',
    '"sha256":"2e6812ceae2e19fce7f5b53ed1880ec4eae228d30cb66e9f635ceb942941b3b7","decrypted":false,"url":"https://h/a"}]}'
  ), file.path(directory, "export.json"))
  expect_identical(bcda_deleted(bcda_result(directory)), data.frame(type = "Patient", id = "-1.a"))
})
