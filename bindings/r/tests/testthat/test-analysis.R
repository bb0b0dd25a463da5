# The programs of examples/analysis, against the JSON of an export and against the tables that the samples make.

ANALYSES <- repository("examples", "analysis")
EOB <- "ExplanationOfBenefit"

# An export with enough claims for all questions. Made when it is first asked for.
analyzed <- once(function() {
  export_of(client_of(bcda_sandbox(300, pending_time = 0, job_time = 0)), c("Patient", "Coverage", EOB))
})
analyzed_claims <- once(function() {
  claims <- list()
  bcda_records(analyzed(), EOB, function(chunk) claims <<- c(claims, chunk))
  claims
})

# The functions of a program, which does not run.
functions_of <- function(program) {
  made <- new.env()
  sys.source(file.path(ANALYSES, program), made)
  made
}

# Runs a program in a directory of its own: its exit code, and the lines that it printed.
run_analysis <- function(program, ..., directory = dirname(place())) {
  libraries <- paste0("R_LIBS=", paste(.libPaths(), collapse = ":"))
  words <- c("env", libraries, file.path(R.home("bin"), "Rscript"), file.path(ANALYSES, program), ...)
  command <- paste(paste(shQuote(words), collapse = " "), "2>&1")
  out <- with_directory(directory, suppressWarnings(system(command, intern = TRUE)))
  list(code = attr(out, "status") %||% 0L, out = as.character(out), directory = directory)
}

is_plot <- function(path) {
  png <- as.raw(c(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a))
  identical(readBin(path, "raw", 8), png) && file.size(path) > 5000
}

# The rows of the final claims in a table that the samples make.
final_rows <- function(generation, table) {
  claims <- expected_table(generation, "claim")
  is_final <- if (generation == "v3") {
    claims$final_action %in% "FinalAction"
  } else {
    claims$status %in% "active" & !claims$adjustment_type_code %in% "D"
  }
  rows <- expected_table(generation, table)
  rows[rows$claim_key %in% claims$claim_key[is_final], ]
}

PROGRAMS <- c("diabetes_without_visit.R", "paid_by_month_and_diagnosis.R", "top_providers.R")

test_that("without an export a program has synthetic claims", {
  skip_without_repository()
  skip_if_not(capabilities("cairo"))
  expect_setequal(list.files(ANALYSES, "\\.R$"), PROGRAMS)
  for (program in PROGRAMS) {
    done <- run_analysis(program)
    expect_identical(done$code, 0L, label = program)
    expect_true(is_plot(list.files(done$directory, "\\.png$", full.names = TRUE)), label = program)
    expect_no_match(done$out, "Warning|Error")
  }
})

test_that("an export without claims makes no plot, and what is no export is an error", {
  skip_without_repository()
  empty <- dirname(written_export(ExplanationOfBenefit = "")$files$path)
  for (program in PROGRAMS) {
    done <- run_analysis(program, empty)
    expect_identical(done$code, 0L, label = program)
    expect_length(done$out, 1)
    expect_length(list.files(done$directory), 0)
    wrong <- run_analysis(program, done$directory)
    expect_identical(wrong$code, 1L, label = program)
    expect_match(paste(wrong$out, collapse = " "), "no finished export")
  }
})

# ---- Paid by month and diagnosis group ----

test_that("the paid amounts are those of the records", {
  skip_without_repository()
  skip_if_not(capabilities("cairo"))
  groups <- c(I = "Circulatory", E = "Endocrine, metabolic", J = "Respiratory", M = "Musculoskeletal")
  sums <- numeric()
  total <- 0
  for (claim in analyzed_claims()) {
    if (is.null(claim$diagnosis)) next
    code <- claim$diagnosis[[1]]$diagnosisCodeableConcept$coding[[1]]$code
    key <- paste(substr(claim$billablePeriod$start, 1, 7), groups[substr(code, 1, 1)])
    sums[key] <- sum(sums[key], claim$payment$amount$value, na.rm = TRUE)
    total <- total + claim$payment$amount$value
  }
  paid <- functions_of("paid_by_month_and_diagnosis.R")$paid_by_month(analyzed())
  expect_equal(sum(paid), total)
  keys <- outer(rownames(paid), colnames(paid), paste)
  known <- keys %in% names(sums)
  expect_gt(sum(known), 20)
  expect_equal(as.vector(paid)[known], unname(sums[keys[known]]))
  done <- run_analysis("paid_by_month_and_diagnosis.R", dirname(analyzed()$files$path[1]))
  expect_match(done$out, format(sums[["2019-01 Circulatory"]], nsmall = 2), fixed = TRUE, all = FALSE)
  expect_true(is_plot(file.path(done$directory, "paid_by_diagnosis.png")))
})

test_that("every generation has its groups", {
  skip_without_repository()
  for (generation in GENERATIONS) {
    claims <- final_rows(generation, "claim")
    codes <- final_rows(generation, "claim_diagnosis")
    example <- functions_of("paid_by_month_and_diagnosis.R")
    paid <- example$paid_by_month(samples_of(generation))
    total <- 0
    for (i in seq_len(nrow(claims))) {
      own <- codes[codes$claim_key == claims$claim_key[i] & !grepl("icd-9", codes$system), ]
      if (!nrow(own) || is.na(claims$from_date[i]) || is.na(claims$payment_amount[i])) next
      first <- if (any(own$type %in% "principal")) which(own$type %in% "principal")[1] else 1
      group <- example$group_of(own$code_plain[first])
      expect_gt(paid[substr(claims$from_date[i], 1, 7), group], 0)
      total <- total + as.numeric(claims$payment_amount[i])
    }
    expect_gt(total, 0)
    expect_equal(sum(paid), total)
    expect_identical(setdiff(colnames(paid), c("Infections", "Endocrine, metabolic", "Musculoskeletal")), character())
  }
})

test_that("a group is found with and without a dot", {
  skip_without_repository()
  group_of <- functions_of("paid_by_month_and_diagnosis.R")$group_of
  expect_identical(unique(group_of(c("E11.9", "E119", "e119", "E00", "E89.89"))), "Endocrine, metabolic")
  expect_identical(group_of(c("D49.9", "D50", "T88.9", "V00", "Y99", "Z99.9", "O9A", "1")), c(
    "Neoplasms", "Blood", "Injury", "External causes", "External causes", "Factors, contact", "Pregnancy", "Other"
  ))
})

# ---- Providers ----

test_that("the amounts of providers add up", {
  skip_without_repository()
  total <- 0
  for (claim in analyzed_claims()) {
    paid <- claim$payment$amount$value
    if (is.null(paid)) {
      of_plan <- Filter(function(one) grepl("cvrd_d_plan", one$category$coding[[1]]$code), claim$item[[1]]$adjudication)
      paid <- of_plan[[1]]$amount$value
    }
    total <- total + paid
  }
  example <- functions_of("top_providers.R")
  paid <- example$payments(analyzed())
  expect_equal(sum(paid$paid), total)
  every <- example$top_providers(paid, 1e6)
  expect_equal(sum(every$paid), sum(paid$paid[!is.na(paid$npi)]))
  top <- example$top_providers(paid, 10)
  expect_identical(top, every[1:10, ])
  expect_false(is.unsorted(-top$paid))
  expect_identical(top$claims[1], length(unique(paid$claim[paid$npi %in% top$npi[1]])))
})

test_that("every generation has its providers", {
  skip_without_repository()
  for (generation in GENERATIONS) {
    claims <- final_rows(generation, "claim")
    lines <- final_rows(generation, "claim_line")
    drugs <- final_rows(generation, "pharmacy_claim")
    sums <- c(by_hand = 0)
    pay <- function(npi, amount) {
      if (!is.na(npi) && !is.na(amount)) sums[npi] <<- sum(sums[npi], as.numeric(amount), na.rm = TRUE)
    }
    for (i in seq_len(nrow(claims))) {
      own <- lines[lines$claim_key == claims$claim_key[i], ]
      if (!claims$eob_type[i] %in% c("CARRIER", "DME", "PDE")) {
        pay(claims$provider_npi[i], claims$payment_amount[i])
      } else if (claims$eob_type[i] != "PDE") {
        for (n in seq_len(nrow(own))) {
          pay(c(stats::na.omit(c(own$rendering_npi[n], claims$provider_npi[i])), NA)[1], own$paid_amount[n])
        }
      }
    }
    for (n in seq_len(nrow(drugs))) pay(drugs$pharmacy_npi[n], drugs$covered_paid_amount[n])
    example <- functions_of("top_providers.R")
    found <- example$top_providers(example$payments(samples_of(generation)))
    expect_gt(nrow(found), 0)
    expect_equal(stats::setNames(found$paid, found$npi), sums[found$npi])
    expect_identical(nrow(found), length(sums) - 1L)
  }
})

# ---- Diabetes ----

test_that("members with diabetes and no visit are those of the records", {
  skip_without_repository()
  skip_if_not(capabilities("cairo"))
  diabetic <- character()
  visits <- list()
  for (claim in analyzed_claims()) {
    member <- sub("Patient/", "", claim$patient$reference)
    codes <- vapply(claim$diagnosis, function(one) one$diagnosisCodeableConcept$coding[[1]]$code, "")
    if (any(grepl("^E(08|09|10|11|12|13)", codes))) diabetic <- c(diabetic, member)
    for (item in claim$item) {
      code <- unlist(lapply(item$service$coding, function(coding) coding$code))
      if (!any(c("99203", "99213", "99214") %in% code)) next
      visits[[member]] <- c(visits[[member]], item$servicedPeriod$start)
    }
  }
  diabetic <- sort(unique(diabetic))
  unseen <- Filter(function(member) !any(visits[[member]] >= "2019-01-01" & visits[[member]] <= "2019-06-30"), diabetic)
  before <- function(member) as.character(visits[[member]][visits[[member]] < "2019-01-01"])
  last <- vapply(unseen, function(member) c(sort(before(member), TRUE), NA)[1], "")
  expect_gt(length(unseen), 10)

  example <- functions_of("diabetes_without_visit.R")
  members <- example$visits_of_members(analyzed())
  expect_identical(names(members), diabetic)
  found <- example$without_visit(members)
  expect_identical(found$beneficiary_key, unseen)
  expect_identical(as.character(found$last_visit), unname(last))

  claims <- dirname(analyzed()$files$path[1])
  done <- run_analysis("diabetes_without_visit.R", claims)
  heading <- sprintf("^%d of %d members with diabetes had no visit from", length(unseen), length(diabetic))
  expect_match(done$out[1], heading)
  expect_false(any(vapply(diabetic, grepl, NA, paste(done$out, collapse = " "), fixed = TRUE)))
  list <- file.path(done$directory, "without_visit.csv")
  expect_identical(format(file.mode(list)), "600")
  read <- utils::read.csv(list, colClasses = "character", na.strings = "")
  expect_identical(read$beneficiary_key, unseen)
  expect_identical(read$last_visit, unname(last))
  expect_true(is_plot(file.path(done$directory, "without_visit.png")))
  again <- run_analysis("diabetes_without_visit.R", claims, directory = done$directory)
  expect_identical(again$code, 1L)
  expect_match(again$out, "without_visit.csv exists already", all = FALSE)
})

test_that("diabetes is found in each form of its code", {
  skip_without_repository()
  example <- functions_of("diabetes_without_visit.R")
  for (generation in GENERATIONS) {
    path <- grep(EOB, samples_of(generation), value = TRUE)
    record <- grep("CARRIER", readLines(path), value = TRUE)[1]
    codes <- expected_table(generation, "claim_diagnosis")
    key <- jsonlite::parse_json(record)$id
    codes <- unique(codes$code[codes$claim_key %in% c(key, paste0("carrier-", key))])
    expect_gt(length(codes), 0)
    with_code <- function(other) {
      for (code in codes) record <- gsub(paste0('"', code, '"'), paste0('"', other, '"'), record, fixed = TRUE)
      record <- gsub("NotFinalAction", "FinalAction", record, fixed = TRUE)
      members <- example$visits_of_members(written(charToRaw(enc2utf8(record)), tempfile(fileext = ".ndjson")))
      names(members)
    }
    for (code in c("E119", "E11.9", "E08.00", "E1300", "e10.9")) expect_length(with_code(code), 1)
    for (code in c("E14.9", "E07.9", "F11.9", "25000")) expect_length(with_code(code), 0)
  }
})
