-- CCLF6, Part B durable medical equipment: one row for each line of a DME claim, with the claim's facts on each.
with equipment as (
  select claim.*, person.mbi
  from bcda_layers.claim
  left join bcda_layers.person as person on person.beneficiary_key = claim.beneficiary_key
  where bcda_layers.claim_kind(claim.eob_type, claim.claim_class) = 'dme'
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
  line.service_type_code as CLM_FED_TYPE_SRVC_CD,
  bcda_layers.padded(line.place_of_service_code, 2) as CLM_POS_CD,
  line.line_from_date as CLM_LINE_FROM_DT,
  line.line_thru_date as CLM_LINE_THRU_DT,
  line.hcpcs_code as CLM_LINE_HCPCS_CD,
  line.paid_amount as CLM_LINE_CVRD_PD_AMT,
  line.primary_payer_code as CLM_PRMRY_PYR_CD,
  coalesce(claim.provider_npi, line.rendering_npi) as PAYTO_PRVDR_NPI_NUM,
  claim.referring_npi as ORDRG_PRVDR_NPI_NUM,
  claim.carrier_denial_code as CLM_CARR_PMT_DNL_CD,
  line.processing_code as CLM_PRCSG_IND_CD,
  coalesce(claim.adjustment_type_code, case claim.status when 'cancelled' then '1' end) as CLM_ADJSMT_TYPE_CD,
  claim.processing_date as CLM_EFCTV_DT,
  information.load_date as CLM_IDR_LD_DT,
  claim.claim_control_number as CLM_CNTL_NUM,
  cast(null as varchar) as BENE_EQTBL_BIC_HICN_NUM,
  line.allowed_amount as CLM_LINE_ALOWD_CHRG_AMT,
  bcda_layers.padded(claim.disposition, 2) as CLM_DISP_CD,
  claim.provider_npi as CLM_BLG_PRVDR_NPI_NUM,
  claim.referring_npi as CLM_RFRG_PRVDR_NPI_NUM
from equipment as claim
join bcda_layers.claim_line as line on line.claim_key = claim.claim_key
left join information on information.claim_key = claim.claim_key
