# The programs of examples/r, each run as a user would run it.

EXAMPLES <- repository("examples", "r")
CLAIMS <- "ExplanationOfBenefit"
NIGHT <- "2026-11-24"
BENEFICIARY <- "1999000000" # as every beneficiary's number begins

# Runs `code` in `directory`, with the sandbox's settings in the environment.
inside <- function(directory, sandbox, code) {
  if (is.null(sandbox)) return(with_directory(directory, code))
  settings <- settings_for(sandbox)
  names(settings) <- paste0("BCDA_", toupper(names(settings)))
  with_directory(directory, with_env(settings, code))
}

command <- function(program, arguments, variables = character()) {
  libraries <- paste0("R_LIBS=", paste(.libPaths(), collapse = ":"))
  words <- c("env", libraries, variables, file.path(R.home("bin"), "Rscript"), file.path(EXAMPLES, program), arguments)
  paste(shQuote(words), collapse = " ")
}

# Its exit code, and what it printed.
run_example <- function(program, ..., sandbox = NULL, directory = dirname(place()), variables = character()) {
  out <- tempfile()
  err <- tempfile()
  on.exit(unlink(c(out, err)))
  code <- inside(directory, sandbox, {
    system(paste(command(program, c(...), variables), "</dev/null >", shQuote(out), "2>", shQuote(err)))
  })
  read <- function(path) paste(readLines(path), collapse = "\n")
  list(code = code, out = read(out), err = read(err), directory = directory)
}

# One that refuses a kick-off and names a beneficiary.
talkative <- function(frame = parent.frame()) {
  fault <- paste0("status=400:on=GET /api/v1/:body=not for ", BENEFICIARY, "1234")
  sandbox <- a_sandbox(1, fault = fault, frame = frame)
  refused <- tryCatch(export_of(client_of(sandbox)), bcda_error_refused = identity)
  expect_match(refused$outcome, BENEFICIARY)
  sandbox
}

test_that("a program explains itself", {
  skip_without_repository()
  programs <- list.files(EXAMPLES, "\\.R$")
  expect_setequal(programs, c("nightly.R", "paid_by_month.R"))
  for (program in programs) {
    done <- run_example(program, "--help")
    expect_equal(c(done$code, done$err), c(0, ""))
    expect_match(done$out, paste0("^usage: Rscript ", program))
  }
})

test_that("a program says what is wrong with its arguments", {
  skip_without_repository()
  wrong <- list(
    c("paid_by_month.R", "--nonsense"), c("paid_by_month.R", "claims"), c("paid_by_month.R", "--plot"),
    c("paid_by_month.R", "--plot", "plot.svg"), c("paid_by_month.R", "--plot", "no/such/plot.png"),
    "nightly.R", c("nightly.R", "a", "b"), c("nightly.R", "--date", "2026-02-30", "a"), c("nightly.R", "--date", "x", "a"),
    c("nightly.R", "--tries", "0", "a"), c("nightly.R", "--tries", "x", "a"), c("nightly.R", "a", "--types"),
    c("nightly.R", "-v", "a")
  )
  for (arguments in wrong) {
    done <- do.call(run_example, as.list(arguments))
    expect_equal(c(done$code, done$out), c(2, ""), info = arguments)
    expect_match(done$err, "^(paid_by_month|nightly): [^\n]+$", info = arguments)
    expect_length(list.files(done$directory), 0)
  }
})

test_that("without settings a program says what is missing", {
  skip_without_repository()
  for (arguments in list("paid_by_month.R", c("nightly.R", "claims"))) {
    done <- do.call(run_example, as.list(arguments))
    expect_equal(done$code, 2)
    expect_match(done$err, "the setting url is missing")
    expect_length(list.files(done$directory), 0)
  }
})

# ---- paid_by_month.R ----

# Claim by claim, with nothing of the example's.
sums_of <- function(directory) {
  sums <- numeric()
  bcda_records(bcda_result(directory), CLAIMS, as = "text", handler = function(claims) {
    for (claim in lapply(claims, jsonlite::parse_json)) {
      paid <- claim$payment$amount$value
      if (is.null(paid)) {
        paid <- sum(unlist(lapply(claim$item[[1]]$adjudication, function(adjudication) {
          if (startsWith(adjudication$category$coding[[1]]$display, "Amount paid by Part D plan")) adjudication$amount$value
        })))
      }
      month <- substr(c(claim$billablePeriod$start, claim$item[[1]]$servicedDate)[1], 1, 7)
      sums[month] <<- sum(sums[month], paid, na.rm = TRUE)
    }
  })
  sums
}

sums_in <- function(table) {
  rows <- regmatches(table, gregexpr("(?m)^([0-9]{4}-[0-9]{2}|Total) .* [0-9.,]+ *$", table, perl = TRUE))[[1]]
  amounts <- as.numeric(gsub(",", "", sub(".* ", "", trimws(rows))))
  stats::setNames(amounts, sub(" .*", "", rows))
}

begins_with <- function(path, bytes) identical(readBin(path, "raw", length(bytes)), bytes)
PNG <- as.raw(c(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a))

test_that("paid_by_month adds up", {
  skip_without_repository()
  done <- run_example("paid_by_month.R", "--sandbox", "--out", "claims", "--plot", "paid.pdf")
  expect_equal(c(done$code, done$err), c(0, ""))
  claims <- file.path(done$directory, "claims")
  sums <- sums_of(claims)
  expect_equal(sums_in(done$out), c(sums[sort(names(sums))], Total = sum(sums)), tolerance = 1e-9)
  for (part in c("Part A", "Part B", "Part D")) expect_match(done$out, part)
  expect_true(begins_with(file.path(done$directory, "paid.pdf"), charToRaw("%PDF-")))
  expect_no_match(done$out, BENEFICIARY)
})

test_that("paid_by_month takes the service of the environment", {
  skip_without_repository()
  skip_if_not(capabilities("cairo"))
  sandbox <- a_sandbox(1)
  done <- run_example("paid_by_month.R", sandbox = sandbox)
  expect_equal(c(done$code, done$err), c(0, ""))
  shown <- sums_in(done$out)
  sums <- sums_of(file.path(done$directory, "claims"))
  expect_equal(shown[names(sums)], sums, tolerance = 1e-9)
  expect_equal(shown[["Total"]], sum(sums))
  plot <- file.path(done$directory, "paid_by_month.png")
  expect_true(begins_with(plot, PNG))
  expect_gt(file.size(plot), 10000)
})

test_that("paid_by_month of no claims", {
  skip_without_repository()
  sandbox <- a_sandbox(1, fault = "job-empty")
  done <- run_example("paid_by_month.R", sandbox = sandbox)
  expect_equal(unlist(done[c("code", "out", "err")], use.names = FALSE), c("0", "The export has no claims.", ""))
  expect_equal(list.files(done$directory), "claims")
})

test_that("paid_by_month fails as the command does, and tells nothing of a beneficiary", {
  skip_without_repository()
  sandbox <- a_sandbox(1, fault = "status=401:on=POST /auth/token")
  done <- run_example("paid_by_month.R", sandbox = sandbox)
  expect_equal(c(done$code, done$out), c(3, ""))
  expect_match(done$err, "^paid_by_month: ")
  refusing <- talkative()
  done <- run_example("paid_by_month.R", sandbox = refusing)
  expect_equal(c(done$code, done$out), c(4, ""))
  expect_no_match(done$err, BENEFICIARY)
})

test_that("paid_by_month says that the service could not export everything", {
  skip_without_repository()
  sandbox <- a_sandbox(100, error_rate = 0.1, era = "oct2019")
  done <- run_example("paid_by_month.R", "--plot", "paid.pdf", sandbox = sandbox)
  expect_equal(done$code, 6)
  expect_match(done$err, "(^|\n)paid_by_month: the service could not export everything")
  expect_no_match(paste(done$out, done$err), BENEFICIARY)
  expect_gt(sums_in(done$out)[["Total"]], 0)
})

test_that("paid_by_month copes with what claims lack", {
  skip_without_repository()
  example <- new.env()
  source(file.path(EXAMPLES, "paid_by_month.R"), example)
  variable <- "https://bluebutton.cms.gov/resources/variables/"
  amount <- function(name, value) {
    sprintf('{"amount":{"value":%s},"category":{"coding":[{"code":"%s%s"}]}}', value, variable, name)
  }
  eob_type <- '{"system":"https://bluebutton.cms.gov/resources/codesystem/eob-type","code":"%s"}'
  drug <- sprintf(
    '"status":"active","type":{"coding":[%s,{"code":"PDE"}]},"item":[{"sequence":1,"servicedDate":"2019-03-31","adjudication":[%s]}]',
    sprintf(eob_type, "PDE"), paste(amount("ptnt_pay_amt", 99), amount("cvrd_d_plan_pd_amt", 10.5), sep = ",")
  )
  claim <- paste0('"status":"active","type":{"coding":[', sprintf(eob_type, "CARRIER"), "]}")
  paid <- '"payment":{"amount":{"value":100}}'
  january <- '"billablePeriod":{"start":"2019-01-01"}'
  members <- c(
    drug,
    paste(claim, paid, january, sep = ","), # of no known part
    paste(sub("active", "cancelled", claim), paid, january, sep = ","),
    paste(claim, paid, sep = ","), # no date
    paste(claim, january, sep = ",") # no amount
  )
  lines <- sprintf('{"resourceType":"%s","id":"%d",%s}\n', CLAIMS, seq_along(members), members)
  facts <- example$payments(written_export(ExplanationOfBenefit = paste(lines, collapse = "")))
  expect_equal(sum(!complete.cases(facts)), 2)
  total <- example$by_month(facts[complete.cases(facts), ])
  expect_equal(rownames(total), c("2019-01", "2019-02", "2019-03"))
  expect_equal(as.vector(total[, "d"]), c(0, 0, 10.5))
  expect_equal(as.vector(total[, "other"]), c(100, 0, 0))
})

# ---- nightly.R ----

test_that("a night is exported once", {
  skip_without_repository()
  sandbox <- a_sandbox(10)
  done <- run_example("nightly.R", "srv/claims", sandbox = sandbox)
  expect_equal(done$code, 0)
  night <- list.files(file.path(done$directory, "srv", "claims"))
  expect_match(night, "^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
  expect_equal(nrow(bcda_result(file.path(done$directory, "srv", "claims", night))$files), 3)
  expect_match(done$out, paste0("^", night, ": exported: 3 files, [0-9,]+ records, [0-9,]+ bytes, as of .*Z$"))
  expect_match(done$err, "(^|\n)[-0-9]{10} [:0-9]{8} INFO job: Patient\n")
  expect_match(done$err, "INFO file: Patient \\S+/Patient\\.\\S+\\.ndjson")
  expect_no_match(done$err, "DEBUG")

  kick_offs <- bcda_sandbox_requests(sandbox, "GET /api/v1/")
  again <- run_example("nightly.R", "srv/claims", "--date", night, sandbox = sandbox, directory = done$directory)
  expect_equal(c(again$code, again$err), c(0, ""))
  expect_match(again$out, paste0("^", night, ": exported already: 3 files, "))
  expect_equal(bcda_sandbox_requests(sandbox, "GET /api/v1/"), kick_offs)
})

test_that("a night of some types", {
  skip_without_repository()
  sandbox <- a_sandbox(1)
  done <- run_example("nightly.R", ".", "--date", NIGHT, "--types", "Patient,Coverage", "--verbose", sandbox = sandbox)
  expect_equal(done$code, 0)
  expect_setequal(bcda_result(file.path(done$directory, NIGHT))$files$type, c("Patient", "Coverage"))
  expect_match(done$err, "DEBUG state: downloading")
})

test_that("a night has its place in cron's locale, too", {
  skip_without_repository()
  skip_if_not(l10n_info()$`UTF-8`)
  name <- "n\u00e4chte"
  sandbox <- a_sandbox(1)
  directory <- dirname(place())
  for (summary in c("exported: ", "exported already: ")) {
    arguments <- list("nightly.R", name, "--date", NIGHT, sandbox = sandbox, directory = directory, variables = "LC_ALL=C")
    done <- do.call(run_example, arguments)
    expect_equal(done$code, 0)
    expect_match(done$out, paste0(NIGHT, ": ", summary))
  }
  expect_equal(list.files(directory), name)
  expect_equal(nrow(bcda_result(file.path(directory, name, NIGHT))$files), 3)
})

test_that("a night with error files", {
  skip_without_repository()
  sandbox <- a_sandbox(100, error_rate = 0.1, era = "oct2019")
  done <- run_example("nightly.R", ".", "--date", NIGHT, "--verbose", sandbox = sandbox)
  expect_equal(done$code, 6)
  expect_match(done$out, paste0("^", NIGHT, ": exported, with 3 error files: "))
  expect_match(paste(bcda_issues(bcda_result(file.path(done$directory, NIGHT)))$text, collapse = " "), BENEFICIARY)
  expect_no_match(paste(done$out, done$err), BENEFICIARY)
  expect_false(grepl(sandbox$client_secret, done$err, fixed = TRUE))
})

test_that("a night that fails", {
  skip_without_repository()
  failures <- data.frame(
    fault = c("status=401:on=POST /auth/token", "flip:on=GET /data/", "status=503:on=GET /api/v1/Patient:retry_after=0"),
    code = c(3, 5, 4), said = c("AUTHENTICATION", "DECRYPTION", "REFUSED"), advice = c("will not", "will not", "may")
  )
  for (i in seq_len(nrow(failures))) {
    sandbox <- a_sandbox(1, fault = failures$fault[i])
    done <- run_example("nightly.R", ".", "--date", NIGHT, "--types", "Patient", sandbox = sandbox)
    expect_equal(done$code, failures$code[i])
    expect_equal(done$out, sprintf("%s: failed (%s); trying again %s help", NIGHT, failures$said[i], failures$advice[i]))
    expect_match(done$err, " ERROR ")
  }
})

test_that("a night is tried again when that may help", {
  skip_without_repository()
  sandbox <- a_sandbox(1, fault = "status=503:on=GET /api/v1/Patient:retry_after=0")
  arguments <- c("nightly.R", ".", "--date", NIGHT, "--types", "Patient", "--pause", "0", "--tries", "2")
  done <- do.call(run_example, c(as.list(arguments), list(sandbox = sandbox)))
  expect_equal(done$code, 4)
  expect_length(gregexpr(" ERROR ", done$err)[[1]], 2)
  expect_match(done$err, "INFO trying again in 0 s")
  kick_offs <- bcda_sandbox_requests(sandbox, "GET /api/v1/Patient")
  bcda_sandbox_control(sandbox, "fault", "none")
  bcda_sandbox_control(sandbox, "fault", paste0("status=503:on=GET /api/v1/Patient:retry_after=0:count=", kick_offs / 2))
  done <- do.call(run_example, c(as.list(arguments), list(sandbox = sandbox)))
  expect_equal(done$code, 0)
  expect_length(gregexpr(" ERROR ", done$err)[[1]], 1)
})

test_that("a log has nothing of what the service said", {
  skip_without_repository()
  sandbox <- talkative()
  done <- run_example("nightly.R", ".", "--verbose", "--types", "Patient", sandbox = sandbox)
  expect_equal(done$code, 4)
  expect_no_match(paste(done$out, done$err), BENEFICIARY)
})

test_that("a night that is interrupted goes on", {
  skip_without_repository()
  sandbox <- a_sandbox(10, fault = "stall:at=1:for=1h:on=GET /data/3/")
  directory <- dirname(place())
  arguments <- c(".", "--date", NIGHT, "--verbose")
  seen <- inside(directory, sandbox, {
    program <- paste("echo $$; exec", command("nightly.R", arguments), "2>&1")
    process <- pipe(paste("sh -c", shQuote(program), "; echo status $?"), "r")
    pid <- as.integer(readLines(process, 1))
    while (length(line <- readLines(process, 1))) if (grepl("INFO file: ", line)) break
    expect_length(line, 1)
    tools::pskill(pid, tools::SIGINT)
    seen <- readLines(process)
    close(process)
    seen
  })
  expect_equal(utils::tail(seen, 2), c(paste0(NIGHT, ": canceled"), "status 130"))
  expect_false(file.exists(file.path(directory, NIGHT, "export.json")))
  expect_length(list.files(directory, "\\.partial$", recursive = TRUE, all.files = TRUE), 0)

  bcda_sandbox_control(sandbox, "fault", "none")
  done <- run_example("nightly.R", arguments, sandbox = sandbox, directory = directory)
  expect_equal(done$code, 0)
  expect_length(list.files(file.path(directory, NIGHT), "^[A-Z].*\\.ndjson$"), 3)
})
