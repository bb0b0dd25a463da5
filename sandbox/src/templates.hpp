// The templates of the synthetic records, split once into literal parts and fields.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace libbcda::sandbox {

enum class Field {
  none,  // a literal part without a field
  // identifiers have a fixed width; only they differ when a block of records repeats
  bene,
  claim,
  group,
  hash,
  // fields of the beneficiary
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
  // fields of the claim
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
  // fields of a diagnosis or a line of the claim
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
  // fields of a line in an error file
  organization,
  failed_type,
};

struct Piece {
  std::string literal;
  Field field = Field::none;  // the field after the literal part
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
