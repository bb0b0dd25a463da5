# Profiles of servers, and what an export would send to them.

ORIGIN <- "https://api.bcda.cms.gov"
HIDDEN <- "a-secret-that-nobody-shows"

client_at <- function(url = ORIGIN, ..., client_id = "an-id", client_secret = HIDDEN) {
  bcda_client(url, client_id = client_id, client_secret = client_secret, env = FALSE, ...)
}
part <- function(plan, name) vapply(plan, function(request) request[[name]], "")

test_that("every choice but auto is listed", {
  settings <- bcda_settings()
  choices <- strsplit(settings$choices[settings$name == "profile"], ",")[[1]]
  expect_identical(names(bcda_profiles()), setdiff(choices, "auto"))
})

test_that("a client has its profile", {
  expect_identical(bcda_client_profile(client_at())$name, "bcda-v3")
  expect_identical(bcda_client_profile(client_at(profile = "bcda-2019")), bcda_profiles()[["bcda-2019"]])
  expect_identical(bcda_client_profile(client_at("https://service.example/fhir"))$name, "generic")
  file <- tempfile()
  writeLines('{"title": "Ours"}', file)
  expect_identical(bcda_client_profile(client_at(profile_file = file))$title, "Ours")
  expect_refused(bcda_client_profile("a client"), "bcda_client")
})

test_that("a plan is the token request and one kick-off", {
  plan <- bcda_plan(client_at(), c("Patient", "Coverage"))
  expect_identical(part(plan, "purpose"), c("token", "kick-off"))
  expect_identical(part(plan, "method"), c("POST", "GET"))
  kick_off <- paste0(ORIGIN, "/api/v3/Group/all/$export")
  expect_identical(part(plan, "url"), c(paste0(ORIGIN, "/auth/token"), paste0(kick_off, "?_type=Patient,Coverage")))
  expect_identical(part(bcda_plan(client_at()), "url")[[2]], kick_off)
})

test_that("a plan has no secret", {
  text <- paste(unlist(bcda_plan(client_at())), collapse = " ")
  encoded <- jsonlite::base64_enc(charToRaw(paste0("an-id:", HIDDEN)))
  for (secret in c(HIDDEN, encoded)) expect_false(grepl(secret, text, fixed = TRUE))
  expect_match(text, "Basic ***", fixed = TRUE)
  plan <- bcda_plan(bcda_client(ORIGIN, access_token = HIDDEN, env = FALSE))
  expect_identical(part(lapply(plan, `[[`, "headers"), "Authorization"), "Bearer ***")
})

test_that("the settings of an export are in the plan", {
  client <- client_at(profile = "generic", auth = "none")
  times <- list(
    list("2020-02-13T08:00:00Z", "2020-02-13T08:00:00Z"),
    list(as.POSIXct("2020-02-13 03:00:00", tz = "America/New_York"), "2020-02-13T08:00:00Z"),
    list(as.POSIXlt("2020-02-13 08:00:00", tz = "UTC"), "2020-02-13T08:00:00Z"),
    list(time_of("2020-02-13T08:00:00.123Z"), "2020-02-13T08:00:00.123000Z"),
    list(time_of("2020-02-13T08:00:00.000001Z"), "2020-02-13T08:00:00.000001Z"),
    list(time_of("2020-02-13T07:59:59.9999999Z"), "2020-02-13T08:00:00Z")
  )
  for (time in times) {
    plan <- bcda_plan(client, level = "patient", since = time[[1]])
    expect_identical(part(plan, "url"), paste0(ORIGIN, "/Patient/$export?_since=", time[[2]]))
  }
  plan <- bcda_plan(client, level = "patient", since = "2020-02-13T08:00:00Z")
  expect_identical(part(plan, "url"), paste0(ORIGIN, "/Patient/$export?_since=2020-02-13T08:00:00Z"))
  expect_identical(part(bcda_plan(client, level = "patient", patients = "Patient/1"), "method"), "POST")
})

test_that("a wrong argument is told as by an export", {
  expect_refused(bcda_plan(client_at(), "Patiant"), "did you mean Patient?")
  expect_refused(bcda_plan(client_at(), type = "Patient"), "did you mean types or type_filters?")
  expect_refused(bcda_plan(client_at(), parallell = 3), "did you mean parallel")
  expect_refused(bcda_plan("a client"), "bcda_client")
})

test_that("nothing is sent", {
  sandbox <- a_sandbox()
  client <- client_of(sandbox)
  expect_length(bcda_plan(client), 4)
  expect_identical(bcda_client_profile(client)$name, "bcda-2019")
  expect_identical(bcda_sandbox_requests(sandbox, ""), 0)
})

test_that("a closed client says so", {
  client <- client_at()
  close(client)
  expect_status(bcda_plan(client), "STATE")
  expect_status(bcda_client_profile(client), "STATE")
})
