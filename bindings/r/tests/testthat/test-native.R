# What is compiled: how it is found, and what it takes.

test_that("routines are registered, and nothing is found otherwise", {
  dll <- getLoadedDLLs()[["bcda"]]
  expect_false(unclass(dll)$dynamicLookup)
  routines <- getDLLRegisteredRoutines("bcda")
  expect_identical(lengths(unclass(routines), use.names = FALSE), c(0L, length(routines$.Call), 0L, 0L))
  offered <- ls(asNamespace("bcda"), pattern = "^native_")
  expect_gt(length(offered), 90)
  expect_setequal(names(routines$.Call), paste0("R_swig_", offered))
  for (symbol in c("bcda_version", "SSL_new", "R_swig_none")) expect_false(is.loaded(symbol, PACKAGE = "bcda"))
})

test_that("only R_init_bcda is exported", {
  skip_if(Sys.which("nm") == "", "needs nm")
  file <- getLoadedDLLs()[["bcda"]][["path"]]
  symbols <- suppressWarnings(system2("nm", c("-D", "--defined-only", shQuote(file)), stdout = TRUE, stderr = FALSE))
  skip_if(length(symbols) == 0, "nm tells nothing here")
  expect_identical(sub(".* ", "", symbols), "R_init_bcda")
})

test_that("every argument of every function is checked", {
  for (name in ls(asNamespace("bcda"), pattern = "^native_")) {
    f <- get(name, asNamespace("bcda"))
    n <- sum(names(formals(f)) != ".copy") # SWIG's own
    if (n == 0) next
    for (wrong in list(NULL, NA, "x", 5L, 1e300, list(), globalenv(), new.env(), quote(a), raw(2), c("a", "b"))) {
      got <- tryCatch(do.call(f, rep(list(wrong), n), quote = TRUE), error = identity)
      fits <- is.character(wrong) && length(wrong) == 1 || is.integer(wrong)
      if (!fits) expect(inherits(got, "bcda_error_invalid_argument"), paste(name, deparse(wrong)))
      if (inherits(got, "error")) expect(inherits(got, "bcda_error"), paste(name, class(got)[1]))
    }
  }
})

test_that("a handle is not taken for one of another kind, and forged ones for none", {
  event <- native_event_create()
  config <- native_config_create()
  expect_refused(native_event_list(config), "event")
  expect_refused(native_config_get(event, "url"), "configuration")
  expect_refused(native_client_create(event), "configuration")
  expect_refused(native_event_destroy(config), "event")
  expect_identical(native_config_get(config, "url"), "") # it was not destroyed
  forged <- getLoadedDLLs()[["bcda"]][["handle"]] # an external pointer of R's
  expect_identical(typeof(forged), "externalptr")
  expect_refused(native_config_get(forged, "url"), "configuration")
  expect_refused(native_config_destroy(forged), "configuration")
  native_event_destroy(event)
  native_config_destroy(config)
})

test_that("numbers are whole, and no larger than they can be", {
  run <- bcda_start(shared_client(), "Patient", place())
  on.exit(close(run))
  for (timeout in list(2^53 + 2, -2^54, 0.5, NaN, Inf, NA_real_, NA_integer_, TRUE, c(1, 2), "1")) {
    expect_refused(native_run_wait(run$handle, timeout), "whole number")
  }
  expect_refused(native_setting_name(2^31), "whole number")
  for (index in c(-1, 10000)) expect_refused(native_setting_name(index), "no setting")
  expect_identical(native_run_wait(run$handle, 2^53), 1L)
})

test_that("texts cross as they are", {
  config <- native_config_create()
  on.exit(native_config_destroy(config))
  for (text in c("\U1F600", "\u00e9", "a b", "%s%n")) {
    native_config_set(config, "client_id", text)
    got <- native_config_get(config, "client_id")
    expect_identical(got, text)
    if (!identical(iconv(text, "UTF-8", "ASCII"), text)) expect_identical(Encoding(got), "UTF-8")
  }
  native_config_set(config, "client_id", iconv("\u00e9", "UTF-8", "latin1"))
  expect_identical(charToRaw(native_config_get(config, "client_id")), as.raw(c(0xC3, 0xA9)))
})
