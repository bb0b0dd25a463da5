# Makes an installed package ready to be packed for other machines: it gets the platform that it was compiled for, because
# R refuses to load a package of another platform, and its help loses the paths and times of this machine.
#
# usage: Rscript finish.R PACKAGE PLATFORM

arguments <- commandArgs(trailingOnly = TRUE)
package <- arguments[1]
platform <- arguments[2]

set_platform <- function() {
  changed <- function(built) sub("^([^;]*; )[^;]*", paste0("\\1", platform), built)
  description <- file.path(package, "DESCRIPTION")
  lines <- readLines(description, encoding = "UTF-8")
  built <- startsWith(lines, "Built: ")
  lines[built] <- changed(lines[built])
  writeLines(lines, description, useBytes = TRUE)

  meta <- file.path(package, "Meta", "package.rds")
  info <- readRDS(meta)
  info$DESCRIPTION["Built"] <- changed(info$DESCRIPTION["Built"])
  info$Built$Platform <- platform
  saveRDS(info, meta)
}

without_sources <- function(rd) {
  if (is.null(rd)) return(NULL)
  kept <- attributes(rd)
  kept <- kept[names(kept) != "srcref"]
  if (!is.null(kept$Rdfile)) kept$Rdfile <- basename(kept$Rdfile)
  if (!is.null(kept$Rd_option)) kept$Rd_option <- without_sources(kept$Rd_option)
  if (is.list(rd)) rd <- lapply(rd, without_sources)
  attributes(rd) <- kept
  rd
}

clean_help <- function() {
  folder <- file.path(package, "help")
  file <- file.path(folder, basename(package))
  pages <- lapply(tools:::fetchRdDB(file), without_sources)
  tools:::makeLazyLoadDB(pages, file)
  paths <- file.path(folder, "paths.rds")
  saveRDS(structure(basename(readRDS(paths)), first = 1L), paths)
}

set_platform()
clean_help()
