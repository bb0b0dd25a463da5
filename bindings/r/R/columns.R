# The columns that the service's resources have, so that a frame has them even when no record does.

# A dot stands between an object and its member.
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

# The known columns of a resource type, `rows` long, of missing values. None for a type that is not known.
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

# `columns`, and after them the known ones that no record has.
with_known <- function(columns, type, rows, flatten) {
  known <- known_columns(type, rows, flatten)
  c(columns, known[setdiff(names(known), names(columns))])
}

# The resource type of records, or NULL when they are not all of one.
type_of <- function(records) {
  types <- unique(vapply(records, text_in, "", "resourceType"))
  if (length(types) == 1) types
}
