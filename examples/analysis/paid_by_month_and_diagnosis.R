# Paid amounts by month of service and group of the principal diagnosis, as a table and as a plot in a PNG file.
#
#     Rscript paid_by_month_and_diagnosis.R claims      # a directory of an export or of a series, or NDJSON files
#     Rscript paid_by_month_and_diagnosis.R             # without any: synthetic claims of an emulator

library(bcda)

PLOT <- "paid_by_diagnosis.png"
SHOWN <- 8 # groups in the plot; the others are one

# The chapters of ICD-10-CM, by their first category.
CHAPTERS <- c(
  A00 = "Infections", C00 = "Neoplasms", D50 = "Blood", E00 = "Endocrine, metabolic", F01 = "Mental",
  G00 = "Nervous system", H00 = "Eye", H60 = "Ear", I00 = "Circulatory", J00 = "Respiratory", K00 = "Digestive",
  L00 = "Skin", M00 = "Musculoskeletal", N00 = "Genitourinary", O00 = "Pregnancy", P00 = "Perinatal",
  Q00 = "Congenital", R00 = "Symptoms", S00 = "Injury", U00 = "Special purposes", V00 = "External causes",
  Z00 = "Factors, contact"
)

# The groups of ICD-10 codes, with or without the dot. A category has three characters, so it is a number in base 36.
group_of <- function(codes) {
  at <- findInterval(strtoi(substr(codes, 1, 3), 36), strtoi(names(CHAPTERS), 36))
  unname(c("Other", CHAPTERS)[at + 1])
}

# Sums in dollars, by month (rows) and diagnosis group (columns). Only final claims count.
paid_by_month <- function(export) {
  claims <- bcda_table(export, "claim", columns = c("claim_key", "from_date", "payment_amount"), final_only = TRUE)
  codes <- bcda_table(export, "claim_diagnosis",
    columns = c("claim_key", "diagnosis_index", "code_plain", "type", "system"), final_only = TRUE
  )
  codes <- codes[!is.na(codes$system) & !grepl("icd-9", codes$system), ]
  # One code for each claim: the principal one, or else the first.
  codes <- codes[order(!codes$type %in% "principal", codes$diagnosis_index), ]
  codes <- codes[!duplicated(codes$claim_key), ]
  claims <- merge(claims, codes, by = "claim_key")
  claims <- claims[!is.na(claims$from_date) & !is.na(claims$payment_amount), ]
  months <- format(claims$from_date, "%Y-%m")
  tapply(claims$payment_amount, list(months, group_of(claims$code_plain)), sum, default = 0)
}

plot_paid <- function(paid, path) {
  paid <- paid[, order(-colSums(paid)), drop = FALSE]
  shown <- paid[, seq_len(min(SHOWN, ncol(paid))), drop = FALSE]
  if (ncol(paid) > SHOWN) shown <- cbind(shown, "All others" = rowSums(paid[, -seq_len(SHOWN), drop = FALSE]))
  colors <- hcl.colors(ncol(shown), "Dark 3")
  png(path, 1500, 800, res = 120, type = "cairo")
  on.exit(dev.off())
  par(las = 2, mar = c(5, 5, 3, 11), cex.axis = 0.8)
  barplot(t(shown) / 1000,
    col = colors, border = NA, ylab = "Paid (thousand US dollars)",
    main = "Paid amounts by month of service and diagnosis group"
  )
  legend(par("usr")[2], par("usr")[4], rev(colnames(shown)), fill = rev(colors), border = NA, bty = "n", xpd = TRUE)
}

if (sys.nframe() == 0) {
  export <- commandArgs(trailingOnly = TRUE)
  if (!length(export)) export <- bcda_export(bcda_sandbox_client(bcda_sandbox()), out = tempfile("claims"))
  paid <- paid_by_month(export)
  if (length(paid)) {
    options(width = 250)
    print(round(addmargins(paid), 2))
    plot_paid(paid, PLOT)
    cat("\nThe plot is", PLOT, "\n")
  } else {
    cat("There are no claims with a diagnosis, a date and a paid amount.\n")
  }
}
