-- CCLF1, Part A claims: one row for each institutional claim.
with amounts as (  -- amounts for which the table claim has no column
  select
    claim_key,
    min_by(amount, amount_index) filter (
      where code in ('clm_pps_cptl_ime_amt', 'CLM_MDCR_IP_PPS_CPTL_IME_AMT')
    ) as capital_teaching,
    min_by(amount, amount_index) filter (where code in ('ime_op_clm_val_amt', 'CLM_OPRTNL_IME_AMT')) as teaching,
    min_by(amount, amount_index) filter (
      where code in ('clm_pps_cptl_dsprprtnt_shr_amt', 'CLM_MDCR_IP_PPS_DSPRPRTNT_AMT')
    ) as capital_disproportionate,
    min_by(amount, amount_index) filter (
      where code in ('clm_uncompd_care_pmt_amt', 'CLM_HIPPS_UNCOMPD_CARE_AMT')
    ) as uncompensated_care,
    min_by(amount, amount_index) filter (
      where code in ('dsh_op_clm_val_amt', 'CLM_OPRTNL_DSPRTNT_AMT')
    ) as disproportionate
  from bcda_layers.claim_amount
  where level = 'claim'
  group by claim_key
),
information as (
  select
    claim_key,
    min_by(code, information_index) filter (where code_system like '%/CLM-OP-SRVC-TYPE-CD') as outpatient_service,
    min_by(code, information_index) filter (where category = 'PRVDR_FAC_FIPS_ST_CD') as facility_fips,
    min_by(timing_date, information_index) filter (where category = 'CLM_IDR_LD_DT') as load_date
  from bcda_layers.claim_information
  group by claim_key
),
places as (
  select claim_key, min_by(state, line_index) as state
  from bcda_layers.claim_line
  group by claim_key
)
select
  claim.claim_id as CUR_CLM_UNIQ_ID,
  claim.provider_ccn as PRVDR_OSCAR_NUM,
  person.mbi as BENE_MBI_ID,
  cast(null as varchar) as BENE_HIC_NUM,
  bcda_layers.padded(claim.claim_type_code, 2) as CLM_TYPE_CD,
  claim.from_date as CLM_FROM_DT,
  claim.thru_date as CLM_THRU_DT,
  claim.facility_type_code as CLM_BILL_FAC_TYPE_CD,
  right(claim.service_classification_code, 1) as CLM_BILL_CLSFCTN_CD,
  bcda_layers.plain(claim.principal_diagnosis_code) as PRNCPL_DGNS_CD,
  bcda_layers.plain(claim.admitting_diagnosis_code) as ADMTG_DGNS_CD,
  claim.nonpayment_reason_code as CLM_MDCR_NPMT_RSN_CD,
  claim.payment_amount as CLM_PMT_AMT,
  claim.primary_payer_code as CLM_NCH_PRMRY_PYR_CD,
  coalesce(information.facility_fips, bcda_layers.state_fips(places.state)) as PRVDR_FAC_FIPS_ST_CD,
  bcda_layers.padded(claim.discharge_status_code, 2) as BENE_PTNT_STUS_CD,
  claim.drg_code as DGNS_DRG_CD,
  information.outpatient_service as CLM_OP_SRVC_TYPE_CD,
  claim.provider_npi as FAC_PRVDR_NPI_NUM,
  claim.operating_npi as OPRTG_PRVDR_NPI_NUM,
  claim.attending_npi as ATNDG_PRVDR_NPI_NUM,
  claim.other_npi as OTHR_PRVDR_NPI_NUM,
  coalesce(claim.adjustment_type_code, case claim.status when 'cancelled' then '1' end) as CLM_ADJSMT_TYPE_CD,
  claim.processing_date as CLM_EFCTV_DT,
  information.load_date as CLM_IDR_LD_DT,
  cast(null as varchar) as BENE_EQTBL_BIC_HICN_NUM,
  claim.admission_type_code as CLM_ADMSN_TYPE_CD,
  claim.admission_source_code as CLM_ADMSN_SRC_CD,
  right(claim.frequency_code, 1) as CLM_BILL_FREQ_CD,
  claim.query_code as CLM_QUERY_CD,
  bcda_layers.icd_indicator(
    coalesce(claim.principal_diagnosis_system, claim.admitting_diagnosis_system)
  ) as DGNS_PRCDR_ICD_IND,
  claim.total_charge_amount as CLM_MDCR_INSTNL_TOT_CHRG_AMT,
  cast(amounts.capital_teaching as decimal(18, 2)) as CLM_MDCR_IP_PPS_CPTL_IME_AMT,
  cast(amounts.teaching as decimal(18, 2)) as CLM_OPRTNL_IME_AMT,
  cast(amounts.capital_disproportionate as decimal(18, 2)) as CLM_MDCR_IP_PPS_DSPRPRTNT_AMT,
  cast(amounts.uncompensated_care as decimal(18, 2)) as CLM_HIPPS_UNCOMPD_CARE_AMT,
  cast(amounts.disproportionate as decimal(18, 2)) as CLM_OPRTNL_DSPRPRTNT_AMT,
  claim.provider_ccn as CLM_BLG_PRVDR_OSCAR_NUM,
  claim.provider_npi as CLM_BLG_PRVDR_NPI_NUM,
  claim.operating_npi as CLM_OPRTG_PRVDR_NPI_NUM,
  claim.attending_npi as CLM_ATNDG_PRVDR_NPI_NUM,
  claim.other_npi as CLM_OTHR_PRVDR_NPI_NUM,
  claim.claim_control_number as CLM_CNTL_NUM,
  claim.original_control_number as CLM_ORG_CNTL_NUM,
  claim.contractor_number as CLM_CNTRCTR_NUM
from bcda_layers.claim
left join bcda_layers.person as person on person.beneficiary_key = claim.beneficiary_key
left join amounts on amounts.claim_key = claim.claim_key
left join information on information.claim_key = claim.claim_key
left join places on places.claim_key = claim.claim_key
where bcda_layers.claim_kind(claim.eob_type, claim.claim_class) = 'institutional'
