# The providers with the largest paid amounts, as a table and as a plot in a PNG file.
#
#     Rscript top_providers.R claims      # a directory of an export or of a series, or NDJSON files
#     Rscript top_providers.R             # without any: synthetic claims of an emulator
#
# A claim of an institution is paid as a whole, to the institution. On carrier and DME claims each line has its provider
# and its amount. A Part D event is paid to the pharmacy.

library(bcda)

PLOT <- "top_providers.png"
TOP <- 20
PAID_BY_LINE <- c("CARRIER", "DME")

# One row for each payment, with the claim and the NPI, which may be missing. Only final claims count.
payments <- function(export) {
  table <- function(name, ...) bcda_table(export, name, columns = c("claim_key", ...), final_only = TRUE)
  claims <- table("claim", "eob_type", "provider_npi", "payment_amount")
  whole <- claims[!claims$eob_type %in% c(PAID_BY_LINE, "PDE"), ]
  lines <- merge(table("claim_line", "rendering_npi", "paid_amount"), claims[claims$eob_type %in% PAID_BY_LINE, ])
  drugs <- table("pharmacy_claim", "pharmacy_npi", "covered_paid_amount")
  paid <- data.frame(
    claim = c(whole$claim_key, lines$claim_key, drugs$claim_key),
    npi = c(
      whole$provider_npi,
      ifelse(is.na(lines$rendering_npi), lines$provider_npi, lines$rendering_npi),
      drugs$pharmacy_npi
    ),
    paid = c(whole$payment_amount, lines$paid_amount, drugs$covered_paid_amount)
  )
  paid[!is.na(paid$paid), ]
}

# The providers with the number of their claims and the sum of their payments.
top_providers <- function(paid, top = TOP) {
  paid <- paid[!is.na(paid$npi), ]
  found <- data.frame(
    npi = sort(unique(paid$npi)),
    claims = as.vector(tapply(paid$claim, paid$npi, function(claims) length(unique(claims)))),
    paid = as.vector(tapply(paid$paid, paid$npi, sum))
  )
  found <- head(found[order(-found$paid, found$npi), ], top)
  rownames(found) <- NULL
  found
}

plot_providers <- function(found, path) {
  png(path, 1080, 180 + 40 * nrow(found), res = 120, type = "cairo")
  on.exit(dev.off())
  par(las = 1, mar = c(5, 7, 3, 1), cex.axis = 0.8)
  barplot(rev(found$paid) / 1000,
    names.arg = rev(found$npi), horiz = TRUE, col = "#1f5f8b", border = NA,
    xlab = "Paid (thousand US dollars)", main = "Providers with the largest paid amounts"
  )
}

if (sys.nframe() == 0) {
  export <- commandArgs(trailingOnly = TRUE)
  if (!length(export)) export <- bcda_export(bcda_sandbox_client(bcda_sandbox()), out = tempfile("claims"))
  paid <- payments(export)
  found <- top_providers(paid)
  if (nrow(found)) {
    print(transform(found, paid = format(round(paid, 2), nsmall = 2, big.mark = ",")))
    cat("Paid without an NPI:", format(sum(paid$paid[is.na(paid$npi)]), nsmall = 2, big.mark = ","), "\n")
    plot_providers(found, PLOT)
    cat("The plot is", PLOT, "\n")
  } else {
    cat("There are no payments with an NPI.\n")
  }
}
