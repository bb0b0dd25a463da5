# Small helper functions.

is_text <- function(x) is.character(x) && length(x) == 1 && !is.na(x)
is_flag <- function(x) is.logical(x) && length(x) == 1 && !is.na(x)
is_number <- function(x) is.numeric(x) && length(x) == 1 && is.finite(x)

# Seconds, or NULL if `x` is not a duration.
seconds_of <- function(x) {
  if (inherits(x, "difftime")) x <- as.numeric(x, units = "secs")
  if (is_number(x)) x
}

`%||%` <- function(x, otherwise) if (is.null(x)) otherwise else x

# All digits of a number, without an exponent, independent of options().
digits <- function(number) {
  if (number == trunc(number)) return(sprintf("%.0f", number))
  text <- function(digits) format(number, digits = digits, scientific = FALSE, trim = TRUE, decimal.mark = ".")
  if (as.numeric(text(15)) == number) text(15) else text(17)
}

# Expands ~. R's own path functions fail for names that the locale cannot represent, so they are called only if needed.
expanded <- function(path) if (startsWith(path, "~")) path.expand(path) else path

# A path for R's own functions, with the same bytes that the library uses: UTF-8 in every locale.
on_disk <- function(path) {
  if (Encoding(path) != "unknown") {
    path <- enc2utf8(path)
    Encoding(path) <- "unknown"
  }
  path
}

base_name <- function(path) sub(".*/", "", path)

absolute <- function(path) from_here(expanded(path))

from_here <- function(path) if (startsWith(path, "/")) path else file.path(getwd(), path)

big <- function(number) format(number, big.mark = ",", decimal.mark = ".", scientific = FALSE, trim = TRUE)

counted <- function(number, noun) paste0(big(number), " ", noun, if (number != 1) "s")

described <- function(files) {
  paste0(
    counted(nrow(files), "file"), ", ", counted(sum(files$records), "record"), ", ", counted(sum(files$bytes), "byte")
  )
}

# A member of a parsed JSON value, which may have any type. NULL if there is no such member.
member <- function(x, name) if (is.list(x) && !is.null(names(x))) x[[name, exact = TRUE]]

text_in <- function(x, name) {
  text <- member(x, name)
  if (is_text(text)) text else ""
}

na_below_zero <- function(number) if (number < 0) NA_real_ else number

# Parses an RFC 3339 time with any number of digits in the fraction of a second.
time_of <- function(text) {
  if (!is_text(text) || !nzchar(text)) return(as.POSIXct(NA_real_, origin = "1970-01-01", tz = "UTC"))
  parts <- regmatches(text, regexec("^(.{10})[Tt ](.{8})(\\.[0-9]+)?([Zz]|[+-][0-9]{2}:?[0-9]{2})$", text))[[1]]
  if (!length(parts)) return(as.POSIXct(NA_real_, origin = "1970-01-01", tz = "UTC"))
  zone <- if (toupper(parts[5]) == "Z") "+0000" else sub(":", "", parts[5])
  whole <- as.POSIXct(paste0(parts[2], " ", parts[3], zone), format = "%Y-%m-%d %H:%M:%S%z", tz = "UTC")
  whole + (if (nzchar(parts[4])) as.numeric(paste0("0", parts[4])) else 0)
}

is_time <- function(x) inherits(x, "POSIXt") && length(x) == 1 && is.finite(as.POSIXct(x))

# The instant in UTC. A double holds the times of our age to less than a microsecond.
rfc3339 <- function(time) {
  micros <- round(as.numeric(as.POSIXct(time)) * 1e6)
  seconds <- floor(micros / 1e6)
  fraction <- micros - seconds * 1e6
  whole <- format(as.POSIXct(seconds, origin = "1970-01-01", tz = "UTC"), "%Y-%m-%dT%H:%M:%S")
  paste0(whole, if (fraction) sprintf(".%06.0f", fraction), "Z")
}

# Parses JSON from outside. The parser's message is dropped, because it may contain the data.
parsed_json <- function(text, what, simplify = FALSE, code = "PROTOCOL", file = NA_character_) {
  force(text) # a failure of the call that gives it is not one of the parser
  tryCatch(
    jsonlite::parse_json(text, simplifyVector = simplify, bigint_as_char = TRUE),
    error = function(e) fail(code, what, " is not JSON", file = file)
  )
}
