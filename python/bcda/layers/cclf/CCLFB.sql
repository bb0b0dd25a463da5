-- CCLFB, Part B benefit enhancements: one row for each line of a carrier claim. The deductible is the whole claim's.
with carrier as (
  select claim.*, person.mbi
  from bcda_layers.claim
  left join bcda_layers.person as person on person.beneficiary_key = claim.beneficiary_key
  where bcda_layers.claim_kind(claim.eob_type, claim.claim_class) = 'carrier'
)
select
  claim.claim_id as CUR_CLM_UNIQ_ID,
  line.line_number as CLM_LINE_NUM,
  claim.mbi as BENE_MBI_ID,
  cast(null as varchar) as BENE_HIC_NUM,
  bcda_layers.padded(claim.claim_type_code, 2) as CLM_TYPE_CD,
  cast(null as varchar) as CLM_LINE_NGACO_PBPMT_SW,
  cast(null as varchar) as CLM_LINE_NGACO_PDSCHRG_HCBS_SW,
  cast(null as varchar) as CLM_LINE_NGACO_SNF_WVR_SW,
  cast(null as varchar) as CLM_LINE_NGACO_TLHLTH_SW,
  cast(null as varchar) as CLM_LINE_NGACO_CPTATN_SW,
  cast(null as varchar) as CLM_DEMO_1ST_NUM,
  cast(null as varchar) as CLM_DEMO_2ND_NUM,
  cast(null as varchar) as CLM_DEMO_3RD_NUM,
  cast(null as varchar) as CLM_DEMO_4TH_NUM,
  cast(null as varchar) as CLM_DEMO_5TH_NUM,
  cast(null as decimal(18, 2)) as CLM_PBP_INCLSN_AMT,
  cast(null as decimal(18, 2)) as CLM_PBP_RDCTN_AMT,
  cast(null as varchar) as CLM_NGACO_CMG_WVR_SW,
  claim.deductible_amount as CLM_MDCR_DDCTBL_AMT,
  cast(null as decimal(18, 2)) as CLM_SQSTRTN_RDCTN_AMT,
  cast(null as varchar) as CLM_LINE_CARR_HPSA_SCRCTY_CD
from carrier as claim
join bcda_layers.claim_line as line on line.claim_key = claim.claim_key
