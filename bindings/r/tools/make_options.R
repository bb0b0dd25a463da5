# Writes R/options.R: the functions whose arguments are settings, generated from the library's tables.
#
# usage: Rscript bindings/r/tools/make_options.R >bindings/r/R/options.R     (./dev docs runs this)

settings <- bcda::bcda_settings()
options <- bcda::bcda_sandbox_options()

kinds <- c(
  string = "text", path = "a path", boolean = "`TRUE` or `FALSE`", integer = "a whole number", duration = "a duration",
  size = "a size", list = "a character vector", time = "a `POSIXct`, or text"
)

# Escapes braces and backslashes, because they are markup in Rd.
plain <- function(text) gsub("([{}\\\\])", "\\\\\\1", text)

param <- function(name, text) strwrap(paste("@param", name, text), width = 118, prefix = "#'   ", initial = "#' ")

setting_param <- function(row) {
  type <- if (row$name %in% bcda:::TIMES) "time" else row$type
  kind <- if (type == "choice") paste0("`\"", strsplit(row$choices, ",")[[1]], "\"`", collapse = " or ") else kinds[[type]]
  if (row$secret) kind <- "text, or a function that returns it"
  default <- if (nzchar(row$default)) paste0(", by default `", row$default, "`")
  param(row$name, paste0(plain(row$help), " (", kind, default, ")"))
}

option_param <- function(row) {
  lines <- strsplit(row$help, "\n")[[1]]
  first <- plain(lines[1])
  if (length(lines) > 1) first <- paste(first, "See [bcda_sandbox_options()].")
  param(row$name, paste0(first, if (nzchar(row$default)) paste0(" (by default `", row$default, "`)")))
}

rows <- function(table, use) unlist(lapply(split(table, seq_len(nrow(table))), use))

# The source of one function. Its own arguments come first, then those of `names`, whose default is NULL.
fun <- function(page, name, own, names, body, params = character(), after = character()) {
  arguments <- c(own, "...", if (length(names)) paste(names, "= NULL"), after)
  head <- paste0(name, " <- function(", paste(arguments, collapse = ", "), ") {")
  c(
    "", paste("#' @rdname", page), params, "#' @export",
    wrapped(head, nchar(name) + 13), paste0("  ", body), "}"
  )
}

# Wraps the head of a function, but not inside an argument.
wrapped <- function(head, indent) {
  gsub("\u00a0", " ", strwrap(gsub(" = ", "\u00a0=\u00a0", head), width = 118, exdent = indent))
}

in_hand <- c("url", "types", "out")
all <- settings$name[!settings$table]
table <- settings$name[settings$table]
export <- settings$name[settings$export]
decrypt <- all[startsWith(all, "private_key") | all == "durability"]
more <- setdiff(export, in_hand)
kick_off <- c( # of no effect on files that a manifest lists
  "level", "group", "since", "until", "type_filters", "elements", "include_associated_data", "patients", "output_format",
  "method"
)
client_own <- c("url", "config_file", "env")
table_own <- c("view = NULL", "columns = NULL")
table_more <- setdiff(table, "columns")
frames <- c("decimals = \"double\"", "nested = \"list\"")
given <- "settings_in(environment(), list(...))"

cat(c(
  "# Functions whose arguments are settings or options. Generated from the library's tables by ./dev docs.",
  fun("bcda_client", "bcda_client", "url = NULL", setdiff(all, "url"),
    paste0("client_with(", given, ", config_file, env)"),
    params = c(
      rows(settings[!settings$table, ], setting_param),
      param("config_file", "a JSON file of `{\"name\": value}` with settings that are not given as arguments."),
      param("env", "whether settings that are given neither as arguments nor in `config_file` may come from the environment."),
      param("...", "must be empty, because the arguments after it are given by name.")
    ),
    after = c("config_file = NULL", "env = TRUE")
  ),
  fun("bcda_export", "bcda_export", c("client", "types = NULL", "out = NULL", "progress = interactive()"), more,
    paste0("finish(start_export(client, ", given, "), progress)")
  ),
  fun("bcda_sync", "bcda_sync", c("client", "directory", "types = NULL", "progress = interactive()"), more,
    paste0("finish(start_sync(client, directory, ", given, "), progress)"),
    params = "#' @inheritParams bcda_export"
  ),
  fun("bcda_resume", "bcda_resume", c("client", "directory", "progress = interactive()"),
    setdiff(more, setdiff(c(kick_off, "organize_output_by", "allow_partial_manifests", "job_url", "sync_partial", "restart"), "patients")),
    paste0("finish(start_resume(client, directory, ", given, "), progress)"),
    params = "#' @inheritParams bcda_export"
  ),
  fun("bcda_start", "bcda_start", c("client", "types = NULL", "out = NULL"), more,
    paste0("start_export(client, ", given, ")"),
    params = "#' @inheritParams bcda_export"
  ),
  fun("bcda_export", "bcda_manifest", c("client", "types = NULL", "progress = interactive()"), more,
    paste0("finish(start_manifest(client, ", given, "), progress)")
  ),
  fun("bcda_plan", "bcda_plan", c("client", "types = NULL"), more,
    paste0("plan_of(client, ", given, ")"),
    params = "#' @inheritParams bcda_export"
  ),
  fun("bcda_export", "bcda_fetch", c("client", "manifest", "out = NULL", "file = NULL", "progress = interactive()"),
    setdiff(more, kick_off),
    paste0("finish(start_fetch(client, manifest, file, ", given, "), progress)"),
    params = c(
      param("manifest", "the manifest from `bcda_manifest()`, or its JSON as text, or a result, for example of a failed export (`e$result`)."),
      param("file", "the name or the URL of one file of the manifest, to fetch only that file.")
    )
  ),
  fun("bcda_decrypt", "bcda_decrypt",
    c("path", "output", "key = NULL", "manifest = NULL", "label = NULL", "progress = interactive()"),
    decrypt,
    c(
      paste0("settings <- ", given),
      "decrypt_with(path, output, key, manifest, label, progress, env, settings)"
    ),
    after = "env = TRUE"
  ),
  fun("bcda_table", "bcda_table", c("result", "table = NULL", table_own), table_more,
    paste0("read_table(result, table, view, ", given, ", decimals, nested)"),
    params = rows(settings[settings$table, ], setting_param),
    after = frames
  ),
  fun("bcda_table", "bcda_table_chunks", c("result", "table = NULL", "handler = NULL", table_own), table_more,
    paste0("read_table_chunks(result, table, handler, view, ", given, ", decimals, nested)"),
    after = frames
  ),
  fun("bcda_table_save", "bcda_table_save", c("result", "table = NULL", "path", table_own), table_more,
    paste0("save_table(result, table, path, view, ", given, ", format)"),
    params = "#' @inheritParams bcda_table",
    after = "format = NULL"
  ),
  fun("bcda_table_stream", "bcda_table_stream", c("result", "table = NULL", table_own), table_more,
    paste0("table_stream(result, table, view, ", given, ")"),
    params = "#' @inheritParams bcda_table"
  ),
  fun("bcda_sandbox", "bcda_sandbox", "beneficiaries = NULL", setdiff(options$name, "beneficiaries"),
    "sandbox_with(given(environment(), list(...)))",
    params = rows(options, option_param)
  )
), sep = "\n")
