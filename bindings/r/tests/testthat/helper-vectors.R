# The conformance vectors: files that the service itself encrypted, with what they decrypt to. All of them are in the
# repository; vectors/ has a few for where that is not.

vectors_in <- function(directory) {
  table <- jsonlite::read_json(file.path(directory, "vectors.json"))
  names(table$vectors) <- vapply(table$vectors, function(vector) vector$name, "")
  table
}

VECTORS <- if (nzchar(Sys.getenv("BCDA_TEST_REPOSITORY"))) repository("tests", "vectors") else test_path("vectors")
VECTORS <- normalizePath(VECTORS)
VECTOR_TABLE <- vectors_in(VECTORS)
PASSPHRASE <- VECTOR_TABLE$passphrase
ALL <- VECTOR_TABLE$vectors
SMALL <- ALL[["patient-1kb-rsa2048"]]

vector_path <- function(...) file.path(VECTORS, ...)
key_file <- function(vector, ending = ".pkcs1.pem") vector_path(sub(".pkcs1.pem", ending, vector$keyFile, fixed = TRUE))
cipher_of <- function(vector) vector_path(vector$ciphertextFile)
plain_of <- function(vector) bytes_of(vector_path(vector$plaintextFile))
bytes_of <- function(path) readBin(path, "raw", file.size(path))
text_of <- function(path) readChar(path, file.size(path), useBytes = TRUE)

# With what belongs to the vector, unless the dots have something else.
decrypt <- function(vector, output, ...) {
  own <- list(path = cipher_of(vector), output = output, key = vector$encryptedKey, durability = "process", env = FALSE)
  own$private_key <- key_file(vector)
  how <- list(...)
  if (!is.null(how$private_key_pem)) own$private_key <- NULL
  own[names(how)] <- how
  do.call(bcda_decrypt, Filter(Negate(is.null), own))
}

expect_plaintext <- function(vector, ..., output = place("plain.ndjson")) {
  file <- decrypt(vector, output, ...)
  plain <- plain_of(vector)
  expect(identical(bytes_of(output), plain), paste(vector$name, "gave another plaintext"))
  expect_identical(
    c(left_in(dirname(output)), format(file.info(output)$mode), file$path, file$sha256, file$bytes, file$records, file$decrypted),
    c(basename(output), "600", output, vector$plaintextSha256, length(plain), records_in(plain), TRUE)
  )
}

# Nothing comes out, and nothing of the keys is told.
expect_undecrypted <- function(code, vector, ..., says = NULL) {
  output <- place("plain.ndjson")
  error <- expect_status(decrypt(vector, output, ...), code, says)
  expect(length(left_in(dirname(output))) == 0, paste(vector$name, "left something"))
  said <- everything_said(error)
  expect_unsaid(substr(vector$symmetricKey, 1, 8), said)
  expect_unsaid(substr(vector$encryptedKey, 1, 8), said)
  invisible(error)
}

written <- function(content, path = tempfile()) {
  writeBin(content, path)
  path
}

# A pipe that gives zeros until it is closed: an encrypted file without an end.
endless <- function(path = tempfile()) {
  stopifnot(system2("mkfifo", shQuote(path)) == 0)
  system(paste("cat /dev/zero >", shQuote(path), "2>/dev/null"), wait = FALSE)
  path
}
