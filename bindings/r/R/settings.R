# Converts arguments to a native configuration.

# The arguments that the caller was given: from its `frame` and from its dots. An unknown name in the dots is passed on
# to the library, because the library's message suggests the most similar name.
given <- function(frame, more, wanted = function(name) name != "...") {
  check_names(frame)
  own <- as.list(frame, all.names = TRUE)
  own <- own[vapply(names(own), wanted, NA)]
  c(Filter(Negate(is.null), own), named(more))
}

settings_in <- function(frame, more) {
  refuse_settings(names(more), is_setting)
  given(frame, more, is_setting)
}

is_setting <- function(name) native_setting_find(name) >= 0
is_table_setting <- function(name) is_setting(name) && is_for_tables(native_setting_find(name))

# Refuses settings that are arguments of another function.
refuse_settings <- function(names, wrong) {
  for (name in Filter(wrong, names)) {
    refuse(name, " is an argument of ", if (is_table_setting(name)) "bcda_table()" else "bcda_client()", ", not of this function")
  }
}

# Refuses abbreviated arguments, because R would accept `type` for `types`.
check_names <- function(frame) {
  number <- which(vapply(sys.frames(), identical, NA, frame))
  arguments <- names(formals(sys.function(number)))
  for (name in setdiff(names(sys.call(number)), c("", arguments))) {
    whole <- arguments[startsWith(arguments, name)]
    if (length(whole)) refuse("there is no argument ", name, "; did you mean ", paste(whole, collapse = " or "), "?")
  }
}

named <- function(more) {
  if (length(more) && (is.null(names(more)) || !all(nzchar(names(more))))) {
    refuse("settings are given by name: an argument has none")
  }
  more
}

# A configuration from `values`, the file and the environment. The first of them that has a setting counts.
make_config <- function(values, config_file = NULL, env = FALSE) {
  config <- native_config_create()
  for (name in names(values)) set_value(config, name, values[[name]])
  if (!is.null(config_file)) {
    if (!is_text(config_file)) refuse("config_file is a path")
    native_config_load_file(config, expanded(config_file))
  }
  if (!is_flag(env)) refuse("env is TRUE or FALSE")
  if (env) native_config_load_env(config)
  config
}

set_value <- function(config, name, value) {
  if (native_setting_find(name) < 0) {
    native_config_set(config, name, "") # fails; the message names the most similar setting
  } else if (is.function(value)) {
    native_config_provide(config, name, provided(name, value))
  } else if (!is.null(value)) {
    items <- items_of(name, value)
    native_config_set(config, name, if (is.null(items)) as_setting(name, value) else if (length(items)) "" else "[]")
    for (item in items) native_config_add(config, name, item)
  }
}

# The value from a provider function, for example from a keyring, a vault or a prompt.
provided <- function(name, provider) {
  value <- tryCatch(provider(), error = function(e) {
    fail("INVALID_ARGUMENT", "the function that gives ", name, " failed", cause = e)
  })
  if (!is_text(value) || !nzchar(value)) refuse("the function that gives ", name, " has to return one text, which is not empty")
  value
}

# The settings of the type "string" that are times. The library reads them as FHIR instants.
TIMES <- c("since", "until")

as_setting <- function(name, value) {
  type <- if (name %in% TIMES) "time" else native_setting_type(native_setting_find(name))
  text <- switch(type,
    boolean = if (is_flag(value)) tolower(as.character(value)) else as_text(value),
    integer = , size = if (is_number(value)) digits(value) else as_text(value),
    duration = if (is.null(seconds_of(value))) as_text(value) else digits(seconds_of(value)),
    list = as_text(value),
    path = if (is_text(value)) expanded(value),
    time = if (is_time(value)) rfc3339(value) else as_text(value),
    as_text(value)
  )
  if (is.null(text)) {
    a_day <- if (inherits(value, "Date")) "; a Date has no time of day"
    refuse("the setting ", name, " takes ", accepted[[type]], a_day)
  }
  text
}

as_text <- function(value) if (is_text(value)) value

# The items of a list setting. NULL for other settings, and for a single text, which may hold several items and commas.
items_of <- function(name, value) {
  is_list <- native_setting_type(native_setting_find(name)) == "list"
  if (is_list && is.character(value) && !anyNA(value) && length(value) != 1) value
}

accepted <- list(
  string = "one text", path = "a path", boolean = "TRUE or FALSE", integer = "a whole number",
  duration = "seconds, a difftime, or text such as \"250ms\" or \"5m\"", size = "bytes, or text such as \"64KiB\"",
  time = "a time (POSIXct), or text such as \"2026-02-13T08:00:00Z\"", choice = "one text", list = "a character vector, or one text with commas"
)
