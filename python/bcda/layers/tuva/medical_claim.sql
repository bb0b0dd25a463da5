-- medical_claim of Tuva's input layer: one row for each line of a claim that is not of Part D.
-- A claim without lines has one row too, so that its payment is not lost.
with claims as (
  select
    claim.*,
    case bcda_layers.claim_kind(claim.eob_type, claim.claim_class)
      when 'institutional' then 'institutional'
      when 'carrier' then 'professional'
      when 'dme' then 'professional'
      else 'undetermined'
    end as type,
    coalesce(claim.eob_type in ('INPATIENT', 'SNF'), false) as is_paid_by_stay,
    coalesce(person.mbi, person.person_key, claim.beneficiary_key) as person_id
  from bcda_layers.claim
  left join bcda_layers.person as person on person.beneficiary_key = claim.beneficiary_key
  where bcda_layers.claim_kind(claim.eob_type, claim.claim_class) is distinct from 'pharmacy'
),
lines as (  -- revenue center 0001 repeats the sum of the other lines of an institutional claim
  select
    * exclude (paid_amount),
    paid_amount as payment,
    count(paid_amount) over (partition by claim_key) > 0 as some_line_has_payment,
    coalesce(bcda_layers.padded(revenue_center_code, 4) = '0001', false)
      and count(coalesce(charge_amount, allowed_amount)) filter (
        where bcda_layers.padded(revenue_center_code, 4) is distinct from '0001'
      ) over (partition by claim_key) > 0 as repeats_other_lines
  from bcda_layers.claim_line
),
renderers as (  -- for lines that name no provider: the only one of the claim
  select claim_key, any_value(npi) as npi
  from bcda_layers.claim_provider
  where role in ('rendering', 'performing') and npi_system = 'http://hl7.org/fhir/sid/us-npi'
  group by claim_key
  having count(distinct npi) = 1
),
bill_types as (  -- v3 has the whole bill type, with a zero before it
  select claim_key, min_by(ltrim(code, '0'), information_index) as code
  from bcda_layers.claim_information
  where category = 'typeofbill' and code_system like '%nubc.org/CodeSystem/TypeOfBill'
  group by claim_key
),
diagnoses as (
  select
    claim_key,
    list(code_plain order by place) as codes,
    list(poa_code order by place) as poa_codes,
    list(bcda_layers.icd_indicator(system) order by place) as icd_indicators
  from bcda_layers.numbered_diagnosis
  group by claim_key
),
procedures as (
  select
    claim_key,
    list(bcda_layers.plain(code) order by sequence, procedure_index) as codes,
    list(procedure_date order by sequence, procedure_index) as dates,
    list(bcda_layers.icd_indicator(system) order by sequence, procedure_index) as icd_indicators
  from bcda_layers.claim_procedure
  where code is not null
  group by claim_key
)
select
  claim.claim_key as claim_id,
  coalesce(line.line_index, 0) + 1 as claim_line_number,
  claim.type as claim_type,
  claim.person_id as person_id,
  claim.person_id as member_id,
  'medicare' as payer,
  'medicare' as plan,
  claim.from_date as claim_start_date,
  claim.thru_date as claim_end_date,
  line.line_from_date as claim_line_start_date,
  line.line_thru_date as claim_line_end_date,
  claim.admission_date as admission_date,
  claim.discharge_date as discharge_date,
  claim.admission_source_code as admit_source_code,
  claim.admission_type_code as admit_type_code,
  bcda_layers.padded(claim.discharge_status_code, 2) as discharge_disposition_code,
  case when claim.type = 'professional' then bcda_layers.padded(line.place_of_service_code, 2) end
    as place_of_service_code,
  case
    when claim.type = 'institutional' then coalesce(
      bill_type.code,
      claim.facility_type_code || right(claim.service_classification_code, 1) || right(claim.frequency_code, 1)
    )
  end as bill_type_code,
  case when claim.drg_code is not null then 'ms-drg' end as drg_code_type,
  right(bcda_layers.padded(claim.drg_code, 3), 3) as drg_code,
  bcda_layers.padded(line.revenue_center_code, 4) as revenue_center_code,
  line.quantity as service_unit_quantity,
  line.hcpcs_code as hcpcs_code,
  line.hcpcs_modifier_1 as hcpcs_modifier_1,
  line.hcpcs_modifier_2 as hcpcs_modifier_2,
  line.hcpcs_modifier_3 as hcpcs_modifier_3,
  line.hcpcs_modifier_4 as hcpcs_modifier_4,
  line.hcpcs_modifier_5 as hcpcs_modifier_5,
  coalesce(line.rendering_npi, renderer.npi) as rendering_npi,
  cast(null as varchar) as rendering_tin,
  claim.provider_npi as billing_npi,
  claim.provider_tin as billing_tin,
  case when claim.type = 'institutional' then claim.provider_npi end as facility_npi,
  coalesce(claim.payment_date, claim.processing_date) as paid_date,
  case  -- the payment for a stay is the claim's, so it is on the first line alone
    when line.some_line_has_payment and not claim.is_paid_by_stay then line.payment
    when coalesce(line.line_index, 0) = 0 then claim.payment_amount
    else cast(0 as decimal(18, 2))
  end as paid_amount,
  case when claim.type = 'institutional' and line.repeats_other_lines then null else line.allowed_amount end
    as allowed_amount,
  case when claim.type = 'institutional' and line.repeats_other_lines then null else line.charge_amount end
    as charge_amount,
  line.coinsurance_amount as coinsurance_amount,
  cast(null as decimal(18, 2)) as copayment_amount,
  line.deductible_amount as deductible_amount,
  case
    when coalesce(paid_amount, line.deductible_amount, line.coinsurance_amount) is not null then cast(
      coalesce(paid_amount, 0) + coalesce(line.deductible_amount, 0) + coalesce(line.coinsurance_amount, 0)
      as decimal(18, 2)
    )
  end as total_cost_amount,
  case diagnosis.icd_indicators[1] when '0' then 'icd-10-cm' when '9' then 'icd-9-cm' end as diagnosis_code_type,
  diagnosis.codes[1] as diagnosis_code_1,
  diagnosis.codes[2] as diagnosis_code_2,
  diagnosis.codes[3] as diagnosis_code_3,
  diagnosis.codes[4] as diagnosis_code_4,
  diagnosis.codes[5] as diagnosis_code_5,
  diagnosis.codes[6] as diagnosis_code_6,
  diagnosis.codes[7] as diagnosis_code_7,
  diagnosis.codes[8] as diagnosis_code_8,
  diagnosis.codes[9] as diagnosis_code_9,
  diagnosis.codes[10] as diagnosis_code_10,
  diagnosis.codes[11] as diagnosis_code_11,
  diagnosis.codes[12] as diagnosis_code_12,
  diagnosis.codes[13] as diagnosis_code_13,
  diagnosis.codes[14] as diagnosis_code_14,
  diagnosis.codes[15] as diagnosis_code_15,
  diagnosis.codes[16] as diagnosis_code_16,
  diagnosis.codes[17] as diagnosis_code_17,
  diagnosis.codes[18] as diagnosis_code_18,
  diagnosis.codes[19] as diagnosis_code_19,
  diagnosis.codes[20] as diagnosis_code_20,
  diagnosis.codes[21] as diagnosis_code_21,
  diagnosis.codes[22] as diagnosis_code_22,
  diagnosis.codes[23] as diagnosis_code_23,
  diagnosis.codes[24] as diagnosis_code_24,
  diagnosis.codes[25] as diagnosis_code_25,
  diagnosis.poa_codes[1] as diagnosis_poa_1,
  diagnosis.poa_codes[2] as diagnosis_poa_2,
  diagnosis.poa_codes[3] as diagnosis_poa_3,
  diagnosis.poa_codes[4] as diagnosis_poa_4,
  diagnosis.poa_codes[5] as diagnosis_poa_5,
  diagnosis.poa_codes[6] as diagnosis_poa_6,
  diagnosis.poa_codes[7] as diagnosis_poa_7,
  diagnosis.poa_codes[8] as diagnosis_poa_8,
  diagnosis.poa_codes[9] as diagnosis_poa_9,
  diagnosis.poa_codes[10] as diagnosis_poa_10,
  diagnosis.poa_codes[11] as diagnosis_poa_11,
  diagnosis.poa_codes[12] as diagnosis_poa_12,
  diagnosis.poa_codes[13] as diagnosis_poa_13,
  diagnosis.poa_codes[14] as diagnosis_poa_14,
  diagnosis.poa_codes[15] as diagnosis_poa_15,
  diagnosis.poa_codes[16] as diagnosis_poa_16,
  diagnosis.poa_codes[17] as diagnosis_poa_17,
  diagnosis.poa_codes[18] as diagnosis_poa_18,
  diagnosis.poa_codes[19] as diagnosis_poa_19,
  diagnosis.poa_codes[20] as diagnosis_poa_20,
  diagnosis.poa_codes[21] as diagnosis_poa_21,
  diagnosis.poa_codes[22] as diagnosis_poa_22,
  diagnosis.poa_codes[23] as diagnosis_poa_23,
  diagnosis.poa_codes[24] as diagnosis_poa_24,
  diagnosis.poa_codes[25] as diagnosis_poa_25,
  case performed.icd_indicators[1] when '0' then 'icd-10-pcs' when '9' then 'icd-9-pcs' end as procedure_code_type,
  performed.codes[1] as procedure_code_1,
  performed.codes[2] as procedure_code_2,
  performed.codes[3] as procedure_code_3,
  performed.codes[4] as procedure_code_4,
  performed.codes[5] as procedure_code_5,
  performed.codes[6] as procedure_code_6,
  performed.codes[7] as procedure_code_7,
  performed.codes[8] as procedure_code_8,
  performed.codes[9] as procedure_code_9,
  performed.codes[10] as procedure_code_10,
  performed.codes[11] as procedure_code_11,
  performed.codes[12] as procedure_code_12,
  performed.codes[13] as procedure_code_13,
  performed.codes[14] as procedure_code_14,
  performed.codes[15] as procedure_code_15,
  performed.codes[16] as procedure_code_16,
  performed.codes[17] as procedure_code_17,
  performed.codes[18] as procedure_code_18,
  performed.codes[19] as procedure_code_19,
  performed.codes[20] as procedure_code_20,
  performed.codes[21] as procedure_code_21,
  performed.codes[22] as procedure_code_22,
  performed.codes[23] as procedure_code_23,
  performed.codes[24] as procedure_code_24,
  performed.codes[25] as procedure_code_25,
  performed.dates[1] as procedure_date_1,
  performed.dates[2] as procedure_date_2,
  performed.dates[3] as procedure_date_3,
  performed.dates[4] as procedure_date_4,
  performed.dates[5] as procedure_date_5,
  performed.dates[6] as procedure_date_6,
  performed.dates[7] as procedure_date_7,
  performed.dates[8] as procedure_date_8,
  performed.dates[9] as procedure_date_9,
  performed.dates[10] as procedure_date_10,
  performed.dates[11] as procedure_date_11,
  performed.dates[12] as procedure_date_12,
  performed.dates[13] as procedure_date_13,
  performed.dates[14] as procedure_date_14,
  performed.dates[15] as procedure_date_15,
  performed.dates[16] as procedure_date_16,
  performed.dates[17] as procedure_date_17,
  performed.dates[18] as procedure_date_18,
  performed.dates[19] as procedure_date_19,
  performed.dates[20] as procedure_date_20,
  performed.dates[21] as procedure_date_21,
  performed.dates[22] as procedure_date_22,
  performed.dates[23] as procedure_date_23,
  performed.dates[24] as procedure_date_24,
  performed.dates[25] as procedure_date_25,
  true as in_network_flag,
  'bcda' as data_source,
  cast(null as varchar) as file_name,
  bcda_layers.file_date() as file_date,
  bcda_layers.added_at() as ingest_datetime
from claims as claim
left join lines as line on line.claim_key = claim.claim_key
left join renderers as renderer on renderer.claim_key = claim.claim_key
left join bill_types as bill_type on bill_type.claim_key = claim.claim_key
left join diagnoses as diagnosis on diagnosis.claim_key = claim.claim_key
left join procedures as performed on performed.claim_key = claim.claim_key
