# The wall clock may be set while a run is waited for: nothing that lasts goes by it.

test_that("a wait lasts as long as it says when the wall clock runs ahead", {
  skip_if(nzchar(Sys.getenv("BCDA_TEST_SANITIZED")), "the sanitizers have to be loaded before faketime")
  preload <- Sys.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
  skip_if(length(preload) == 0 || Sys.which("timeout") == "", "needs faketime")
  script <- c(
    sprintf("library(bcda, lib.loc = %s)", deparse(dirname(find.package("bcda")))),
    "wall <- function() proc.time()[['elapsed']]",
    "begun <- wall()",
    "sandbox <- bcda_sandbox(1, pending_time = 0, job_time = 0.3)",
    "run <- bcda_start(bcda_sandbox_client(sandbox, poll_interval = 0.05), 'Patient', tempfile('claims'))",
    "result <- bcda_wait(run, timeout = 60, progress = FALSE)",
    "cat(wall() - begun > 60, is.null(result))"
  )
  file <- tempfile(fileext = ".R")
  writeLines(script, file)
  # A thousand seconds on the wall clock for each that goes by.
  env <- c("FAKETIME='+0 x1000'", "FAKETIME_DONT_FAKE_MONOTONIC=1", paste0("LD_PRELOAD=", preload[1]))
  command <- c("60", "env", env, shQuote(file.path(R.home("bin"), "Rscript")), "--vanilla", shQuote(file))
  expect_identical(system2("timeout", command, stdout = TRUE), "TRUE FALSE")
})
