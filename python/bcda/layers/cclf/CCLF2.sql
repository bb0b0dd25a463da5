-- CCLF2, Part A revenue centers: one row for each line of an institutional claim.
with institutional as (
  select
    claim.*,
    person.mbi,
    source_system is not null or final_action is not null as is_v3  -- only v3 has these tags
  from bcda_layers.claim
  left join bcda_layers.person as person on person.beneficiary_key = claim.beneficiary_key
  where bcda_layers.claim_kind(claim.eob_type, claim.claim_class) = 'institutional'
)
select
  claim.claim_id as CUR_CLM_UNIQ_ID,
  line.line_number as CLM_LINE_NUM,
  claim.mbi as BENE_MBI_ID,
  cast(null as varchar) as BENE_HIC_NUM,
  bcda_layers.padded(claim.claim_type_code, 2) as CLM_TYPE_CD,
  coalesce(line.line_from_date, claim.from_date) as CLM_LINE_FROM_DT,
  coalesce(line.line_thru_date, claim.thru_date) as CLM_LINE_THRU_DT,
  bcda_layers.padded(line.revenue_center_code, 4) as CLM_LINE_PROD_REV_CTR_CD,
  line.line_from_date as CLM_LINE_INSTNL_REV_CTR_DT,
  line.hcpcs_code as CLM_LINE_HCPCS_CD,
  cast(null as varchar) as BENE_EQTBL_BIC_HICN_NUM,
  claim.provider_ccn as PRVDR_OSCAR_NUM,
  claim.from_date as CLM_FROM_DT,
  claim.thru_date as CLM_THRU_DT,
  line.quantity as CLM_LINE_SRVC_UNIT_QTY,
  case when claim.is_v3 then line.paid_amount else line.provider_paid_amount end as CLM_LINE_CVRD_PD_AMT,
  line.hcpcs_modifier_1 as HCPCS_1_MDFR_CD,
  line.hcpcs_modifier_2 as HCPCS_2_MDFR_CD,
  line.hcpcs_modifier_3 as HCPCS_3_MDFR_CD,
  line.hcpcs_modifier_4 as HCPCS_4_MDFR_CD,
  line.hcpcs_modifier_5 as HCPCS_5_MDFR_CD,
  line.hipps_code as CLM_REV_APC_HIPPS_CD,
  claim.provider_ccn as CLM_FAC_PRVDR_OSCAR_NUM
from institutional as claim
join bcda_layers.claim_line as line on line.claim_key = claim.claim_key
