# Exports with the settings of the environment, and prints the records as the package reads them.

suppressPackageStartupMessages(library(bcda))

result <- bcda_export(bcda_client(), progress = FALSE)
bcda_records(result, handler = function(chunk) writeLines(enc2utf8(chunk), useBytes = TRUE), as = "text")
