# The manifests of finished jobs, and the files that they list.

new_manifest <- function(text) structure(class = "bcda_manifest", list(text = text, files = offered(text)))

# The files of manifests: either one manifest per line, as the library returns them, or one manifest on any number of
# lines.
offered <- function(text) {
  lines <- strsplit(text, "\n", fixed = TRUE)[[1]]
  lines <- lines[nzchar(trimws(lines))]
  manifests <- tryCatch(
    lapply(lines, jsonlite::parse_json),
    error = function(e) list(parsed_json(text, "the manifest", code = "INVALID_ARGUMENT"))
  )
  rows <- lapply(manifests, function(manifest) {
    if (!is_object(manifest)) refuse("the manifest is not a JSON object")
    rbind(offered_rows(manifest[["output"]], FALSE), offered_rows(manifest[["error"]], TRUE))
  })
  do.call(rbind, c(list(offered_rows(list(), FALSE)), rows))
}

offered_rows <- function(items, is_error) {
  text <- function(name) vapply(items, text_in, "", name, USE.NAMES = FALSE)
  data.frame(
    type = text("type"), name = base_name(sub("[?#].*", "", text("url"))), is_error = rep(is_error, length(items)),
    stringsAsFactors = FALSE
  )
}

#' @export
print.bcda_manifest <- function(x, ...) {
  types <- sort(unique(x$files$type))
  of <- if (length(types)) paste(" of", paste(types, collapse = ", "))
  cat("<bcda_manifest: ", counted(nrow(x$files), "file"), of, ">\n", sep = "")
  invisible(x)
}

# The text of a manifest in the form that the library reads.
manifest_text <- function(manifest) {
  if (inherits(manifest, "bcda_manifest")) return(manifest$text)
  if (inherits(manifest, "bcda_result")) {
    if (!isTRUE(nzchar(manifest$offered))) {
      refuse("the result has no manifest: its run came to none, or was of another session")
    }
    return(manifest$offered)
  }
  if (is_text(manifest) && !grepl("[[{]", manifest)) refuse("a manifest is given as JSON text; of a file, by readLines()")
  if (is.character(manifest) && length(manifest) && !anyNA(manifest)) return(paste(manifest, collapse = "\n"))
  refuse("a manifest is of bcda_manifest(), a result that has one, or its JSON as text")
}
