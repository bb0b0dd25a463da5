# Exports claims and shows the paid amounts by month of service, as a table and as a plot in a file.
#
#     Rscript paid_by_month.R --sandbox                                 # no credentials needed: synthetic claims
#     Rscript paid_by_month.R --out claims --plot paid_by_month.pdf     # settings from BCDA_URL, BCDA_CLIENT_ID, ...
#
# It prints only sums. Before you publish them, suppress the sums over a few beneficiaries.

suppressPackageStartupMessages(library(bcda))

USAGE <- 'usage: Rscript paid_by_month.R [--out DIR] [--plot FILE] [--sandbox]

Exports claims and shows what was paid for the care of each month.

  --out DIR     where the claims go (default: claims)
  --plot FILE   the plot, a .png or .pdf (default: paid_by_month.png)
  --sandbox     ask an emulator of the service, with synthetic claims
  --help        show this text

Where the service is and who asks comes from the environment: BCDA_URL, BCDA_CLIENT_ID, BCDA_CLIENT_SECRET_FILE,
BCDA_PRIVATE_KEY; bcda_settings() lists all. Exit codes are those of the bcda command: 0 done, 1 failed, 2 usage,
3 authentication, 4 refused, or the job failed, 5 decryption or verification failed, 6 done, with error files,
130 interrupted.'

TYPE <- "ExplanationOfBenefit"
PARTS <- c(a = "Part A", b = "Part B", d = "Part D", other = "Other")
COLORS <- c(a = "#1b4f72", b = "#3a9fbf", d = "#f0a830", other = "#8a8f94")
USAGE_ERROR <- 2
DONE_WITH_ERROR_FILES <- 6
INTERRUPTED <- 130

say <- function(...) message("paid_by_month: ", ...)

# ---- From claims to sums ----

# One row for each final claim, with its month, part of Medicare and paid amount; NA for missing values. A prescription
# drug event (Part D) has its date and its amount in the table pharmacy_claim.
payments <- function(result) {
  claims <- bcda_table(result, "claim",
    columns = c("eob_type", "coverage_key", "from_date", "payment_amount"), final_only = TRUE
  )
  claims <- claims[!claims$eob_type %in% "PDE", ]
  drugs <- bcda_table(result, "pharmacy_claim", columns = c("fill_date", "covered_paid_amount"), final_only = TRUE)
  known <- grepl("^part-[abd]-", claims$coverage_key)
  data.frame(
    month = format(c(claims$from_date, drugs$fill_date), "%Y-%m"),
    part = c(ifelse(known, substr(claims$coverage_key, 6, 6), "other"), rep("d", nrow(drugs))),
    paid = c(claims$payment_amount, drugs$covered_paid_amount)
  )
}

# Sums in dollars. One row for each month from the first to the last, and one column for each part of Medicare that
# occurs.
by_month <- function(facts) {
  ends <- as.Date(paste0(range(facts$month), "-01"))
  months <- format(seq(ends[1], ends[2], by = "month"), "%Y-%m")
  parts <- intersect(names(PARTS), facts$part)
  stats::xtabs(paid ~ factor(month, months) + factor(part, parts), facts)
}

# ---- Output ----

dollars <- function(x) format(round(x, 2), nsmall = 2, big.mark = ",", scientific = FALSE)

show_table <- function(total) {
  columns <- matrix(total, nrow(total), dimnames = list(rownames(total), PARTS[colnames(total)]))
  columns <- cbind(columns, All = rowSums(columns))
  columns <- rbind(columns, Total = colSums(columns))
  options(width = 200, max.print = length(columns)) # so that all rows are printed, each on one line
  print(apply(columns, 2, dollars), quote = FALSE, right = TRUE)
}

# Opens the graphics device. PDF and cairo need no display.
open_plot <- function(path) {
  if (grepl("\\.pdf$", path, ignore.case = TRUE)) {
    grDevices::pdf(path, width = 10, height = 5.5, title = "Paid amounts by month of service")
  } else {
    grDevices::png(path, width = 1500, height = 825, res = 150, type = "cairo")
  }
}

plot_months <- function(total, path, footnote) {
  open_plot(path)
  on.exit(grDevices::dev.off())
  graphics::par(mar = c(5, 6.5, 4, 1), las = 1, cex.axis = 0.85, mgp = c(4.5, 0.6, 0))
  draw <- function(...) {
    graphics::barplot(t(total), col = COLORS[colnames(total)], border = NA, axes = FALSE, axisnames = FALSE, ...)
  }
  at <- draw(ylab = "Paid (US dollars)")
  ticks <- graphics::axTicks(2)
  graphics::abline(h = ticks, col = "#dddddd")
  draw(add = TRUE)
  graphics::axis(2, ticks, paste0("$", format(ticks, big.mark = ",", scientific = FALSE, trim = TRUE)), tick = FALSE)
  month <- as.integer(substr(rownames(total), 6, 7))
  year <- ifelse(month == 1 | seq_along(month) == 1, substr(rownames(total), 1, 4), "")
  graphics::axis(1, at, month.abb[month], tick = FALSE, gap.axis = 0.2)
  graphics::axis(1, at, year, tick = FALSE, line = 1, font = 2)
  graphics::title("Paid amounts by month of service", adj = 0, line = 2)
  graphics::title(xlab = "Month in which the service began", line = 3.2)
  graphics::mtext(footnote, 1, line = 3.8, adj = 1, cex = 0.65, col = "#666666")
  graphics::legend("topright", PARTS[colnames(total)],
    fill = COLORS[colnames(total)], border = NA, horiz = TRUE, bty = "n", inset = c(0, -0.09), xpd = TRUE, cex = 0.85
  )
}

# ---- The program ----

# The parsed arguments, or NULL after an error message.
read_arguments <- function(arguments) {
  options <- list(out = "claims", plot = "paid_by_month.png", sandbox = FALSE, help = FALSE)
  while (length(arguments)) {
    name <- sub("^--", "", arguments[1])
    if (!startsWith(arguments[1], "--") || !name %in% names(options)) return(say("what is ", arguments[1], "?"))
    takes_value <- is.character(options[[name]])
    if (takes_value && (length(arguments) < 2 || !nzchar(arguments[2]))) return(say("--", name, " needs a value"))
    options[[name]] <- if (takes_value) arguments[2] else TRUE
    arguments <- arguments[-seq_len(1 + takes_value)]
  }
  options
}

# Checked now, so that the error does not come after an export of hours.
fault_of_plot <- function(path) {
  if (!grepl("\\.(png|pdf)$", path, ignore.case = TRUE)) return("the plot is a .png or .pdf")
  if (!dir.exists(dirname(path))) return(paste("there is no directory", dirname(path), "for the plot"))
  if (grepl("\\.png$", path, ignore.case = TRUE) && !capabilities("cairo")) return("this R makes no PNG: name a .pdf")
}

# The content of error files may name beneficiaries, so it is not shown.
export <- function(options) {
  client <- if (options$sandbox) bcda_sandbox_client(bcda_sandbox()) else bcda_client()
  on.exit(close(client))
  withCallingHandlers(
    bcda_export(client, TYPE, options$out, progress = isatty(stderr())),
    bcda_warning_partial = function(w) {
      say(conditionMessage(w))
      invokeRestart("muffleWarning")
    }
  )
}

run <- function(options) {
  result <- export(options)
  facts <- payments(result)
  known <- facts[stats::complete.cases(facts), ]
  left_out <- nrow(facts) - nrow(known)
  if (left_out) say(format(left_out, big.mark = ","), " claims have no date or no amount: left out")
  if (nrow(known)) {
    total <- by_month(known)
    show_table(total)
    claims <- format(sum(result$files$records), big.mark = ",", scientific = FALSE)
    plot_months(total, options$plot, paste0(claims, " claims, as of ", format(result$transaction_time, "%Y-%m-%d")))
    cat("\nThe plot is ", options$plot, ", the claims are in ", options$out, "\n", sep = "")
  } else {
    cat("The export has no claims.\n")
  }
  if (result$partial) DONE_WITH_ERROR_FILES else 0
}

main <- function(arguments) {
  options <- read_arguments(arguments)
  if (is.null(options)) return(USAGE_ERROR)
  if (options$help) {
    cat(USAGE, "\n", sep = "")
    return(0)
  }
  fault <- fault_of_plot(options$plot)
  if (!is.null(fault)) {
    say(fault)
    return(USAGE_ERROR)
  }
  tryCatch(
    run(options),
    bcda_error = function(e) { # without its outcome, because that may name beneficiaries
      say(conditionMessage(e))
      statuses <- bcda_status()
      statuses$exit_code[statuses$code == e$code]
    },
    error = function(e) { # for example, the plot cannot be written
      say(conditionMessage(e))
      1
    },
    interrupt = function(i) INTERRUPTED
  )
}

if (sys.nframe() == 0) quit(status = main(commandArgs(trailingOnly = TRUE)))
