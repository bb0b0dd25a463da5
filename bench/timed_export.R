# Exports with the settings given as NAME=VALUE, and prints the seconds from the making of the client to the last file.

suppressPackageStartupMessages(library(bcda))

pairs <- regmatches(commandArgs(TRUE), regexpr("=", commandArgs(TRUE)), invert = TRUE)
settings <- stats::setNames(lapply(pairs, `[`, 2), vapply(pairs, `[`, "", 1))
begin <- proc.time()[["elapsed"]]
client <- do.call(bcda_client, c(settings, env = FALSE))
invisible(bcda_export(client, progress = function(event) NULL))
cat(proc.time()[["elapsed"]] - begin, "\n")
