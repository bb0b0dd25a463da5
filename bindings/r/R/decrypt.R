# Decryption of files that another program downloaded.

#' Decrypt a file on disk
#'
#' Decrypts and verifies a file of any size, as the service sent it. It blocks; an interrupt stops it at once.
#'
#' @inheritParams bcda_client
#' @param path the encrypted file.
#' @param label the name that the service gave to the file, if the file was renamed. The wrapped key is bound to this
#'   name, because the name is its OAEP label.
#' @param output the path for the plaintext, which must not exist. The file appears only when all of it is verified.
#' @param key the file's encryptedKey, in hex. Give either `key` or `manifest`.
#' @param manifest the manifest that lists the file: from [bcda_manifest()], or its JSON as text.
#' @param progress `TRUE`: a progress bar, which is the default in an interactive session. `FALSE` or `NULL`: no
#'   progress bar. Or a function of the bytes done and the bytes in total (`NA`: unknown).
#' @param ... must be empty, because the arguments after it are given by name.
#' @return Invisibly, a data frame of one row, with the columns of `files` of [bcda_export()].
#' @name bcda_decrypt
#' @examples
#' # A file cannot be decrypted without its key.
#' file <- tempfile()
#' writeLines("not what the service sent", file)
#' tryCatch(
#'   bcda_decrypt(file, tempfile(), key = "00", private_key = "/no/such.pem", env = FALSE),
#'   bcda_error = function(e) e$code
#' )
NULL

decrypt_with <- function(path, output, key, manifest, label, progress, env, settings) {
  if (!is_text(path)) refuse("path is the path of a file")
  if (!is_text(output)) refuse("output is the path of a file")
  if (!is.null(progress) && !is.function(progress) && !is_flag(progress)) {
    refuse("progress is TRUE, FALSE, or a function of the bytes done and in all")
  }
  config <- make_config(settings, env = env)
  on.exit(native_config_destroy(config))
  run <- native_decryption_start(
    config, absolute(path), optional("label", label), optional("key", key),
    if (is.null(manifest)) "" else manifest_text(manifest), absolute(output)
  )
  on.exit(native_decryption_destroy(run), add = TRUE, after = FALSE)
  report <- decryption_reporter(progress)
  done <- 0
  repeat {
    ended <- native_decryption_wait(run, done, SLICE_MS) == 1
    native_check_interrupt()
    now <- native_decryption_done(run)
    if (now > done) report(now, na_below_zero(native_decryption_total(run)))
    done <- now
    if (ended) break
  }
  result <- native_decryption_result(run)
  on.exit(native_result_destroy(result), add = TRUE)
  invisible(files_frame(native_result_files(result), FALSE))
}

optional <- function(what, value) {
  if (is.null(value)) return("")
  if (!is_text(value)) refuse(what, " is one text")
  value
}
