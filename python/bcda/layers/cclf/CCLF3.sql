-- CCLF3, Part A procedures: one row for each ICD procedure of an institutional claim.
with institutional as (
  select claim.*, person.mbi
  from bcda_layers.claim
  left join bcda_layers.person as person on person.beneficiary_key = claim.beneficiary_key
  where bcda_layers.claim_kind(claim.eob_type, claim.claim_class) = 'institutional'
)
select
  claim.claim_id as CUR_CLM_UNIQ_ID,
  claim.mbi as BENE_MBI_ID,
  cast(null as varchar) as BENE_HIC_NUM,
  bcda_layers.padded(claim.claim_type_code, 2) as CLM_TYPE_CD,
  performed.sequence as CLM_VAL_SQNC_NUM,
  bcda_layers.plain(performed.code) as CLM_PRCDR_CD,
  performed.procedure_date as CLM_PRCDR_PRFRM_DT,
  cast(null as varchar) as BENE_EQTBL_BIC_HICN_NUM,
  claim.provider_ccn as PRVDR_OSCAR_NUM,
  claim.from_date as CLM_FROM_DT,
  claim.thru_date as CLM_THRU_DT,
  bcda_layers.icd_indicator(performed.system) as DGNS_PRCDR_ICD_IND,
  claim.provider_ccn as CLM_BLG_PRVDR_OSCAR_NUM
from institutional as claim
join bcda_layers.claim_procedure as performed on performed.claim_key = claim.claim_key
