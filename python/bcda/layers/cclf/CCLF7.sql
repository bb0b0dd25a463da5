-- CCLF7, Part D: one row for each filled prescription.
with information as (
  select
    claim_key,
    min_by(timing_date, information_index) filter (where category = 'CLM_IDR_LD_DT') as load_date,
    min_by(code, information_index) filter (
      where category = 'dspnsng_stus_cd' or code_system like '%/CLM-DSPNSNG-STUS-CD'
    ) as dispensing_status
  from bcda_layers.claim_information
  group by claim_key
)
select
  fill.claim_id as CUR_CLM_UNIQ_ID,
  person.mbi as BENE_MBI_ID,
  cast(null as varchar) as BENE_HIC_NUM,
  fill.ndc_code as CLM_LINE_NDC_CD,
  bcda_layers.padded(claim.claim_type_code, 2) as CLM_TYPE_CD,
  fill.fill_date as CLM_LINE_FROM_DT,
  case when fill.pharmacy_npi is not null then '01' end as PRVDR_SRVC_ID_QLFYR_CD,
  fill.pharmacy_npi as CLM_SRVC_PRVDR_GNRC_ID_NUM,
  information.dispensing_status as CLM_DSPNSNG_STUS_CD,
  fill.daw_code as CLM_DAW_PROD_SLCTN_CD,
  fill.quantity as CLM_LINE_SRVC_UNIT_QTY,
  cast(fill.days_supply as integer) as CLM_LINE_DAYS_SUPLY_QTY,
  case when fill.prescriber_npi is not null then '01' end as PRVDR_PRSBNG_ID_QLFYR_CD,
  fill.prescriber_npi as CLM_PRSBNG_PRVDR_GNRC_ID_NUM,
  fill.patient_paid_amount as CLM_LINE_BENE_PMT_AMT,
  case fill.adjustment_code when 'D' then '1' when 'A' then '2' else fill.adjustment_code end as CLM_ADJSMT_TYPE_CD,
  claim.processing_date as CLM_EFCTV_DT,
  information.load_date as CLM_IDR_LD_DT,
  fill.prescription_reference as CLM_LINE_RX_SRVC_RFRNC_NUM,
  bcda_layers.number_text(fill.fill_number) as CLM_LINE_RX_FILL_NUM,
  fill.pharmacy_type_code as CLM_PHRMCY_SRVC_TYPE_CD
from bcda_layers.pharmacy_claim as fill
left join bcda_layers.claim on claim.claim_key = fill.claim_key
left join bcda_layers.person as person on person.beneficiary_key = fill.beneficiary_key
left join information on information.claim_key = fill.claim_key
