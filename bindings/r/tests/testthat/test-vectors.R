# Every conformance vector through bcda_decrypt(), as it is and altered.

test_that("all vectors are there", {
  expect_length(ALL, if (nzchar(Sys.getenv("BCDA_TEST_REPOSITORY"))) 16 else 4)
})

test_that("the vectors that are shipped are the repository's", {
  skip_without_repository()
  shipped <- test_path("vectors")
  few <- vectors_in(shipped)$vectors
  expect_gt(length(few), 3)
  expect_identical(few, ALL[names(few)])
  for (path in setdiff(left_in(shipped), "vectors.json")) {
    expect_identical(bytes_of(file.path(shipped, path)), bytes_of(vector_path(path)), label = path)
  }
})

test_that("every form of the private key opens every file", {
  for (vector in ALL) {
    for (form in c(".pkcs1.pem", ".pkcs8.pem", ".pkcs1.encrypted.pem", ".pkcs8.encrypted.pem")) {
      expect_plaintext(vector,
        private_key = key_file(vector, form), private_key_passphrase = if (grepl("encrypted", form)) PASSPHRASE
      )
    }
  }
})

test_that("a private key comes from text, a function, a file or the environment", {
  file <- key_file(SMALL, ".pkcs8.encrypted.pem")
  pem <- text_of(file)
  expect_plaintext(SMALL, private_key_pem = pem, private_key_passphrase = PASSPHRASE)
  expect_plaintext(SMALL, private_key_pem = function() pem, private_key_passphrase = function() PASSPHRASE)
  secret <- tempfile()
  writeLines(PASSPHRASE, secret)
  Sys.chmod(secret, "600")
  expect_plaintext(SMALL, private_key = file, private_key_passphrase_file = secret)
  with_env(list(BCDA_PRIVATE_KEY = file, BCDA_PRIVATE_KEY_PASSPHRASE = PASSPHRASE), {
    expect_plaintext(SMALL, private_key = NULL, env = TRUE)
    expect_undecrypted("INVALID_ARGUMENT", SMALL, private_key = NULL, env = FALSE, says = "private_key")
  })
})

item_of <- function(vector, ...) {
  list(type = "Patient", url = paste0("https://service.example/data/42/", vector$filename), ...)
}

test_that("the key is found in a manifest", {
  json <- function(...) as.character(jsonlite::toJSON(list(...), auto_unbox = TRUE))
  for (vector in ALL) {
    item <- item_of(vector, encryptedKey = vector$encryptedKey)
    padded <- stats::setNames(list(vector$encryptedKey), paste0(vector$filename, "   "))
    manifests <- list(
      json(output = list(item)), new_manifest(json(output = list(item))), json(output = list(), error = list(item)),
      json(output = list(item_of(vector)), KeyMap = padded), # as in 2018
      c(json(output = list()), json(output = list(item))) # in the second of two
    )
    for (manifest in manifests) expect_plaintext(vector, key = NULL, manifest = manifest)
  }
})

test_that("a renamed file needs its label", {
  for (vector in ALL) {
    renamed <- written(bytes_of(cipher_of(vector)))
    expect_plaintext(vector, path = renamed, label = vector$filename)
    expect_undecrypted("DECRYPTION", vector, path = renamed, says = "renamed")
  }
})

test_that("any alteration is found", {
  flip <- function(bytes, at) {
    bytes[at] <- xor(bytes[at], as.raw(1L))
    bytes
  }
  for (vector in ALL) {
    cipher <- bytes_of(cipher_of(vector))
    n <- length(cipher)
    altered <- list(
      nonce = flip(cipher, 1), `end of nonce` = flip(cipher, 12), tag = flip(cipher, n - 15), `end of tag` = flip(cipher, n),
      middle = flip(cipher, n %/% 2), cut = cipher[-n], late = cipher[-1], `no tag` = utils::head(cipher, -16),
      nonce_alone = utils::head(cipher, 12), empty = raw(), longer = c(cipher, as.raw(0L)), twice = c(cipher, cipher)
    )
    directory <- place()
    dir.create(directory)
    for (how in names(altered)) {
      path <- written(altered[[how]], file.path(directory, vector$filename))
      code <- if (length(altered[[how]]) < 28) "VERIFICATION" else "DECRYPTION" # less cannot be a file
      error <- expect_undecrypted(code, vector, path = path)
      expect(identical(basename(error$file), vector$filename), paste(vector$name, how, "names another file"))
    }
  }
})

test_that("a wrong key or label is found", {
  for (vector in ALL) {
    other <- Filter(function(one) one$keyBits == vector$keyBits && one$name != vector$name, ALL)[[1]]
    key <- vector$encryptedKey
    digit <- substr(key, 1, 1)
    wrong <- list(
      list(key = other$encryptedKey), list(key = substr(key, 1, nchar(key) - 2)), list(key = sub(".", "g", key)),
      list(key = sub(".", if (digit == "0") "1" else "0", key)), list(label = other$filename),
      list(label = toupper(vector$filename)), list(label = sub(".ndjson", "", vector$filename, fixed = TRUE)),
      list(private_key = vector_path("keys/rsa2048-other.pkcs1.pem"))
    )
    for (how in wrong) do.call(expect_undecrypted, c(list("DECRYPTION", vector), how))
  }
})

test_that("what cannot be used is refused", {
  undecrypted <- function(code, ...) {
    error <- expect_undecrypted(code, SMALL, ...)
    expect_unsaid("hunter2", everything_said(error))
  }
  undecrypted("PRIVATE_KEY", private_key = key_file(SMALL, ".public.pem"))
  undecrypted("PRIVATE_KEY", private_key = key_file(SMALL, ".pkcs8.encrypted.pem"))
  undecrypted("PRIVATE_KEY", private_key = key_file(SMALL, ".pkcs1.encrypted.pem"), private_key_passphrase = "hunter2")
  undecrypted("PRIVATE_KEY", private_key_pem = "hunter2")
  undecrypted("FILESYSTEM", private_key = vector_path("none.pem"))
  undecrypted("INVALID_ARGUMENT", private_key = NULL)
  undecrypted("INVALID_ARGUMENT", key = NULL)
  undecrypted("INVALID_ARGUMENT", key = NULL, manifest = '{"output":[{"url":"https://h/d/o.ndjson","encryptedKey":"00"}]}')
  undecrypted("INVALID_ARGUMENT", key = NULL, manifest = "<html>")
  undecrypted("FILESYSTEM", path = vector_path("none.ndjson"), label = SMALL$filename)
  undecrypted("FILESYSTEM", path = VECTORS, label = SMALL$filename)
})

test_that("an output is never replaced", {
  output <- place("plain.ndjson")
  writeLines("old", output)
  error <- expect_status(decrypt(SMALL, output), "FILESYSTEM", "plain.ndjson")
  expect_identical(error$file, output)
  expect_identical(readLines(output), "old")
  expect_identical(left_in(dirname(output)), "plain.ndjson")
})

test_that("paths may be relative, odd, or begin with a tilde", {
  directory <- place()
  dir.create(directory)
  for (name in c("\U1F600.ndjson", "a b\n.ndjson", "%s", "\u00e9'\"\\")) {
    path <- written(bytes_of(cipher_of(SMALL)), file.path(directory, paste0("in ", name)))
    expect_plaintext(SMALL, path = path, label = SMALL$filename, output = file.path(place(), name))
  }
  with_directory(directory, {
    file.copy(cipher_of(SMALL), SMALL$filename)
    file <- decrypt(SMALL, "plain", path = SMALL$filename)
    expect_identical(file$path, file.path(directory, "plain"))
    expect_identical(bytes_of("plain"), plain_of(SMALL))
  })
  home <- Sys.getenv("HOME")
  on.exit(Sys.setenv(HOME = home))
  Sys.setenv(HOME = directory)
  skip_if(path.expand("~") != directory, "the tilde is not of HOME here")
  expect_identical(decrypt(SMALL, "~/of home")$path, file.path(directory, "of home"))
})

test_that("progress is told, and only grows", {
  for (vector in Filter(function(vector) vector$ciphertextSize != 1043, ALL)) {
    done <- totals <- numeric()
    expect_plaintext(vector, progress = function(now, of) {
      done <<- c(done, now)
      totals <<- c(totals, of)
    })
    expect_identical(done, unique(sort(done)))
    expect_identical(unique(totals), as.numeric(vector$ciphertextSize))
    expect_identical(done[length(done)], as.numeric(vector$ciphertextSize))
  }
})

test_that("an error in progress comes out as it is, and nothing is left", {
  output <- place("plain.ndjson")
  own <- structure(class = c("own", "error", "condition"), list(message = "mine", call = NULL))
  stopped <- function() decrypt(SMALL, output, path = endless(), label = SMALL$filename, progress = function(now, of) stop(own))
  expect_identical(tryCatch(stopped(), error = identity), own)
  expect_identical(left_in(dirname(output)), character())
})

test_that("the size of a pipe is not known", {
  total <- 0
  tell <- function(now, of) {
    total <<- of
    stop("enough")
  }
  expect_error(decrypt(SMALL, place(), path = endless(), label = SMALL$filename, progress = tell), "enough")
  expect_identical(total, NA_real_)
})

test_that("sizes beyond 2^32 are told as they are", {
  skip_on_os("mac") # whose file systems may not keep the hole
  path <- place(SMALL$filename)
  end <- file(path, "wb")
  seek(end, 5e9 - 1, rw = "write")
  writeBin(as.raw(0L), end)
  close(end)
  expect_identical(file.size(path), 5e9)
  total <- NULL
  tell <- function(now, of) {
    total <<- of
    stop("enough")
  }
  expect_error(decrypt(SMALL, place(), path = path, progress = tell), "enough")
  expect_identical(total, 5e9)
  unlink(path)
})

test_that("the value is invisible", {
  expect_invisible(decrypt(SMALL, place()))
})
