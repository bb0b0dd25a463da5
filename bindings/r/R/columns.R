# The columns of the service's resources. A frame has them even if no record has a value.

# A dot separates an object from its member.
COLUMNS <- list(
  Patient = c(
    resourceType = "character", id = "character", extension = "list", identifier = "list", name = "list",
    gender = "character", birthDate = "character", address = "list"
  ),
  Coverage = c(
    resourceType = "character", id = "character", extension = "list", status = "character", type.coding = "list",
    beneficiary.reference = "character", grouping.subGroup = "character", grouping.subPlan = "character",
    contract = "list"
  ),
  ExplanationOfBenefit = c(
    resourceType = "character", id = "character", extension = "list", identifier = "list", status = "character",
    type.coding = "list", patient.reference = "character", billablePeriod.start = "character",
    billablePeriod.end = "character", organization.identifier.system = "character",
    organization.identifier.value = "character", diagnosis = "list", insurance.coverage.reference = "character",
    hospitalization.start = "character", hospitalization.end = "character", item = "list",
    payment.amount.value = "double", payment.amount.system = "character", payment.amount.code = "character"
  )
)

# The known columns of a resource type, with `rows` missing values each. Empty for an unknown type.
known_columns <- function(type, rows, flatten) {
  kinds <- COLUMNS[[type %||% ""]]
  if (!flatten) {
    kinds[grepl(".", names(kinds), fixed = TRUE)] <- "list"
    names(kinds) <- sub("\\..*", "", names(kinds))
    kinds <- kinds[!duplicated(names(kinds))]
  }
  missing <- list(character = NA_character_, double = NA_real_, list = list(NULL))
  lapply(kinds, function(kind) rep(missing[[kind]], rows))
}

# `columns`, followed by the known columns that no record has.
with_known <- function(columns, type, rows, flatten) {
  known <- known_columns(type, rows, flatten)
  c(columns, known[setdiff(names(known), names(columns))])
}

# The resource type of the records, or NULL if they have several types.
type_of <- function(records) {
  types <- unique(vapply(records, text_in, "", "resourceType"))
  if (length(types) == 1) types
}
