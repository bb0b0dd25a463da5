// The texts of the synthetic records, cut once into literal pieces and fields.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace libbcda::sandbox {

enum class Field {
  none,  // a piece without a field
  // identifiers: of fixed width, and all that differs when a block of records repeats
  bene,
  claim,
  group,
  hash,
  // the beneficiary
  family,
  given,
  middle,
  gender,
  birth,
  race,
  race_text,
  state,
  county,
  zip,
  status,
  status_text,
  orec,
  orec_text,
  // the claim
  start,
  end,
  paid,
  allowed,
  submitted,
  deductible,
  coinsurance,
  claim_type,
  claim_type_text,
  drg,
  drg_text,
  npi,
  // one of its diagnoses or lines
  number,
  dx,
  dx_text,
  line_start,
  line_paid,
  line_allowed,
  line_submitted,
  line_deductible,
  line_coinsurance,
  service,
  betos,
  betos_text,
  place,
  place_text,
  ndc,
  days_supply,
  quantity,
  // an error file's line
  organization,
  failed_type,
};

struct Piece {
  std::string literal;
  Field field = Field::none;  // follows the literal
};

using Template = std::vector<Piece>;

struct Templates {
  Template patient, part_a, part_b, part_d, failure;
  Template diagnosis, first_diagnosis;
  Template carrier_head, carrier_middle, carrier_line, carrier_tail;
  Template inpatient_head, inpatient_middle, inpatient_line, inpatient_tail;
  Template drug;
};

const Templates& templates();

}  // namespace libbcda::sandbox
