-- CCLF5, Part B physicians: one row for each line of a carrier claim, with the claim's facts on each.
with carrier as (
  select claim.*, person.mbi
  from bcda_layers.claim
  left join bcda_layers.person as person on person.beneficiary_key = claim.beneficiary_key
  where bcda_layers.claim_kind(claim.eob_type, claim.claim_class) = 'carrier'
),
diagnoses as (
  select claim_key, list(code_plain order by place) as codes, min_by(system, place) as system
  from bcda_layers.numbered_diagnosis
  group by claim_key
),
specialties as (  -- of the first of the line's providers that has one
  select
    line.claim_key,
    line.line_index,
    min_by(provider.specialty_code, list_position(line.care_team_sequences, provider.sequence)) as code
  from bcda_layers.claim_line as line
  join bcda_layers.claim_provider as provider
    on provider.claim_key = line.claim_key
    and list_contains(line.care_team_sequences, provider.sequence)
  group by line.claim_key, line.line_index
),
information as (
  select claim_key, min_by(timing_date, information_index) as load_date
  from bcda_layers.claim_information
  where category = 'CLM_IDR_LD_DT'
  group by claim_key
)
select
  claim.claim_id as CUR_CLM_UNIQ_ID,
  line.line_number as CLM_LINE_NUM,
  claim.mbi as BENE_MBI_ID,
  cast(null as varchar) as BENE_HIC_NUM,
  bcda_layers.padded(claim.claim_type_code, 2) as CLM_TYPE_CD,
  claim.from_date as CLM_FROM_DT,
  claim.thru_date as CLM_THRU_DT,
  cast(null as varchar) as RNDRG_PRVDR_TYPE_CD,
  bcda_layers.state_fips(line.state) as RNDRG_PRVDR_FIPS_ST_CD,
  bcda_layers.padded(specialty.code, 2) as CLM_PRVDR_SPCLTY_CD,
  line.service_type_code as CLM_FED_TYPE_SRVC_CD,
  bcda_layers.padded(line.place_of_service_code, 2) as CLM_POS_CD,
  line.line_from_date as CLM_LINE_FROM_DT,
  line.line_thru_date as CLM_LINE_THRU_DT,
  line.hcpcs_code as CLM_LINE_HCPCS_CD,
  line.paid_amount as CLM_LINE_CVRD_PD_AMT,
  line.primary_payer_code as CLM_LINE_PRMRY_PYR_CD,
  bcda_layers.plain(line.line_diagnosis_code) as CLM_LINE_DGNS_CD,
  cast(null as varchar) as CLM_RNDRG_PRVDR_TAX_NUM,
  line.rendering_npi as RNDRG_PRVDR_NPI_NUM,
  claim.carrier_denial_code as CLM_CARR_PMT_DNL_CD,
  line.processing_code as CLM_PRCSG_IND_CD,
  coalesce(claim.adjustment_type_code, case claim.status when 'cancelled' then '1' end) as CLM_ADJSMT_TYPE_CD,
  claim.processing_date as CLM_EFCTV_DT,
  information.load_date as CLM_IDR_LD_DT,
  claim.claim_control_number as CLM_CNTL_NUM,
  cast(null as varchar) as BENE_EQTBL_BIC_HICN_NUM,
  line.allowed_amount as CLM_LINE_ALOWD_CHRG_AMT,
  line.quantity as CLM_LINE_SRVC_UNIT_QTY,
  line.hcpcs_modifier_1 as HCPCS_1_MDFR_CD,
  line.hcpcs_modifier_2 as HCPCS_2_MDFR_CD,
  line.hcpcs_modifier_3 as HCPCS_3_MDFR_CD,
  line.hcpcs_modifier_4 as HCPCS_4_MDFR_CD,
  line.hcpcs_modifier_5 as HCPCS_5_MDFR_CD,
  bcda_layers.padded(claim.disposition, 2) as CLM_DISP_CD,
  diagnoses.codes[1] as CLM_DGNS_1_CD,
  diagnoses.codes[2] as CLM_DGNS_2_CD,
  diagnoses.codes[3] as CLM_DGNS_3_CD,
  diagnoses.codes[4] as CLM_DGNS_4_CD,
  diagnoses.codes[5] as CLM_DGNS_5_CD,
  diagnoses.codes[6] as CLM_DGNS_6_CD,
  diagnoses.codes[7] as CLM_DGNS_7_CD,
  diagnoses.codes[8] as CLM_DGNS_8_CD,
  bcda_layers.icd_indicator(diagnoses.system) as DGNS_PRCDR_ICD_IND,
  diagnoses.codes[9] as CLM_DGNS_9_CD,
  diagnoses.codes[10] as CLM_DGNS_10_CD,
  diagnoses.codes[11] as CLM_DGNS_11_CD,
  diagnoses.codes[12] as CLM_DGNS_12_CD,
  line.betos_code as HCPCS_BETOS_CD,
  line.rendering_npi as CLM_RNDRG_PRVDR_NPI_NUM,
  claim.referring_npi as CLM_RFRG_PRVDR_NPI_NUM,
  claim.contractor_number as CLM_CNTRCTR_NUM
from carrier as claim
join bcda_layers.claim_line as line on line.claim_key = claim.claim_key
left join specialties as specialty on specialty.claim_key = line.claim_key and specialty.line_index = line.line_index
left join diagnoses on diagnoses.claim_key = claim.claim_key
left join information on information.claim_key = claim.claim_key
