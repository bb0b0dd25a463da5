# Questions to the service outside of an export: credentials, jobs, attribution.

today <- function(..., frame = parent.frame()) a_sandbox(profile = "bcda-v3", ..., frame = frame)

test_that("the credentials are checked", {
  sandbox <- today()
  checked <- bcda_auth(client_of(sandbox))
  expect_identical(checked$method, "basic")
  expect_equal(checked$lifetime, 1200)
  expect_true(checked$checked)
  expect_null(checked$scope)
  expect_identical(bcda_sandbox_requests(sandbox, "GET /auth/welcome"), 1)
  expect_status(bcda_auth(client_of(sandbox, client_secret = "wrong")), "AUTHENTICATION")
})

test_that("a job is listed, asked for and adopted", {
  sandbox <- today()
  client <- client_of(sandbox)
  columns <- c("id", "status", "request", "start", "end", "url")
  expect_identical(names(bcda_jobs(client)), columns)
  expect_identical(nrow(bcda_jobs(client)), 0L)
  bcda_manifest(client, progress = FALSE)
  jobs <- bcda_jobs(client, c("Completed", "In Progress"))
  expect_identical(dim(jobs), c(1L, 6L))
  expect_identical(nrow(bcda_jobs(client, "Failed")), 0L)
  expect_identical(bcda_job_status(client, jobs$url)$state, "done")
  expect_status(bcda_cancel_job(client, jobs$url), "REFUSED", "can no longer be canceled")
  result <- bcda_export(client, out = place(), job_url = jobs$url, progress = FALSE)
  expect_gt(nrow(result$files), 0)
  expect_identical(bcda_sandbox_requests(sandbox, "GET /api/v3/Group/"), 1)
  expect_identical(bcda_plan(client, job_url = jobs$url)[[2]]$purpose, "status")
})

test_that("a running job is canceled", {
  client <- client_of(today(job_time = 3600))
  run <- bcda_start(client, out = place())
  jobs <- bcda_jobs(client)
  while (nrow(jobs) == 0) jobs <- bcda_jobs(client)
  expect_identical(bcda_job_status(client, jobs$url)$state, "running")
  expect_true(bcda_cancel_job(client, jobs$url)$canceled)
  expect_status(bcda_job_status(client, jobs$url), "JOB_GONE")
  close(run)
})

test_that("the attribution status has times", {
  expect_identical(bcda_attribution(client_of(today()))$type, c("last_attribution_update", "last_runout_update"))
})

test_that("what cannot be asked is told before anything is sent", {
  sandbox <- a_sandbox()
  client <- client_of(sandbox)
  expect_refused(bcda_jobs(client), "no job list")
  expect_refused(bcda_attribution(client), "no attribution status")
  expect_refused(bcda_job_status(client, "https://elsewhere.example/1"), "elsewhere.example")
  for (url in list(NULL, NA, 5, c("a", "b"))) expect_refused(bcda_cancel_job(client, url), "url")
  for (status in list(5, NA_character_)) expect_refused(bcda_jobs(client, status), "status")
  expect_refused(bcda_auth("a client"), "bcda_client")
  expect_identical(bcda_sandbox_requests(sandbox), 0)
})
