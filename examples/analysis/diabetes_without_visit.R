# Members with diabetes (ICD-10 E08 to E13) who had no visit in a period: a list in a CSV file, and a plot.
#
#     Rscript diabetes_without_visit.R claims      # a directory of an export or of a series, or NDJSON files
#     Rscript diabetes_without_visit.R             # without any: synthetic claims of an emulator
#
# A visit is a line with an evaluation in an office, at home, in a hospital's clinic, or a wellness visit. The list
# names beneficiaries, so only its owner may read it (mode 0600). The plot has counts below 11, which must not be
# published.

library(bcda)

FIRST <- as.Date("2019-01-01")
LAST <- as.Date("2019-06-30")
LIST <- "without_visit.csv"
PLOT <- "without_visit.png"

DIABETES <- "^E(08|09|10|11|12|13)" # code_plain has no dot, in all generations
VISITS <- c(
  99202:99215, # office
  99341:99350, # home
  "G0402", "G0438", "G0439", # wellness
  "G0463" # hospital outpatient clinic
)

# The members with diabetes, each with the days of the visits. Only final claims count.
visits_of_members <- function(export) {
  table <- function(name, ...) bcda_table(export, name, columns = c("claim_key", ...), final_only = TRUE)
  claims <- table("claim", "beneficiary_key", "from_date")
  codes <- table("claim_diagnosis", "code_plain", "system")
  codes <- codes[!is.na(codes$system) & !grepl("icd-9", codes$system) & grepl(DIABETES, toupper(codes$code_plain)), ]
  members <- unique(claims$beneficiary_key[claims$claim_key %in% codes$claim_key])
  lines <- table("claim_line", "line_from_date", "hcpcs_code")
  visits <- merge(lines[lines$hcpcs_code %in% VISITS, ], claims, by = "claim_key")
  visits$line_from_date[is.na(visits$line_from_date)] <- visits$from_date[is.na(visits$line_from_date)]
  visits <- visits[!is.na(visits$line_from_date), ]
  members <- sort(members[!is.na(members)])
  split(visits$line_from_date, factor(visits$beneficiary_key, members))
}

# The members without a visit in the period, with the day of their last visit before it.
without_visit <- function(visits, first = FIRST, last = LAST) {
  missing <- Filter(function(days) !any(days >= first & days <= last), visits)
  last_before <- vapply(missing, function(days) {
    before <- days[days < first]
    if (length(before)) as.numeric(max(before)) else NA_real_
  }, 0)
  data.frame(beneficiary_key = as.character(names(missing)), last_visit = .Date(as.vector(last_before)))
}

save_list <- function(found, path) {
  if (file.exists(path)) stop(path, " exists already")
  old <- Sys.umask("077")
  on.exit(Sys.umask(old))
  write.csv(found, path, row.names = FALSE, na = "", quote = FALSE)
}

plot_months <- function(found, path, heading) {
  months <- format(found$last_visit, "%Y-%m")
  months[is.na(months)] <- "none before"
  png(path, 1080, 540, res = 120, type = "cairo")
  on.exit(dev.off())
  par(las = 2, mar = c(7, 5, 3, 1), cex.axis = 0.8)
  barplot(table(months), col = "#1f5f8b", border = NA, main = heading, ylab = "Members", xlab = "")
  title(xlab = "Month of the last visit before", line = 5.5)
}

if (sys.nframe() == 0) {
  export <- commandArgs(trailingOnly = TRUE)
  if (!length(export)) export <- bcda_export(bcda_sandbox_client(bcda_sandbox()), out = tempfile("claims"))
  visits <- visits_of_members(export)
  found <- without_visit(visits)
  heading <- paste(nrow(found), "of", length(visits), "members with diabetes had no visit")
  cat(heading, " from ", format(FIRST), " to ", format(LAST), ".\n", sep = "")
  if (nrow(found)) {
    save_list(found, LIST)
    plot_months(found, PLOT, heading)
    cat("The list is ", LIST, ", the plot is ", PLOT, "\n", sep = "")
  }
}
