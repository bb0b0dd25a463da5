-- CCLF4, Part A diagnoses: one row for each diagnosis of an institutional claim, the admitting one too.
with institutional as (
  select claim.*, person.mbi
  from bcda_layers.claim
  left join bcda_layers.person as person on person.beneficiary_key = claim.beneficiary_key
  where bcda_layers.claim_kind(claim.eob_type, claim.claim_class) = 'institutional'
),
diagnoses as (
  select
    *,
    coalesce(type like '%external%', false) as is_external,
    row_number() over (
      partition by claim_key, coalesce(type like '%external%', false)
      order by type = 'external-first' desc, sequence, diagnosis_index
    ) as place
  from bcda_layers.claim_diagnosis
)
select
  claim.claim_id as CUR_CLM_UNIQ_ID,
  claim.mbi as BENE_MBI_ID,
  cast(null as varchar) as BENE_HIC_NUM,
  bcda_layers.padded(claim.claim_type_code, 2) as CLM_TYPE_CD,
  case
    when not diagnosis.is_external then 'D'
    when diagnosis.place = 1 then '1'
    else 'E'
  end as CLM_PROD_TYPE_CD,
  diagnosis.sequence as CLM_VAL_SQNC_NUM,
  diagnosis.code_plain as CLM_DGNS_CD,
  cast(null as varchar) as BENE_EQTBL_BIC_HICN_NUM,
  claim.provider_ccn as PRVDR_OSCAR_NUM,
  claim.from_date as CLM_FROM_DT,
  claim.thru_date as CLM_THRU_DT,
  diagnosis.poa_code as CLM_POA_IND,
  bcda_layers.icd_indicator(diagnosis.system) as DGNS_PRCDR_ICD_IND,
  claim.provider_ccn as CLM_BLG_PRVDR_OSCAR_NUM
from institutional as claim
join diagnoses as diagnosis on diagnosis.claim_key = claim.claim_key
